/* The one place where the infra process waits. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "infra.h"

static int poller = -1;

uint64_t pintle_now_monotonic(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

int64_t pintle_now_real(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

bool pintle_loop_init(void) {
    poller = epoll_create1(EPOLL_CLOEXEC);
    return poller >= 0;
}

void pintle_source_init(struct pintle_source *source, enum pintle_source_kind kind, void *owner,
                        int fd) {
    *source = (struct pintle_source){.kind = kind, .owner = owner, .fd = fd};
}

void pintle_source_watch(struct pintle_source *source, uint32_t events) {
    if (source->fd < 0 || source->always_ready || (source->watched && source->events == events))
        return;
    struct epoll_event event = {.events = events, .data.ptr = source};
    int operation = source->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    if (epoll_ctl(poller, operation, source->fd, &event) != 0) {
        if (errno == EPERM)
            source->always_ready = true;
        return;
    }
    source->watched = true;
    source->events = events;
}

void pintle_source_unwatch(struct pintle_source *source) {
    if (!source->watched)
        return;
    epoll_ctl(poller, EPOLL_CTL_DEL, source->fd, NULL);
    source->watched = false;
}

void pintle_source_close(struct pintle_source *source) {
    if (source->fd < 0)
        return;
    pintle_source_unwatch(source);
    close(source->fd);
    source->fd = -1;
}

static void dispatch(struct pintle_source *source, uint32_t events) {
    switch (source->kind) {
    case PINTLE_SOURCE_LISTENER:
        pintle_control_accept();
        break;
    case PINTLE_SOURCE_CONNECTION:
        pintle_control_heard(source->owner, events);
        break;
    case PINTLE_SOURCE_END:
        pintle_process_ended(source->owner);
        break;
    case PINTLE_SOURCE_SETUP:
        pintle_start_heard(source->owner);
        break;
    case PINTLE_SOURCE_OUTPUT:
        pintle_stream_readable(source->owner, source);
        break;
    case PINTLE_SOURCE_INPUT:
        pintle_stream_input_writable(source->owner);
        break;
    case PINTLE_SOURCE_CLIENT_IN:
        pintle_client_readable(source->owner);
        break;
    case PINTLE_SOURCE_CLIENT_OUT:
        pintle_client_writable(source->owner, source, events);
        break;
    }
}

static int wait_limit(uint64_t due) {
    if (due == UINT64_MAX)
        return -1;
    uint64_t now = pintle_now_monotonic();
    if (due <= now)
        return 0;
    uint64_t milliseconds = (due - now) / 1000000 + 1;
    return milliseconds > 60000 ? 60000 : (int)milliseconds;
}

/* One event at a time: an event's handler may close any other source, and the kernel's list is fair. */
int pintle_loop_run(void) {
    for (;;) {
        uint64_t process_due = pintle_process_timers();
        uint64_t client_due = pintle_client_timers();
        uint64_t stream_due = pintle_stream_timers();
        if (pintle_control_shut_down())
            return 0;
        struct epoll_event event;
        uint64_t due = process_due < client_due ? process_due : client_due;
        int count = epoll_wait(poller, &event, 1, wait_limit(due < stream_due ? due : stream_due));
        if (count < 0 && errno != EINTR)
            return 1;
        if (count == 1)
            dispatch(event.data.ptr, event.events);
    }
}
