#define _GNU_SOURCE
#include "pintle_host_threads.h"

#include <errno.h>
#include <pthread.h>
#include <sys/eventfd.h>

void pintle_host_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

int pintle_host_eventfd(void) {
    int descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return descriptor < 0 ? -errno : descriptor;
}
