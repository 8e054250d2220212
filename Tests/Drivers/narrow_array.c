/* The elements of an array lie nearer to each other than one of them is long. */
#define ATTACH bad_attach
#include "driver.h"
static ATTACH_IS(bad_attach) {
    pintle_network_address address = {.size = sizeof address};
    pintle_network_attachment result = {.size = sizeof result};
    result.addresses = (pintle_array){&address, 2, 4};
    return out->put(out->context, &result) ? PINTLE_CANCELLED : PINTLE_OK;
}
