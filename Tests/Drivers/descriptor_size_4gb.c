/* The descriptor's size is 4 GB. */
#define DRIVER_SIZE 0xffffffff
#include "driver.h"
