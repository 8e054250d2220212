/* Its entry function gives another answer every time. */
#define ENTRY                           \
    static pintle_plugin answers[4096]; \
    static unsigned count;              \
    answers[count % 4096] = driver;     \
    return &answers[count++ % 4096]
#include "driver.h"
