/* Detach ignores a signal. */
#define DETACH bad_detach
#include "driver.h"
#include <signal.h>
static DETACH_IS(bad_detach) { return signal(SIGUSR2, SIG_IGN) == SIG_ERR; }
