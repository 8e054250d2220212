/* The descriptor's size is 0. */
#define DRIVER_SIZE 0
#include "driver.h"
