/* Every detach leaves a descriptor open. */
#define DETACH bad_detach
#include "driver.h"
#include <fcntl.h>
static DETACH_IS(bad_detach) { return open("/dev/null", O_RDONLY | O_CLOEXEC) < 0; }
