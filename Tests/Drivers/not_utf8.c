/* A text of a result is not UTF-8. */
#define VERSION bad_version
#include "driver.h"
static VERSION_IS(bad_version) {
    pintle_network_network_version result = {.size = sizeof result, .name = TEXT("caf\xe9")};
    return out->put(out->context, &result) ? PINTLE_CANCELLED : PINTLE_OK;
}
