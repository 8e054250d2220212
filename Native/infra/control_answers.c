/* Answers and events. An event is never lost: what it tells is in the table of processes. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control.h"

static uint8_t sent[4096];

static bool send_packet(struct pintle_connection *connection, struct pintle_writer *writer,
                        const int *descriptors, size_t count) {
    char control[CMSG_SPACE(sizeof(int) * PINTLE_INFRA_MAX_DESCRIPTORS)];
    size_t length = pintle_write_end(writer);
    if (length == 0 || connection->source.fd < 0)
        return false;
    struct iovec part = {writer->data, length};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (count > 0) {
        memset(control, 0, sizeof control);
        message.msg_control = control;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(sizeof(int) * count);
        memcpy(CMSG_DATA(head), descriptors, sizeof(int) * count);
    }
    return sendmsg(connection->source.fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)length;
}

/* An answer that can't be sent ends the connection: the host connects again and lists. Closed by the loop, since
 * callers still hold the connection. */
static void answer(struct pintle_connection *connection, struct pintle_writer *writer,
                   const int *descriptors, size_t count) {
    if (!send_packet(connection, writer, descriptors, count))
        shutdown(connection->source.fd, SHUT_RDWR);
}

void pintle_reply(struct pintle_connection *connection, uint32_t request, int32_t status,
                  const char *stage, const char *detail) {
    struct pintle_writer writer;
    pintle_write_begin(&writer, sent, sizeof sent, PINTLE_INFRA_REPLY, request);
    pintle_write_i32(&writer, PINTLE_INFRA_STATUS, status);
    if (stage != NULL)
        pintle_write_text(&writer, PINTLE_INFRA_STAGE, stage);
    if (detail != NULL)
        pintle_write_text(&writer, PINTLE_INFRA_DETAIL, detail);
    answer(connection, &writer, NULL, 0);
}

static uint32_t public_state(const struct pintle_process *process) {
    switch (process->phase) {
    case PINTLE_PHASE_RUNNING:
    case PINTLE_PHASE_DRAINING:
        return PINTLE_INFRA_STATE_RUNNING;
    case PINTLE_PHASE_EXITED:
        return PINTLE_INFRA_STATE_EXITED;
    default:
        return PINTLE_INFRA_STATE_STARTING;
    }
}

static void write_process(struct pintle_writer *writer, const struct pintle_process *process) {
    pintle_write_text(writer, PINTLE_INFRA_ID, process->id);
    if (process->is_session)
        pintle_write_text(writer, PINTLE_INFRA_CONTAINER, process->container);
    pintle_write_u32(writer, PINTLE_INFRA_STATE, public_state(process));
    pintle_write_u32(writer, PINTLE_INFRA_PID, (uint32_t)process->pid);
    pintle_write_u64(writer, PINTLE_INFRA_STARTED_AT, (uint64_t)process->started_at);
    pintle_write_u32(writer, PINTLE_INFRA_UID, process->uid);
    pintle_write_u32(writer, PINTLE_INFRA_GID, process->gid);
    pintle_write_bytes(writer, PINTLE_INFRA_GROUPS, process->groups,
                       process->group_count * sizeof(uint32_t));
    if (process->log.dropped > 0)
        pintle_write_u64(writer, PINTLE_INFRA_LOG_DROPPED, process->log.dropped);
    if (process->log.error != 0)
        pintle_write_i32(writer, PINTLE_INFRA_LOG_ERROR, process->log.error);
    if (process->phase != PINTLE_PHASE_EXITED)
        return;
    pintle_write_u64(writer, PINTLE_INFRA_FINISHED_AT, (uint64_t)process->finished_at);
    pintle_write_i32(writer, PINTLE_INFRA_EXIT_CODE, process->exit_code);
    pintle_write_i32(writer, PINTLE_INFRA_EXIT_SIGNAL, process->exit_signal);
    pintle_write_u64(writer, PINTLE_INFRA_OOM_KILLS, process->oom_kills);
}

void pintle_reply_started(struct pintle_process *process) {
    if (process->requester == NULL)
        return;
    struct pintle_writer writer;
    pintle_write_begin(&writer, sent, sizeof sent, PINTLE_INFRA_REPLY, process->request);
    pintle_write_i32(&writer, PINTLE_INFRA_STATUS, 0);
    write_process(&writer, process);
    answer(process->requester, &writer, NULL, 0);
}

static void begin_exit(struct pintle_writer *writer, const struct pintle_process *process) {
    pintle_write_begin(writer, sent, sizeof sent, PINTLE_INFRA_EVENT, 0);
    pintle_write_u32(writer, PINTLE_INFRA_EVENT_TYPE, PINTLE_INFRA_EVENT_EXITED);
    write_process(writer, process);
}

/* An event that does not fit now is not lost: what it tells is in the table, and is told again later. */
static void broadcast(struct pintle_writer *writer, uint32_t minor) {
    for (int index = 0; index < PINTLE_INFRA_MAX_CONNECTIONS; index++) {
        struct pintle_connection *connection = &pintle_connections[index];
        if (connection->source.fd < 0 || !connection->greeted || connection->minor < minor)
            continue;
        if (send_packet(connection, writer, NULL, 0))
            continue;
        connection->lagging = true;
        pintle_source_watch(&connection->source, EPOLLIN | EPOLLOUT);
    }
}

void pintle_event_exited(struct pintle_process *process) {
    struct pintle_writer writer;
    begin_exit(&writer, process);
    broadcast(&writer, 0);
}

static void begin_log(struct pintle_writer *writer, const struct pintle_process *process) {
    pintle_write_begin(writer, sent, sizeof sent, PINTLE_INFRA_EVENT, 0);
    pintle_write_u32(writer, PINTLE_INFRA_EVENT_TYPE, PINTLE_INFRA_EVENT_LOG);
    pintle_write_text(writer, PINTLE_INFRA_ID, process->id);
    pintle_write_i32(writer, PINTLE_INFRA_LOG_ERROR, process->log.error);
    pintle_write_u64(writer, PINTLE_INFRA_LOG_DROPPED, process->log.dropped);
}

void pintle_event_log(struct pintle_process *process) {
    struct pintle_writer writer;
    if (process->is_session || process->phase != PINTLE_PHASE_RUNNING)
        return;
    begin_log(&writer, process);
    broadcast(&writer, 1);
}

void pintle_event_detached(const char *session) {
    struct pintle_writer writer;
    pintle_write_begin(&writer, sent, sizeof sent, PINTLE_INFRA_EVENT, 0);
    pintle_write_u32(&writer, PINTLE_INFRA_EVENT_TYPE, PINTLE_INFRA_EVENT_DETACHED);
    pintle_write_text(&writer, PINTLE_INFRA_SESSION, session);
    broadcast(&writer, 0);
}

void pintle_catch_up(struct pintle_connection *connection) {
    connection->lagging = false;
    pintle_source_watch(&connection->source, EPOLLIN);
    for (int index = 0; index < pintle_process_limit; index++) {
        struct pintle_writer writer;
        struct pintle_process *process = &pintle_processes[index];
        if (process->phase == PINTLE_PHASE_EXITED) {
            begin_exit(&writer, process);
        } else if (process->phase == PINTLE_PHASE_RUNNING && !process->is_session &&
                   connection->minor >= 1) {
            begin_log(&writer, process);
        } else {
            continue;
        }
        if (send_packet(connection, &writer, NULL, 0))
            continue;
        connection->lagging = true;
        pintle_source_watch(&connection->source, EPOLLIN | EPOLLOUT);
        return;
    }
}

void pintle_answer_hello(struct pintle_connection *connection, uint32_t request, uint32_t version) {
    struct pintle_writer writer;
    uint8_t roles[2] = {PINTLE_INFRA_ROLE_PROCESS, PINTLE_INFRA_ROLE_NETWORK};
    int descriptors[2] = {pintle_pidfd_open(getpid()),
                          open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC)};
    bool understood = version >> 16 == PINTLE_INFRA_MAJOR;
    bool whole = descriptors[0] >= 0 && descriptors[1] >= 0;
    uint32_t minor = version & 0xffff;
    if (minor > PINTLE_INFRA_MINOR)
        minor = PINTLE_INFRA_MINOR;
    pintle_write_begin(&writer, sent, sizeof sent, PINTLE_INFRA_REPLY, request);
    pintle_write_i32(&writer, PINTLE_INFRA_STATUS,
                     understood ? (whole ? 0 : EMFILE) : EPROTONOSUPPORT);
    pintle_write_u32(&writer, PINTLE_INFRA_VERSION,
                     PINTLE_INFRA_MAJOR << 16 | (understood ? minor : PINTLE_INFRA_MINOR));
    pintle_write_u32(&writer, PINTLE_INFRA_PID, (uint32_t)getpid());
    if (whole)
        pintle_write_bytes(&writer, PINTLE_INFRA_ROLES, roles, sizeof roles);
    connection->greeted = understood;
    connection->minor = minor;
    answer(connection, &writer, descriptors, whole ? 2 : 0);
    for (int index = 0; index < 2; index++) {
        if (descriptors[index] >= 0)
            close(descriptors[index]);
    }
}

void pintle_answer_list(struct pintle_connection *connection, uint32_t request) {
    for (int index = 0; index < pintle_process_limit; index++) {
        const struct pintle_process *process = &pintle_processes[index];
        if (process->phase == PINTLE_PHASE_FREE || process->phase == PINTLE_PHASE_FAILED)
            continue;
        struct pintle_writer writer;
        pintle_write_begin(&writer, sent, sizeof sent, PINTLE_INFRA_ITEM, request);
        write_process(&writer, process);
        answer(connection, &writer, NULL, 0);
    }
    pintle_reply(connection, request, 0, NULL, NULL);
}
