/* A text of a result is null with a count. */
#define VERSION bad_version
#include "driver.h"
static VERSION_IS(bad_version) {
    pintle_network_network_version result = {.size = sizeof result, .name = {0, 5}};
    return out->put(out->context, &result) ? PINTLE_CANCELLED : PINTLE_OK;
}
