/* Detach leaves a child process behind. */
#define DETACH bad_detach
#include "driver.h"
#include <unistd.h>
static DETACH_IS(bad_detach) {
    if (fork() == 0)
        _exit(0);
    return PINTLE_OK;
}
