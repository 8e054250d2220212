/* It answers with a status that is not in the list. */
#define DETACH bad_detach
#include "driver.h"
static DETACH_IS(bad_detach) { return 99; }
