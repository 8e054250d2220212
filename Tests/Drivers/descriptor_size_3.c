/* The descriptor's size is 3. */
#define DRIVER_SIZE 3
#include "driver.h"
