/** What the driver host needs of Linux that Swift can't reach. */
#ifndef PINTLE_HOST_H
#define PINTLE_HOST_H

#include "pintle_host_files.h"
#include "pintle_host_threads.h"

#endif
