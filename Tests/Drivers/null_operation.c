/* A required operation is null. */
#define DETACH_POINTER 0
#include "driver.h"
