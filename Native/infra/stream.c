/* Moves what processes write to logs and clients, and what clients send to processes. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "infra.h"

enum { drain_rounds = 64, busy_rounds = 4 };

/* How long memory is kept after the last large read. */
static const uint64_t warm_time = 1000000000u;

static uint8_t shared[PINTLE_CHUNK] __attribute__((aligned(4096)));
static uint64_t warm_until;

static int stream_index(const struct pintle_process *process, const struct pintle_source *source) {
    return source == &process->output[1] ? 1 : 0;
}

void pintle_stream_tell(struct pintle_process *process) {
    if (process->log.error == process->log.told)
        return;
    process->log.told = process->log.error;
    pintle_event_log(process);
}

/* Keeps what the log did not take. The process is not read before that is written: its writes wait. */
static void stop(struct pintle_process *process, int stream, const uint8_t *data, size_t length) {
    void *memory =
        mmap(NULL, PINTLE_CHUNK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        process->log.dropped += length;
        return;
    }
    memcpy(memory, data, length);
    process->backlog = memory;
    process->backlog_start = 0;
    process->backlog_length = length;
    process->backlog_stream = stream;
}

static void release(struct pintle_process *process) {
    munmap(process->backlog, PINTLE_CHUNK);
    process->backlog = NULL;
    process->backlog_length = 0;
}

void pintle_stream_retry(struct pintle_process *process, bool last) {
    struct pintle_log *log = &process->log;
    if (process->backlog != NULL) {
        size_t taken =
            pintle_log_write(log, process->backlog_stream,
                             process->backlog + process->backlog_start, process->backlog_length);
        process->backlog_start += taken;
        process->backlog_length -= taken;
        if (last)
            log->dropped += process->backlog_length;
        if (last || process->backlog_length == 0)
            release(process);
    }
    for (int stream = 0; stream < 2 && process->backlog == NULL; stream++) {
        if (process->output[stream].fd < 0)
            pintle_log_finish(log, stream);
    }
    if (last)
        pintle_log_abandon(log);
    pintle_stream_tell(process);
}

/* Reads once. Returns 1 after a whole chunk, 0 when there is no more now, -1 when the stream has ended. */
static int pump(struct pintle_process *process, struct pintle_source *source) {
    ssize_t count = read(source->fd, shared, sizeof shared);
    int index = stream_index(process, source);
    if (count > 0) {
        size_t length = (size_t)count;
        size_t taken = pintle_log_write(&process->log, index, shared, length);
        if (taken < length)
            stop(process, index, shared + taken, length - taken);
        pintle_stream_tell(process);
        pintle_client_fan_out(process, index, shared, length);
        if (length > 4096)
            warm_until = pintle_now_monotonic() + warm_time;
        return 1;
    }
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    /* A terminal says EIO when nobody has it open any more. */
    pintle_source_close(source);
    pintle_log_finish(&process->log, index);
    pintle_stream_tell(process);
    return -1;
}

static bool is_held_up(const struct pintle_process *process) {
    return process->backlog != NULL || pintle_client_any_waiting(process);
}

uint64_t pintle_stream_timers(void) {
    if (warm_until == 0)
        return UINT64_MAX;
    if (pintle_now_monotonic() < warm_until)
        return warm_until;
    warm_until = 0;
    madvise(shared, sizeof shared, MADV_DONTNEED);
    pintle_log_cool();
    return UINT64_MAX;
}

void pintle_stream_readable(struct pintle_process *process, struct pintle_source *source) {
    for (int round = 0; round < busy_rounds && source->fd >= 0 && !is_held_up(process); round++) {
        if (pump(process, source) <= 0)
            break;
    }
    pintle_stream_update(process);
    pintle_process_try_finish(process);
}

void pintle_stream_update(struct pintle_process *process) {
    bool paused = is_held_up(process);
    for (int index = 0; index < 2; index++) {
        if (paused) {
            pintle_source_unwatch(&process->output[index]);
        } else {
            pintle_source_watch(&process->output[index], EPOLLIN);
        }
    }
}

bool pintle_stream_drain(struct pintle_process *process) {
    for (int index = 0; index < 2; index++) {
        struct pintle_source *source = &process->output[index];
        for (int round = 0; round < drain_rounds && source->fd >= 0; round++) {
            if (is_held_up(process) || pump(process, source) <= 0)
                break;
        }
    }
    pintle_stream_update(process);
    return process->output[0].fd < 0 && process->output[1].fd < 0;
}

void pintle_stream_input_writable(struct pintle_process *process) {
    while (process->input_length > 0) {
        ssize_t count = write(process->input.fd, process->input_bytes + process->input_start,
                              process->input_length);
        if (count < 0 && errno == EAGAIN) {
            pintle_source_watch(&process->input, EPOLLOUT);
            return;
        }
        if (count <= 0) {
            /* Nobody reads any more: what is left is of no use. */
            process->input_length = 0;
            pintle_source_close(&process->input);
            break;
        }
        process->input_start += (size_t)count;
        process->input_length -= (size_t)count;
    }
    process->input_start = 0;
    /* Not watched while there is nothing to write: a terminal would be ready all the time. */
    pintle_source_unwatch(&process->input);
    if (process->input_ends)
        pintle_source_close(&process->input);
    pintle_client_resume_input(process);
}
