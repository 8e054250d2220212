/* The library offers another interface than the manifest. */
#define DRIVER_INTERFACE "com.example.other/1"
#include "driver.h"
