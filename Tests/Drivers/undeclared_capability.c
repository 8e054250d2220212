/* It reports a capability that its manifest lacks. */
#include <pintle/base.h>
static const pintle_bytes capability = {(const uint8_t *)"dev.pintle.test.magic/1", 23};
#define DRIVER_CAPABILITIES \
    { &capability, 1, sizeof capability }
#include "driver.h"
