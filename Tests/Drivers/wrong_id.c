/* The library has another id than the manifest. */
#define DRIVER_ID "dev.pintle.other"
#include "driver.h"
