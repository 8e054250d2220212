/* Detach changes the umask. */
#define DETACH bad_detach
#include "driver.h"
#include <sys/stat.h>
static DETACH_IS(bad_detach) {
    umask(0123);
    return PINTLE_OK;
}
