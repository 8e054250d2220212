/* Not a fault: every part of a failure is given. */
#define DETACH bad_detach
#include "driver.h"
static DETACH_IS(bad_detach) {
    pintle_failure failure = {.size = sizeof failure,
                              .code = PINTLE_BUSY_RETRY,
                              .reason = TEXT("LinkBusy"),
                              .message = TEXT("the link is busy"),
                              .os_error = 16,
                              .retry_after_ns = 1500000000};
    call->fail(call, &failure);
    return PINTLE_BUSY_RETRY;
}
