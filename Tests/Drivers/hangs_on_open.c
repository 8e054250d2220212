/* Opening an instance takes three seconds, whatever the host says. */
#include <pintle/pintle.h>
static int32_t bad_open(pintle_call *call, const pintle_open_request *request,
                        const pintle_open_result_sink *out);
#define DRIVER_OPEN bad_open
#include "driver.h"
#include <unistd.h>
static int32_t bad_open(pintle_call *call, const pintle_open_request *request,
                        const pintle_open_result_sink *out) {
    sleep(3);
    return driver_open(call, request, out);
}
