/* It puts results into the sinks of calls that fail. */
#define ATTACH bad_attach
#define GC bad_gc
#include "driver.h"
static ATTACH_IS(bad_attach) {
    driver_put(out, "192.0.2.1/32");
    return driver_fail(call, PINTLE_RESOURCE, "RangeUsedUp", "no address is left");
}
static GC_IS(bad_gc) {
    pintle_network_gc_item item = {.size = sizeof item, .name = TEXT("link")};
    for (int i = 0; i < 1000; i++)
        out->put(out->context, &item);
    return driver_fail(call, PINTLE_CONFLICT, "HalfWay", "something else is in the way");
}
