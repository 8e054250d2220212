/* The interface has no table. */
#define DRIVER_TABLE 0
#include "driver.h"
