/** Every header of the Pintle driver ABI. */
#ifndef PINTLE_PINTLE_H
#define PINTLE_PINTLE_H

#include <pintle/base.h>
#include <pintle/network.h>
#include <pintle/plugin.h>
#include <pintle/runtime.h>
#include <pintle/storage.h>

#endif
