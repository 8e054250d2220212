/* It puts two results where one is promised. */
#define ATTACH bad_attach
#include "driver.h"
static ATTACH_IS(bad_attach) {
    driver_put(out, "192.0.2.1/32");
    driver_put(out, "192.0.2.2/32");
    return PINTLE_OK;
}
