#define _GNU_SOURCE
#include "pintle_wait.h"

#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { batch = 64 };

int pintle_poller_open(void) { return epoll_create1(EPOLL_CLOEXEC); }

int pintle_poller_add(int poller, int fd, uint64_t token) {
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = token};
    return epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
}

void pintle_poller_remove(int poller, int fd) { epoll_ctl(poller, EPOLL_CTL_DEL, fd, NULL); }

int pintle_poller_wait(int poller, uint64_t *tokens, int32_t capacity, int timeout) {
    struct epoll_event events[batch];
    int count = epoll_wait(poller, events, capacity < batch ? capacity : batch, timeout);
    if (count < 0)
        return errno == EINTR ? 0 : -1;
    for (int index = 0; index < count; index++)
        tokens[index] = events[index].data.u64;
    return count;
}

int pintle_bell_open(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

void pintle_bell_ring(int bell) {
    uint64_t one = 1;
    ssize_t ignored = write(bell, &one, sizeof one);
    (void)ignored;
}

void pintle_bell_silence(int bell) {
    uint64_t count;
    ssize_t ignored = read(bell, &count, sizeof count);
    (void)ignored;
}

void pintle_thread_name(const char *name) {
    char cut[16];
    snprintf(cut, sizeof cut, "%s", name);
    prctl(PR_SET_NAME, cut, 0, 0, 0);
}
