#ifndef PINTLE_CZLIB_SHIM_H
#define PINTLE_CZLIB_SHIM_H
/* The system's zlib: SPDY/3 compresses its header blocks with it. Debian package: zlib1g-dev. */
#include <zlib.h>
#endif
