#define _GNU_SOURCE

#include "pintle_netns.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>

struct visit {
    int netns;
    int32_t result;
    void (*body)(void *context);
    void *context;
};

static void *visit_namespace(void *argument) {
    struct visit *visit = argument;
    if (setns(visit->netns, CLONE_NEWNET) != 0) {
        visit->result = -errno;
    } else {
        visit->body(visit->context);
    }
    return NULL;
}

static void *make_namespace(void *argument) {
    struct visit *visit = argument;
    if (unshare(CLONE_NEWNET) != 0) {
        visit->result = -errno;
        return NULL;
    }
    /* thread-self: /proc/self would be the namespace of the process's first thread. */
    visit->netns = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    visit->result = visit->netns < 0 ? -errno : 0;
    return NULL;
}

static int32_t run(void *(*start)(void *), uint64_t stack_size, struct visit *visit) {
    pthread_attr_t attributes;
    pthread_t thread;
    int error = pthread_attr_init(&attributes);
    if (error != 0) {
        return -error;
    }
    if (stack_size != 0) {
        error = pthread_attr_setstacksize(&attributes, (size_t)stack_size);
    }
    if (error == 0) {
        error = pthread_create(&thread, &attributes, start, visit);
    }
    (void)pthread_attr_destroy(&attributes);
    if (error != 0) {
        return -error;
    }
    (void)pthread_join(thread, NULL);
    return visit->result;
}

int32_t pintle_netns_run(int32_t netns, uint64_t stack_size, void (*body)(void *context),
                         void *context) {
    struct visit visit = {.netns = netns, .result = 0, .body = body, .context = context};
    return run(visit_namespace, stack_size, &visit);
}

int32_t pintle_netns_new(void) {
    struct visit visit = {.netns = -1, .result = 0, .body = NULL, .context = NULL};
    const int32_t result = run(make_namespace, 65536, &visit);
    return result == 0 ? visit.netns : result;
}
