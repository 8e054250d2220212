/* Control connections: packets in, answers and events out. The protocol is in specs/infra-protocol.md. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "infra.h"

static struct pintle_source listener;
static struct pintle_connection connections[PINTLE_INFRA_MAX_CONNECTIONS];
static bool shutting_down;
static struct pintle_connection *shutdown_requester;
static uint32_t shutdown_request;
static uint8_t received[PINTLE_INFRA_MAX_PACKET];
static uint8_t sent[4096];

/* ---- connections ---- */

static void connection_close(struct pintle_connection *connection) {
    pintle_source_close(&connection->source);
    connection->greeted = false;
    if (shutdown_requester == connection) shutdown_requester = NULL;
    for (int index = 0; index < pintle_process_limit; index++) {
        struct pintle_process *process = &pintle_processes[index];
        if (process->phase == PINTLE_PHASE_FREE || process->requester != connection) continue;
        process->requester = NULL;
        /* Nobody is left who could ask how a session ended. */
        if (process->is_session && process->phase == PINTLE_PHASE_EXITED) pintle_process_free(process);
    }
}

static struct pintle_connection *connection_open(int fd) {
    for (int index = 0; index < PINTLE_INFRA_MAX_CONNECTIONS; index++) {
        struct pintle_connection *connection = &connections[index];
        if (connection->source.fd >= 0) continue;
        *connection = (struct pintle_connection){0};
        pintle_source_init(&connection->source, PINTLE_SOURCE_CONNECTION, connection, fd);
        return connection;
    }
    return NULL;
}

bool pintle_control_init(void) {
    for (int index = 0; index < PINTLE_INFRA_MAX_CONNECTIONS; index++) connections[index].source.fd = -1;
    listener.fd = -1;
    return connection_open(PINTLE_INFRA_FD_CONTROL) != NULL;
}

bool pintle_control_listen(void) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/control", PINTLE_INFRA_FD_DIRECTORY);
    unlinkat(PINTLE_INFRA_FD_DIRECTORY, "control", 0);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return false;
    mode_t before = umask(0177);
    bool bound = bind(fd, (struct sockaddr *)&address, sizeof address) == 0;
    umask(before);
    if (!bound || listen(fd, 8) != 0) {
        close(fd);
        return false;
    }
    pintle_source_init(&listener, PINTLE_SOURCE_LISTENER, NULL, fd);
    pintle_source_watch(&listener, EPOLLIN);
    return true;
}

void pintle_control_accept(void) {
    int fd = accept4(listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) return;
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.uid != 0) {
        close(fd);
        return;
    }
    struct pintle_connection *connection = connection_open(fd);
    if (connection == NULL) {
        close(fd);
        return;
    }
    pintle_source_watch(&connection->source, EPOLLIN);
}

/* ---- sending ---- */

static bool send_packet(struct pintle_connection *connection, struct pintle_writer *writer, const int *descriptors,
                        size_t count) {
    char control[CMSG_SPACE(sizeof(int) * PINTLE_INFRA_MAX_DESCRIPTORS)];
    size_t length = pintle_write_end(writer);
    if (length == 0 || connection->source.fd < 0) return false;
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
static void answer(struct pintle_connection *connection, struct pintle_writer *writer, const int *descriptors,
                   size_t count) {
    if (!send_packet(connection, writer, descriptors, count)) shutdown(connection->source.fd, SHUT_RDWR);
}

void pintle_reply(struct pintle_connection *connection, uint32_t request, int32_t status, const char *stage,
                  const char *detail) {
    struct pintle_writer writer;
    pintle_write_begin(&writer, sent, sizeof sent, PINTLE_INFRA_REPLY, request);
    pintle_write_i32(&writer, PINTLE_INFRA_STATUS, status);
    if (stage != NULL) pintle_write_text(&writer, PINTLE_INFRA_STAGE, stage);
    if (detail != NULL) pintle_write_text(&writer, PINTLE_INFRA_DETAIL, detail);
    answer(connection, &writer, NULL, 0);
}

static uint32_t public_state(const struct pintle_process *process) {
    switch (process->phase) {
    case PINTLE_PHASE_RUNNING:
    case PINTLE_PHASE_DRAINING: return PINTLE_INFRA_STATE_RUNNING;
    case PINTLE_PHASE_EXITED: return PINTLE_INFRA_STATE_EXITED;
    default: return PINTLE_INFRA_STATE_STARTING;
    }
}

static void write_process(struct pintle_writer *writer, const struct pintle_process *process) {
    pintle_write_text(writer, PINTLE_INFRA_ID, process->id);
    if (process->is_session) pintle_write_text(writer, PINTLE_INFRA_CONTAINER, process->container);
    pintle_write_u32(writer, PINTLE_INFRA_STATE, public_state(process));
    pintle_write_u32(writer, PINTLE_INFRA_PID, (uint32_t)process->pid);
    pintle_write_u64(writer, PINTLE_INFRA_STARTED_AT, (uint64_t)process->started_at);
    pintle_write_u32(writer, PINTLE_INFRA_UID, process->uid);
    pintle_write_u32(writer, PINTLE_INFRA_GID, process->gid);
    pintle_write_bytes(writer, PINTLE_INFRA_GROUPS, process->groups, process->group_count * sizeof(uint32_t));
    if (process->log.dropped > 0) pintle_write_u64(writer, PINTLE_INFRA_LOG_DROPPED, process->log.dropped);
    if (process->phase != PINTLE_PHASE_EXITED) return;
    pintle_write_u64(writer, PINTLE_INFRA_FINISHED_AT, (uint64_t)process->finished_at);
    pintle_write_i32(writer, PINTLE_INFRA_EXIT_CODE, process->exit_code);
    pintle_write_i32(writer, PINTLE_INFRA_EXIT_SIGNAL, process->exit_signal);
    pintle_write_u64(writer, PINTLE_INFRA_OOM_KILLS, process->oom_kills);
}

void pintle_reply_started(struct pintle_process *process) {
    if (process->requester == NULL) return;
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
static void broadcast(struct pintle_writer *writer) {
    for (int index = 0; index < PINTLE_INFRA_MAX_CONNECTIONS; index++) {
        struct pintle_connection *connection = &connections[index];
        if (connection->source.fd < 0 || !connection->greeted) continue;
        if (send_packet(connection, writer, NULL, 0)) continue;
        connection->lagging = true;
        pintle_source_watch(&connection->source, EPOLLIN | EPOLLOUT);
    }
}

void pintle_event_exited(struct pintle_process *process) {
    struct pintle_writer writer;
    begin_exit(&writer, process);
    broadcast(&writer);
}

void pintle_event_detached(const char *session) {
    struct pintle_writer writer;
    pintle_write_begin(&writer, sent, sizeof sent, PINTLE_INFRA_EVENT, 0);
    pintle_write_u32(&writer, PINTLE_INFRA_EVENT_TYPE, PINTLE_INFRA_EVENT_DETACHED);
    pintle_write_text(&writer, PINTLE_INFRA_SESSION, session);
    broadcast(&writer);
}

static void catch_up(struct pintle_connection *connection) {
    connection->lagging = false;
    pintle_source_watch(&connection->source, EPOLLIN);
    for (int index = 0; index < pintle_process_limit; index++) {
        struct pintle_writer writer;
        if (pintle_processes[index].phase != PINTLE_PHASE_EXITED) continue;
        begin_exit(&writer, &pintle_processes[index]);
        if (send_packet(connection, &writer, NULL, 0)) continue;
        connection->lagging = true;
        pintle_source_watch(&connection->source, EPOLLIN | EPOLLOUT);
        return;
    }
}

/* ---- receiving ---- */

int pintle_packet_take(struct pintle_packet *packet, uint8_t role) {
    for (size_t index = 0; index < packet->descriptor_count; index++) {
        if (packet->roles[index] != role || packet->descriptors[index] < 0) continue;
        int fd = packet->descriptors[index];
        packet->descriptors[index] = -1;
        return fd;
    }
    return -1;
}

static void packet_close(struct pintle_packet *packet) {
    for (size_t index = 0; index < packet->descriptor_count; index++) {
        if (packet->descriptors[index] >= 0) close(packet->descriptors[index]);
    }
}

static void take_descriptors(struct msghdr *message, struct pintle_packet *packet) {
    for (struct cmsghdr *head = CMSG_FIRSTHDR(message); head != NULL; head = CMSG_NXTHDR(message, head)) {
        if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) continue;
        size_t count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t index = 0; index < count; index++) {
            int fd;
            memcpy(&fd, CMSG_DATA(head) + index * sizeof(int), sizeof fd);
            if (packet->descriptor_count < PINTLE_INFRA_MAX_DESCRIPTORS) {
                packet->descriptors[packet->descriptor_count++] = fd;
            } else {
                close(fd);
            }
        }
    }
}

/* 1: a packet, whose fields live in `received` until the next one; 0: none now; -1: end or nonsense. */
static int receive(struct pintle_connection *connection, struct pintle_packet *packet, int flags) {
    char control[CMSG_SPACE(sizeof(int) * PINTLE_INFRA_MAX_DESCRIPTORS)];
    struct iovec part = {received, sizeof received};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    *packet = (struct pintle_packet){0};
    ssize_t count = recvmsg(connection->source.fd, &message, MSG_CMSG_CLOEXEC | flags);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
    if (count <= 0) return -1;
    take_descriptors(&message, packet);
    memcpy(&packet->header, received, sizeof packet->header);
    bool whole = (size_t)count >= sizeof packet->header && !(message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) &&
                 packet->header.length == (size_t)count - sizeof packet->header;
    if (!whole) {
        packet_close(packet);
        return -1;
    }
    packet->fields = (struct pintle_reader){received + sizeof packet->header, packet->header.length};
    return 1;
}

/* What the simple requests say. Points into the packet. */
struct arguments {
    const char *id;
    const char *session;
    uint32_t version, flags, width, height, log_max_files;
    uint64_t log_max_bytes;
    int32_t signal;
    bool has_log_limits;
};

static int32_t read_argument(const struct pintle_field *field, struct pintle_packet *packet, struct arguments *into) {
    bool valid = true;
    switch (field->tag) {
    case PINTLE_INFRA_ID: valid = (into->id = pintle_field_text(field, PINTLE_INFRA_MAX_ID)) != NULL; break;
    case PINTLE_INFRA_SESSION: valid = (into->session = pintle_field_text(field, PINTLE_INFRA_MAX_ID)) != NULL; break;
    case PINTLE_INFRA_VERSION: valid = pintle_field_u32(field, &into->version); break;
    case PINTLE_INFRA_FLAGS: valid = pintle_field_u32(field, &into->flags); break;
    case PINTLE_INFRA_WIDTH: valid = pintle_field_u32(field, &into->width); break;
    case PINTLE_INFRA_HEIGHT: valid = pintle_field_u32(field, &into->height); break;
    case PINTLE_INFRA_EXIT_SIGNAL: valid = pintle_field_i32(field, &into->signal); break;
    case PINTLE_INFRA_LOG_MAX_BYTES:
        valid = pintle_field_u64(field, &into->log_max_bytes);
        into->has_log_limits = true;
        break;
    case PINTLE_INFRA_LOG_MAX_FILES: valid = pintle_field_u32(field, &into->log_max_files); break;
    case PINTLE_INFRA_ROLES:
        valid = field->length == packet->descriptor_count;
        if (valid && field->length > 0) memcpy(packet->roles, field->data, field->length);
        break;
    default: return field->flags & PINTLE_INFRA_FIELD_REQUIRED ? EOPNOTSUPP : 0;
    }
    return valid ? 0 : EINVAL;
}

static int32_t read_arguments(struct pintle_packet *packet, struct arguments *into) {
    struct pintle_reader fields = packet->fields;
    struct pintle_field field;
    int more;
    *into = (struct arguments){0};
    while ((more = pintle_read_field(&fields, &field)) > 0) {
        int32_t error = read_argument(&field, packet, into);
        if (error != 0) return error;
    }
    return more < 0 ? EINVAL : 0;
}

/* ---- requests ---- */

static void greet(struct pintle_connection *connection, uint32_t request, uint32_t version) {
    struct pintle_writer writer;
    uint8_t roles[2] = {PINTLE_INFRA_ROLE_PROCESS, PINTLE_INFRA_ROLE_NETWORK};
    int descriptors[2] = {pidfd_open(getpid(), 0), open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC)};
    bool understood = version >> 16 == PINTLE_INFRA_MAJOR;
    bool whole = descriptors[0] >= 0 && descriptors[1] >= 0;
    uint32_t minor = version & 0xffff;
    if (minor > PINTLE_INFRA_MINOR) minor = PINTLE_INFRA_MINOR;
    pintle_write_begin(&writer, sent, sizeof sent, PINTLE_INFRA_REPLY, request);
    pintle_write_i32(&writer, PINTLE_INFRA_STATUS, understood ? (whole ? 0 : EMFILE) : EPROTONOSUPPORT);
    pintle_write_u32(&writer, PINTLE_INFRA_VERSION, PINTLE_INFRA_MAJOR << 16 | (understood ? minor : PINTLE_INFRA_MINOR));
    pintle_write_u32(&writer, PINTLE_INFRA_PID, (uint32_t)getpid());
    if (whole) pintle_write_bytes(&writer, PINTLE_INFRA_ROLES, roles, sizeof roles);
    connection->greeted = understood;
    answer(connection, &writer, descriptors, whole ? 2 : 0);
    for (int index = 0; index < 2; index++) {
        if (descriptors[index] >= 0) close(descriptors[index]);
    }
}

static void list(struct pintle_connection *connection, uint32_t request) {
    for (int index = 0; index < pintle_process_limit; index++) {
        const struct pintle_process *process = &pintle_processes[index];
        if (process->phase == PINTLE_PHASE_FREE || process->phase == PINTLE_PHASE_FAILED) continue;
        struct pintle_writer writer;
        pintle_write_begin(&writer, sent, sizeof sent, PINTLE_INFRA_ITEM, request);
        write_process(&writer, process);
        answer(connection, &writer, NULL, 0);
    }
    pintle_reply(connection, request, 0, NULL, NULL);
}

static int32_t attach(struct pintle_process *process, struct pintle_packet *packet, const char *session) {
    if (process->is_session || session == NULL || session[0] == 0) return EINVAL;
    if (process->phase != PINTLE_PHASE_RUNNING) return ESRCH;
    int in = pintle_packet_take(packet, PINTLE_INFRA_ROLE_STDIN);
    int out = pintle_packet_take(packet, PINTLE_INFRA_ROLE_STDOUT);
    int err = pintle_packet_take(packet, PINTLE_INFRA_ROLE_STDERR);
    return pintle_client_add(process, session, in, out, err);
}

static int32_t resize(struct pintle_process *process, const struct arguments *arguments) {
    struct winsize size = {.ws_col = (unsigned short)arguments->width, .ws_row = (unsigned short)arguments->height};
    if (!process->tty) return ENOTTY;
    if (process->output[0].fd < 0) return ESRCH;
    return ioctl(process->output[0].fd, TIOCSWINSZ, &size) == 0 ? 0 : errno;
}

static int32_t acknowledge(struct pintle_process *process) {
    if (process->phase != PINTLE_PHASE_EXITED) return EBUSY;
    pintle_process_free(process);
    return 0;
}

static int32_t detach(const char *session) {
    struct pintle_client *client = session == NULL ? NULL : pintle_client_find(session);
    if (client != NULL) pintle_client_drop(client);
    return 0;
}

static int32_t about_process(uint16_t kind, struct pintle_packet *packet, const struct arguments *arguments) {
    struct pintle_process *process = arguments->id == NULL ? NULL : pintle_process_find(arguments->id);
    if (process == NULL) return kind == PINTLE_INFRA_ACKNOWLEDGE || kind == PINTLE_INFRA_SIGNAL ? 0 : ESRCH;
    switch (kind) {
    case PINTLE_INFRA_SIGNAL:
        if (arguments->signal < 1 || arguments->signal > 64) return EINVAL;
        return pintle_process_signal(process, arguments->signal, arguments->flags & PINTLE_INFRA_FLAG_WHOLE_CGROUP);
    case PINTLE_INFRA_ATTACH: return attach(process, packet, arguments->session);
    case PINTLE_INFRA_RESIZE: return resize(process, arguments);
    case PINTLE_INFRA_REOPEN_LOG:
        pintle_log_close(&process->log);
        pintle_log_open(&process->log);
        return process->log.path[0] == 0 || process->log.fd >= 0 ? 0 : EIO;
    case PINTLE_INFRA_UPDATE:
        if (!arguments->has_log_limits) return 0;
        process->log.max_bytes = arguments->log_max_bytes;
        process->log.max_files = arguments->log_max_files;
        return 0;
    case PINTLE_INFRA_ACKNOWLEDGE: return acknowledge(process);
    default: return EOPNOTSUPP;
    }
}

static void begin_shutdown(struct pintle_connection *connection, uint32_t request) {
    shutting_down = true;
    shutdown_requester = connection;
    shutdown_request = request;
    for (int index = 0; index < pintle_process_limit; index++) {
        struct pintle_process *process = &pintle_processes[index];
        if (process->phase == PINTLE_PHASE_FREE) continue;
        pintle_process_signal(process, SIGKILL, false);
    }
}

bool pintle_control_shutting_down(void) { return shutting_down; }

bool pintle_control_shut_down(void) {
    if (!shutting_down || pintle_process_any_alive()) return false;
    if (shutdown_requester != NULL) pintle_reply(shutdown_requester, shutdown_request, 0, NULL, NULL);
    return true;
}

static void handle(struct pintle_connection *connection, struct pintle_packet *packet) {
    struct arguments arguments;
    uint16_t kind = packet->header.kind;
    uint32_t request = packet->header.request;
    int32_t error = read_arguments(packet, &arguments);
    if (error == 0 && kind != PINTLE_INFRA_HELLO && !connection->greeted) error = EPROTO;
    if (error != 0) {
        pintle_reply(connection, request, error, "packet", NULL);
        return;
    }
    switch (kind) {
    case PINTLE_INFRA_HELLO: greet(connection, request, arguments.version); return;
    case PINTLE_INFRA_START: pintle_start(connection, packet, false); return;
    case PINTLE_INFRA_EXEC: pintle_start(connection, packet, true); return;
    case PINTLE_INFRA_LIST: list(connection, request); return;
    case PINTLE_INFRA_SHUTDOWN: begin_shutdown(connection, request); return;
    case PINTLE_INFRA_CONFIGURE: error = EALREADY; break;
    case PINTLE_INFRA_DETACH: error = detach(arguments.session); break;
    default: error = about_process(kind, packet, &arguments); break;
    }
    pintle_reply(connection, request, error, NULL, NULL);
}

void pintle_control_heard(struct pintle_connection *connection, uint32_t events) {
    struct pintle_packet packet;
    if (events & EPOLLOUT && connection->lagging) catch_up(connection);
    if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR))) return;
    int got = receive(connection, &packet, MSG_DONTWAIT);
    if (got == 0) return;
    if (got < 0) {
        connection_close(connection);
        return;
    }
    handle(connection, &packet);
    packet_close(&packet);
}

/* ---- the first connection ---- */

/* Enters the pod's cgroups first, so that nothing of it is ever done in the host's. */
static int32_t configure(struct pintle_packet *packet, const char **stage) {
    struct pintle_pod_settings settings = {0};
    struct pintle_reader fields = packet->fields;
    struct pintle_field field;
    const char *text;
    int32_t score;
    int more;
    while ((more = pintle_read_field(&fields, &field)) > 0) {
        *stage = "packet";
        switch (field.tag) {
        case PINTLE_INFRA_JOIN:
            *stage = "cgroup";
            if ((text = pintle_field_text(&field, PATH_MAX)) == NULL) return EINVAL;
            if (pintle_write_file(text, "0") != 0) return errno;
            break;
        case PINTLE_INFRA_JOIN_DIRECTORY:
            *stage = "cgroup";
            if ((text = pintle_field_text(&field, PATH_MAX)) == NULL) return EINVAL;
            if (pintle_pod_enter_cgroup(text) != 0) return errno;
            break;
        case PINTLE_INFRA_OOM_SCORE:
            if (!pintle_field_i32(&field, &score)) return EINVAL;
            char number[16];
            snprintf(number, sizeof number, "%d", (int)score);
            (void)pintle_write_file("/proc/self/oom_score_adj", number);
            break;
        case PINTLE_INFRA_HOSTNAME:
            if ((settings.hostname = pintle_field_text(&field, 64)) == NULL) return EINVAL;
            break;
        case PINTLE_INFRA_SHM_BYTES:
            if (!pintle_field_u64(&field, &settings.shm_bytes)) return EINVAL;
            break;
        case PINTLE_INFRA_FLAGS:
            if (!pintle_field_u32(&field, &settings.flags)) return EINVAL;
            break;
        case PINTLE_INFRA_SYSCTL: break;
        default:
            if (field.flags & PINTLE_INFRA_FIELD_REQUIRED) return EOPNOTSUPP;
        }
    }
    *stage = "packet";
    if (more < 0) return EINVAL;
    int32_t error = pintle_pod_prepare(&settings, stage);
    if (error != 0) return error;
    *stage = "sysctl";
    fields = packet->fields;
    while (pintle_read_field(&fields, &field) > 0) {
        if (field.tag != PINTLE_INFRA_SYSCTL) continue;
        if ((text = pintle_field_text(&field, 1024)) == NULL) return EINVAL;
        if ((error = pintle_pod_sysctl(text)) != 0) return error;
    }
    return 0;
}

bool pintle_control_first(void) {
    struct pintle_connection *connection = &connections[0];
    struct pintle_packet packet;
    struct arguments arguments;
    const char *stage = "packet";
    if (receive(connection, &packet, 0) != 1) return false;
    packet_close(&packet);
    if (packet.header.kind != PINTLE_INFRA_HELLO || read_arguments(&packet, &arguments) != 0) return false;
    uint32_t hello = packet.header.request, version = arguments.version;
    if (receive(connection, &packet, 0) != 1) return false;
    packet_close(&packet);
    if (packet.header.kind != PINTLE_INFRA_CONFIGURE) return false;
    uint32_t request = packet.header.request;
    int32_t error = configure(&packet, &stage);
    if (error == 0 && !pintle_control_listen()) {
        stage = "listen";
        error = errno;
    }
    greet(connection, hello, version);
    pintle_reply(connection, request, error, error == 0 ? NULL : stage, NULL);
    if (error != 0) return false;
    fcntl(connection->source.fd, F_SETFL, O_NONBLOCK);
    fcntl(connection->source.fd, F_SETFD, FD_CLOEXEC);
    pintle_source_watch(&connection->source, EPOLLIN);
    return true;
}
