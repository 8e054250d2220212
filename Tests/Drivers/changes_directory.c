/* Detach changes the working directory. */
#define DETACH bad_detach
#include "driver.h"
#include <unistd.h>
static DETACH_IS(bad_detach) { return chdir("/usr"); }
