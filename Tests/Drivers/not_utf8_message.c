/* The reason of a failure is not UTF-8, and neither is a log line. */
#define VERSION bad_version
#include "driver.h"
static VERSION_IS(bad_version) {
    driver_host->log(driver_host, PINTLE_LOG_ERROR, (pintle_bytes)TEXT("\xff\xfe"));
    return driver_fail(call, PINTLE_CONFLICT, "Caf\xe9", "caf\xe9");
}
