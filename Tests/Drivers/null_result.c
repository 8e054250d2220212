/* It puts a null pointer. */
#define VERSION bad_version
#include "driver.h"
static VERSION_IS(bad_version) {
    out->put(out->context, 0);
    return PINTLE_OK;
}
