/* Not a fault: gc puts as many items as the host takes, and says how many when it was told to stop. */
#define GC many_gc
#include "driver.h"
#include <stdio.h>
static GC_IS(many_gc) {
    for (int i = 0; i < 10000; i++) {
        char text[16];
        int count = snprintf(text, sizeof text, "%d", i);
        pintle_network_gc_item item = {.size = sizeof item};
        item.name = (pintle_bytes){(const uint8_t *)text, (uint64_t)count};
        if (out->put(out->context, &item))
            return driver_fail(call, PINTLE_CANCELLED, "SinkStopped", text);
    }
    return PINTLE_OK;
}
