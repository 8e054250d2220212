/* Moves what processes write to logs and clients, and what clients send to processes. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "infra.h"

enum { chunk = 32768, drain_rounds = 64 };

static uint8_t shared[chunk];

static int stream_index(const struct pintle_process *process, const struct pintle_source *source) {
    return source == &process->output[1] ? 1 : 0;
}

/* Reads once. Returns 1 after data, 0 when there is none now, -1 when the stream has ended. */
static int pump(struct pintle_process *process, struct pintle_source *source) {
    ssize_t count = read(source->fd, shared, sizeof shared);
    int index = stream_index(process, source);
    if (count > 0) {
        pintle_log_write(&process->log, index, shared, (size_t)count);
        pintle_client_fan_out(process, index, shared, (size_t)count);
        return 1;
    }
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    /* A terminal says EIO when nobody has it open any more. */
    pintle_log_finish(&process->log, index);
    pintle_source_close(source);
    return -1;
}

void pintle_stream_readable(struct pintle_process *process, struct pintle_source *source) {
    pump(process, source);
    pintle_stream_update(process);
    pintle_process_try_finish(process);
}

void pintle_stream_update(struct pintle_process *process) {
    bool paused = pintle_client_any_waiting(process);
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
            if (pintle_client_any_waiting(process) || pump(process, source) <= 0)
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
