/* Control connections: packets in, answers and events out. The protocol is in specs/infra-protocol.md. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "control.h"

static struct pintle_source listener;
struct pintle_connection pintle_connections[PINTLE_INFRA_MAX_CONNECTIONS];
static bool shutting_down;
static struct pintle_connection *shutdown_requester;
static uint32_t shutdown_request;

static void connection_close(struct pintle_connection *connection) {
    pintle_source_close(&connection->source);
    connection->greeted = false;
    if (shutdown_requester == connection)
        shutdown_requester = NULL;
    for (int index = 0; index < pintle_process_limit; index++) {
        struct pintle_process *process = &pintle_processes[index];
        if (process->phase == PINTLE_PHASE_FREE || process->requester != connection)
            continue;
        process->requester = NULL;
        /* Nobody is left who could ask how a session ended. */
        if (process->is_session && process->phase == PINTLE_PHASE_EXITED)
            pintle_process_free(process);
    }
}

static struct pintle_connection *connection_open(int fd) {
    for (int index = 0; index < PINTLE_INFRA_MAX_CONNECTIONS; index++) {
        struct pintle_connection *connection = &pintle_connections[index];
        if (connection->source.fd >= 0)
            continue;
        *connection = (struct pintle_connection){0};
        pintle_source_init(&connection->source, PINTLE_SOURCE_CONNECTION, connection, fd);
        return connection;
    }
    return NULL;
}

bool pintle_control_init(void) {
    for (int index = 0; index < PINTLE_INFRA_MAX_CONNECTIONS; index++)
        pintle_connections[index].source.fd = -1;
    listener.fd = -1;
    return connection_open(PINTLE_INFRA_FD_CONTROL) != NULL;
}

bool pintle_control_listen(void) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/control",
             PINTLE_INFRA_FD_DIRECTORY);
    unlinkat(PINTLE_INFRA_FD_DIRECTORY, "control", 0);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return false;
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
    if (fd < 0)
        return;
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

static int32_t attach(struct pintle_process *process, struct pintle_packet *packet,
                      const char *session) {
    if (process->is_session || session == NULL || session[0] == 0)
        return EINVAL;
    if (process->phase != PINTLE_PHASE_RUNNING)
        return ESRCH;
    int in = pintle_packet_take(packet, PINTLE_INFRA_ROLE_STDIN);
    int out = pintle_packet_take(packet, PINTLE_INFRA_ROLE_STDOUT);
    int err = pintle_packet_take(packet, PINTLE_INFRA_ROLE_STDERR);
    return pintle_client_add(process, session, in, out, err);
}

static int32_t resize(struct pintle_process *process, const struct pintle_arguments *arguments) {
    struct winsize size = {.ws_col = (unsigned short)arguments->width,
                           .ws_row = (unsigned short)arguments->height};
    if (!process->tty)
        return ENOTTY;
    if (process->output[0].fd < 0)
        return ESRCH;
    return ioctl(process->output[0].fd, TIOCSWINSZ, &size) == 0 ? 0 : errno;
}

static int32_t acknowledge(struct pintle_process *process) {
    if (process->phase != PINTLE_PHASE_EXITED)
        return EBUSY;
    pintle_process_free(process);
    return 0;
}

static int32_t detach(const char *session) {
    struct pintle_client *client = session == NULL ? NULL : pintle_client_find(session);
    if (client != NULL)
        pintle_client_drop(client);
    return 0;
}

static int32_t about_process(uint16_t kind, struct pintle_packet *packet,
                             const struct pintle_arguments *arguments) {
    if (kind > PINTLE_INFRA_SHUTDOWN)
        return EOPNOTSUPP;
    struct pintle_process *process =
        arguments->id == NULL ? NULL : pintle_process_find(arguments->id);
    if (process == NULL)
        return kind == PINTLE_INFRA_ACKNOWLEDGE || kind == PINTLE_INFRA_SIGNAL ? 0 : ESRCH;
    switch (kind) {
    case PINTLE_INFRA_SIGNAL:
        if (arguments->signal < 1 || arguments->signal > 64)
            return EINVAL;
        return pintle_process_signal(process, arguments->signal,
                                     arguments->flags & PINTLE_INFRA_FLAG_WHOLE_CGROUP);
    case PINTLE_INFRA_ATTACH:
        return attach(process, packet, arguments->session);
    case PINTLE_INFRA_RESIZE:
        return resize(process, arguments);
    case PINTLE_INFRA_REOPEN_LOG:
        pintle_log_close(&process->log);
        pintle_log_open(&process->log);
        return process->log.path[0] == 0 || process->log.fd >= 0 ? 0 : EIO;
    case PINTLE_INFRA_UPDATE:
        if (!arguments->has_log_limits)
            return 0;
        process->log.max_bytes = arguments->log_max_bytes;
        process->log.max_files = arguments->log_max_files;
        return 0;
    case PINTLE_INFRA_ACKNOWLEDGE:
        return acknowledge(process);
    default:
        return EOPNOTSUPP;
    }
}

static void begin_shutdown(struct pintle_connection *connection, uint32_t request) {
    shutting_down = true;
    shutdown_requester = connection;
    shutdown_request = request;
    for (int index = 0; index < pintle_process_limit; index++) {
        struct pintle_process *process = &pintle_processes[index];
        if (process->phase == PINTLE_PHASE_FREE)
            continue;
        pintle_process_signal(process, SIGKILL, false);
    }
}

bool pintle_control_shutting_down(void) { return shutting_down; }

bool pintle_control_shut_down(void) {
    if (!shutting_down || pintle_process_any_alive())
        return false;
    if (shutdown_requester != NULL)
        pintle_reply(shutdown_requester, shutdown_request, 0, NULL, NULL);
    return true;
}

static void handle(struct pintle_connection *connection, struct pintle_packet *packet) {
    struct pintle_arguments arguments;
    uint16_t kind = packet->header.kind;
    uint32_t request = packet->header.request;
    int32_t error = pintle_packet_arguments(packet, &arguments);
    if (error == 0 && kind != PINTLE_INFRA_HELLO && !connection->greeted)
        error = EPROTO;
    if (error != 0) {
        pintle_reply(connection, request, error, "packet", NULL);
        return;
    }
    switch (kind) {
    case PINTLE_INFRA_HELLO:
        pintle_answer_hello(connection, request, arguments.version);
        return;
    case PINTLE_INFRA_START:
        pintle_start(connection, packet, false);
        return;
    case PINTLE_INFRA_EXEC:
        pintle_start(connection, packet, true);
        return;
    case PINTLE_INFRA_LIST:
        pintle_answer_list(connection, request);
        return;
    case PINTLE_INFRA_SHUTDOWN:
        begin_shutdown(connection, request);
        return;
    case PINTLE_INFRA_CONFIGURE:
        error = EALREADY;
        break;
    case PINTLE_INFRA_DETACH:
        error = detach(arguments.session);
        break;
    default:
        error = about_process(kind, packet, &arguments);
        break;
    }
    pintle_reply(connection, request, error, NULL, NULL);
}

void pintle_control_heard(struct pintle_connection *connection, uint32_t events) {
    struct pintle_packet packet;
    if (events & EPOLLOUT && connection->lagging)
        pintle_catch_up(connection);
    if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
        return;
    int got = pintle_packet_receive(connection, &packet, MSG_DONTWAIT);
    if (got == 0)
        return;
    if (got < 0) {
        connection_close(connection);
        return;
    }
    handle(connection, &packet);
    pintle_packet_close(&packet);
}
