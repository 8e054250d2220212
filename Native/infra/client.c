/* Clients attached to a process: each gets a copy of the output, each may send input. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "infra.h"

enum { buffer_size = PINTLE_CHUNK };

/* A client that takes nothing for this long holds up nobody any more. */
static const uint64_t patience = 10000000000u;

struct pintle_client pintle_clients[PINTLE_INFRA_MAX_CLIENTS];

static void adopt(struct pintle_source *source, enum pintle_source_kind kind,
                  struct pintle_client *client, int fd) {
    pintle_source_init(source, kind, client, fd);
    if (fd >= 0)
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

/* Waits for input. A file is never waited for: it is read until the process must take it first. */
static void read_on(struct pintle_client *client) {
    /* A session's terminal is not there yet: what is typed waits with the sender. */
    if (client->process->tty && client->process->phase == PINTLE_PHASE_STARTING &&
        client->process->input.fd < 0)
        return;
    pintle_source_watch(&client->in, EPOLLIN);
    if (!client->in.always_ready)
        return;
    client->reading = true;
    while (client->in.fd >= 0 && client->process->input_length == 0)
        pintle_client_readable(client);
    client->reading = false;
}

int pintle_client_add(struct pintle_process *process, const char *session, int in, int out,
                      int err) {
    struct pintle_client *client = NULL;
    bool taken = pintle_client_find(session) != NULL;
    for (int index = 0; index < PINTLE_INFRA_MAX_CLIENTS && client == NULL; index++) {
        if (!pintle_clients[index].used)
            client = &pintle_clients[index];
    }
    if (taken || client == NULL) {
        int descriptors[3] = {in, out, err};
        for (int index = 0; index < 3; index++) {
            if (descriptors[index] >= 0)
                close(descriptors[index]);
        }
        return taken ? EEXIST : EAGAIN;
    }
    memset(client, 0, sizeof *client);
    client->used = true;
    client->process = process;
    strncpy(client->session, session, sizeof client->session - 1);
    adopt(&client->in, PINTLE_SOURCE_CLIENT_IN, client, in);
    adopt(&client->out, PINTLE_SOURCE_CLIENT_OUT, client, out);
    adopt(&client->err, PINTLE_SOURCE_CLIENT_OUT, client, err);
    pintle_source_watch(&client->out, 0);
    pintle_source_watch(&client->err, 0);
    read_on(client);
    return 0;
}

struct pintle_client *pintle_client_find(const char *session) {
    for (int index = 0; index < PINTLE_INFRA_MAX_CLIENTS; index++) {
        if (pintle_clients[index].used && strcmp(pintle_clients[index].session, session) == 0) {
            return &pintle_clients[index];
        }
    }
    return NULL;
}

static void release_buffer(struct pintle_client *client) {
    if (client->buffer != NULL)
        munmap(client->buffer, buffer_size);
    client->buffer = NULL;
    client->waiting = NULL;
    client->start = client->length = 0;
}

/* The input of a client has ended, with it or before it. */
static void end_input(struct pintle_client *client) {
    struct pintle_process *process = client->process;
    if (client->in.fd < 0)
        return;
    pintle_source_close(&client->in);
    if (!process->stdin_once || process->tty || process->input.fd < 0)
        return;
    process->input_ends = true;
    if (process->input_length == 0)
        pintle_source_close(&process->input);
}

void pintle_client_drop(struct pintle_client *client) {
    struct pintle_process *process = client->process;
    char session[PINTLE_ID];
    if (!client->used)
        return;
    end_input(client);
    pintle_source_close(&client->out);
    pintle_source_close(&client->err);
    release_buffer(client);
    memcpy(session, client->session, sizeof session);
    client->used = false;
    /* A session's terminal has no user but its client: hang up. */
    if (process->is_session && process->tty && process->phase == PINTLE_PHASE_RUNNING) {
        pintle_source_close(&process->input);
        pintle_source_close(&process->output[0]);
    }
    pintle_stream_update(process);
    pintle_event_detached(session);
}

void pintle_client_drop_all(struct pintle_process *process) {
    for (int index = 0; index < PINTLE_INFRA_MAX_CLIENTS; index++) {
        if (pintle_clients[index].used && pintle_clients[index].process == process) {
            pintle_client_drop(&pintle_clients[index]);
        }
    }
}

void pintle_client_readable(struct pintle_client *client) {
    struct pintle_process *process = client->process;
    if (process->input_length > 0) {
        pintle_source_unwatch(&client->in);
        return;
    }
    ssize_t count = read(client->in.fd, process->input_bytes, sizeof process->input_bytes);
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (count <= 0) {
        end_input(client);
        return;
    }
    if (process->input.fd < 0)
        return;
    process->input_start = 0;
    process->input_length = (size_t)count;
    pintle_stream_input_writable(process);
}

void pintle_client_resume_input(struct pintle_process *process) {
    for (int index = 0; index < PINTLE_INFRA_MAX_CLIENTS; index++) {
        struct pintle_client *client = &pintle_clients[index];
        if (!client->used || client->process != process || process->input_length > 0)
            continue;
        /* A file is read on by the loop that began; going round here again would recurse. */
        if (!client->in.always_ready || !client->reading)
            read_on(client);
    }
}

void pintle_client_writable(struct pintle_client *client, struct pintle_source *source,
                            uint32_t events) {
    if (events & (EPOLLERR | EPOLLHUP)) {
        struct pintle_process *process = client->process;
        pintle_client_drop(client);
        pintle_process_try_finish(process);
        return;
    }
    if (client->waiting != source) {
        pintle_source_watch(source, 0);
        return;
    }
    ssize_t count = write(source->fd, client->buffer + client->start, client->length);
    if (count < 0 && errno == EAGAIN)
        return;
    if (count <= 0) {
        pintle_client_drop(client);
        return;
    }
    client->start += (size_t)count;
    client->length -= (size_t)count;
    client->stuck_at = pintle_now_monotonic() + patience;
    if (client->length > 0)
        return;
    release_buffer(client);
    pintle_source_watch(source, 0);
    pintle_stream_update(client->process);
    pintle_process_try_finish(client->process);
}

/* Keeps what the client did not take. Its process is not read before that is gone, so one chunk is the most. */
static void keep(struct pintle_client *client, struct pintle_source *source, const uint8_t *data,
                 size_t length) {
    if (client->length > 0 || length > buffer_size) {
        pintle_client_drop(client);
        return;
    }
    void *memory =
        mmap(NULL, buffer_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        pintle_client_drop(client);
        return;
    }
    client->buffer = memory;
    memcpy(client->buffer, data, length);
    client->start = 0;
    client->length = length;
    client->waiting = source;
    client->stuck_at = pintle_now_monotonic() + patience;
    pintle_source_watch(source, EPOLLOUT);
}

static void give(struct pintle_client *client, struct pintle_source *source, const uint8_t *data,
                 size_t length) {
    if (source->fd < 0)
        return;
    while (length > 0) {
        ssize_t count = write(source->fd, data, length);
        if (count < 0 && errno == EAGAIN) {
            keep(client, source, data, length);
            return;
        }
        if (count <= 0) {
            pintle_client_drop(client);
            return;
        }
        data += count;
        length -= (size_t)count;
    }
}

void pintle_client_fan_out(struct pintle_process *process, int stream, const uint8_t *data,
                           size_t length) {
    for (int index = 0; index < PINTLE_INFRA_MAX_CLIENTS; index++) {
        struct pintle_client *client = &pintle_clients[index];
        if (!client->used || client->process != process)
            continue;
        give(client, stream == 0 ? &client->out : &client->err, data, length);
    }
}

bool pintle_client_any_waiting(const struct pintle_process *process) {
    for (int index = 0; index < PINTLE_INFRA_MAX_CLIENTS; index++) {
        const struct pintle_client *client = &pintle_clients[index];
        if (client->used && client->process == process && client->length > 0)
            return true;
    }
    return false;
}

uint64_t pintle_client_timers(void) {
    uint64_t due = UINT64_MAX;
    for (int index = 0; index < PINTLE_INFRA_MAX_CLIENTS; index++) {
        struct pintle_client *client = &pintle_clients[index];
        if (!client->used || client->length == 0)
            continue;
        if (client->stuck_at <= pintle_now_monotonic()) {
            struct pintle_process *process = client->process;
            pintle_client_drop(client);
            pintle_process_try_finish(process);
        } else if (client->stuck_at < due) {
            due = client->stuck_at;
        }
    }
    return due;
}
