/* It picks a minor version that the host did not offer. */
#define DRIVER_MINOR 7
#include "driver.h"
