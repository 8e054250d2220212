/* Detach blocks a signal. */
#define DETACH bad_detach
#include "driver.h"
#include <pthread.h>
#include <signal.h>
static DETACH_IS(bad_detach) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGUSR1);
    return pthread_sigmask(SIG_BLOCK, &signals, 0);
}
