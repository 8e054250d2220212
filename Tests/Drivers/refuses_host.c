/* The entry function refuses this host and says why. */
#define ENTRY                                         \
    refusal->field = (pintle_bytes)TEXT("max_minor"); \
    refusal->expected = (pintle_bytes)TEXT("9");      \
    refusal->found = (pintle_bytes)TEXT("less");      \
    return 0
#include "driver.h"
