/* There is no function to open an instance. */
#define DRIVER_OPEN 0
#include "driver.h"
