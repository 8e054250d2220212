/// What the image store needs from C: SHA-256, starting its helper program, deleting trees, HTTP
/// transfers.
#ifndef PINTLE_IMAGES_H
#define PINTLE_IMAGES_H

#include "pintle_images_files.h"
#include "pintle_images_sha256.h"
#include "pintle_images_spawn.h"
#include "pintle_images_transfer.h"

#endif
