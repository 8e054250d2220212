/* Not a fault: attach polls, check sleeps on the descriptor, until the call is cancelled or late. */
#define ATTACH slow_attach
#define CHECK slow_check
#include "driver.h"
#include <poll.h>
#include <unistd.h>
static ATTACH_IS(slow_attach) {
    while (!call->is_cancelled(call))
        usleep(1000);
    return driver_fail(call, PINTLE_CANCELLED, "Cancelled", "gave up when told to");
}
static CHECK_IS(slow_check) {
    struct pollfd wait = {call->cancel_fd(call), POLLIN, 0};
    if (wait.fd <= 0 || poll(&wait, 1, 10000) != 1)
        return driver_fail(call, PINTLE_INTERNAL, "NotTold", "nobody cancelled the call");
    return driver_fail(call, PINTLE_CANCELLED, "Cancelled", "gave up when told to");
}
