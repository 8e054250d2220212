/* The size of a result is 4 GB. */
#define VERSION bad_version
#include "driver.h"
static VERSION_IS(bad_version) {
    pintle_network_network_version result = {.size = 0xffffffff, .name = TEXT("name")};
    return out->put(out->context, &result) ? PINTLE_CANCELLED : PINTLE_OK;
}
