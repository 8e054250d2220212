/* Its entry function reads address 0. */
#define ENTRY return *(const pintle_plugin *const volatile *)((uintptr_t)host->reserved0)
#include "driver.h"
