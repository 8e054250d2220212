/* Attach returns when the file netns_path exists, whatever the host says; other calls work. */
#define ATTACH bad_attach
#include "driver.h"
#include <unistd.h>
static ATTACH_IS(bad_attach) {
    char path[4096] = {0};
    if (request->netns_path.count < sizeof path)
        memcpy(path, request->netns_path.data, request->netns_path.count);
    while (path[0] && access(path, F_OK))
        usleep(1000);
    return driver_put(out, "192.0.2.1/32") ? PINTLE_CANCELLED : PINTLE_OK;
}
