/* Detach changes the environment. */
#define DETACH bad_detach
#include "driver.h"
#include <stdlib.h>
static DETACH_IS(bad_detach) { return setenv("PINTLE_TEST_DRIVER", "was here", 1); }
