/* The library has another version than the manifest. */
#define DRIVER_VERSION "2.0.0"
#include "driver.h"
