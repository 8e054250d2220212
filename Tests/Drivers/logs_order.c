/* Not a fault: attach takes a millisecond and logs when it begins and ends, for which attachment and sandbox. */
#define ATTACH slow_attach
#include "driver.h"
#include <stdio.h>
#include <unistd.h>
static void say(const char *what, const pintle_network_attach_request *request) {
    char line[256];
    int count = snprintf(line, sizeof line, "%s %.*s %.*s", what, (int)request->attachment_id.count,
                         (const char *)request->attachment_id.data, (int)request->sandbox_id.count,
                         (const char *)request->sandbox_id.data);
    driver_host->log(driver_host, PINTLE_LOG_INFO,
                     (pintle_bytes){(const uint8_t *)line, (uint64_t)count});
}
static ATTACH_IS(slow_attach) {
    say("begin", request);
    usleep(1000);
    say("end", request);
    return driver_put(out, "192.0.2.1/32") ? PINTLE_CANCELLED : PINTLE_OK;
}
