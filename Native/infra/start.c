/* Starts containers and exec sessions: the infra process' side. The new process' side is child.c. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "infra.h"

/* What the packet asks for besides the process' own entry. Descriptors are -1 when there is none. */
struct order {
    struct pintle_child child;
    int ours[3];   /* our ends of the process' standard streams */
    int theirs[3]; /* its ends, which it gets */
    int setup[2];
    int cgroup;
    uint32_t flags;
    uint32_t pid_mode;
    const char *pid_target;
    bool given[3]; /* the stream comes from the packet */
};

static bool copy_text(char *into, size_t size, const struct pintle_field *field) {
    const char *text = pintle_field_text(field, size - 1);
    if (text == NULL)
        return false;
    memcpy(into, text, field->length);
    return true;
}

static int32_t read_field(const struct pintle_field *field, struct pintle_process *process,
                          struct order *order) {
    const char *text;
    switch (field->tag) {
    case PINTLE_INFRA_ID:
        return copy_text(process->id, sizeof process->id, field) ? 0 : EINVAL;
    case PINTLE_INFRA_CONTAINER:
        return copy_text(process->container, sizeof process->container, field) ? 0 : EINVAL;
    case PINTLE_INFRA_FLAGS:
        return pintle_field_u32(field, &order->flags) ? 0 : EINVAL;
    case PINTLE_INFRA_LOG_PATH:
        return copy_text(process->log.path, sizeof process->log.path, field) ? 0 : ENAMETOOLONG;
    case PINTLE_INFRA_LOG_MAX_BYTES:
        return pintle_field_u64(field, &process->log.max_bytes) ? 0 : EINVAL;
    case PINTLE_INFRA_LOG_MAX_FILES:
        return pintle_field_u32(field, &process->log.max_files) ? 0 : EINVAL;
    case PINTLE_INFRA_WIDTH:
        return pintle_field_u32(field, &process->width) ? 0 : EINVAL;
    case PINTLE_INFRA_HEIGHT:
        return pintle_field_u32(field, &process->height) ? 0 : EINVAL;
    case PINTLE_INFRA_CGROUP_PROCS:
        return copy_text(process->cgroup_procs, sizeof process->cgroup_procs, field) ? 0
                                                                                     : ENAMETOOLONG;
    case PINTLE_INFRA_OOM_FILE:
        return copy_text(process->oom_file, sizeof process->oom_file, field) ? 0 : ENAMETOOLONG;
    case PINTLE_INFRA_JOIN_DIRECTORY:
        if ((text = pintle_field_text(field, PATH_MAX)) == NULL)
            return EINVAL;
        order->cgroup = open(text, O_PATH | O_DIRECTORY | O_CLOEXEC);
        return order->cgroup < 0 ? errno : 0;
    case PINTLE_INFRA_PID_MODE:
        return pintle_field_u32(field, &order->pid_mode) ? 0 : EINVAL;
    case PINTLE_INFRA_PID_TARGET:
        return (order->pid_target = pintle_field_text(field, PINTLE_INFRA_MAX_ID)) != NULL ? 0
                                                                                           : EINVAL;
    case PINTLE_INFRA_ROLES:
        return 0; /* read with the packet */
    default:
        return field->flags & PINTLE_INFRA_FIELD_REQUIRED ? EOPNOTSUPP : 0;
    }
}

static int32_t read_order(struct pintle_packet *packet, struct pintle_process *process,
                          struct order *order) {
    struct pintle_field field;
    int more;
    while ((more = pintle_read_field(&packet->fields, &field)) > 0) {
        int32_t error = read_field(&field, process, order);
        if (error != 0)
            return error;
    }
    if (more < 0 || process->id[0] == 0 || (process->is_session && process->container[0] == 0))
        return EINVAL;
    process->tty = order->flags & PINTLE_INFRA_FLAG_TTY;
    process->stdin_once = order->flags & PINTLE_INFRA_FLAG_STDIN_ONCE;
    order->child.spec = pintle_packet_take(packet, PINTLE_INFRA_ROLE_SPEC);
    if (order->child.spec < 0)
        return EBADF;
    static const uint8_t roles[3] = {PINTLE_INFRA_ROLE_STDIN, PINTLE_INFRA_ROLE_STDOUT,
                                     PINTLE_INFRA_ROLE_STDERR};
    for (int stream = 0; stream < 3 && process->is_session; stream++) {
        int fd = pintle_packet_take(packet, roles[stream]);
        if (fd < 0)
            continue;
        order->given[stream] = true;
        /* A terminal's client keeps them; otherwise the process itself gets them. */
        *(process->tty ? &order->ours[stream] : &order->theirs[stream]) = fd;
    }
    return 0;
}

enum { pipe_size = 262144 };

/* Pipes between the container and us. A terminal is made by the container, in its own /dev/pts. */
static int32_t make_pipes(const struct pintle_process *process, struct order *order) {
    if (process->is_session || process->tty)
        return 0;
    for (int stream = 0; stream < 3; stream++) {
        int ends[2];
        if (stream == 0 && !(order->flags & PINTLE_INFRA_FLAG_STDIN))
            continue;
        if (pipe2(ends, O_CLOEXEC) != 0)
            return errno;
        int ours = stream == 0 ? 1 : 0;
        order->ours[stream] = ends[ours];
        order->theirs[stream] = ends[1 - ours];
        fcntl(ends[ours], F_SETFL, O_NONBLOCK);
        /* The container goes on writing while we do; memory is taken when there is something in it. */
        if (stream != 0)
            fcntl(ends[ours], F_SETPIPE_SZ, pipe_size);
    }
    return 0;
}

static struct pintle_process *running(const char *id) {
    struct pintle_process *process = id == NULL ? NULL : pintle_process_find(id);
    return process != NULL && process->phase == PINTLE_PHASE_RUNNING && !process->is_session
               ? process
               : NULL;
}

/* Makes new children be born in the wanted PID namespace. Returns an errno. */
static int32_t choose_pids(const struct pintle_process *process, struct order *order,
                           uint64_t *flags) {
    struct pintle_process *target;
    if (process->is_session) {
        if ((target = running(process->container)) == NULL)
            return ESRCH;
        order->child.target = target->pidfd;
        return pintle_setns(target->pidfd, CLONE_NEWPID) == 0 ? 0 : errno;
    }
    switch (order->pid_mode) {
    case PINTLE_INFRA_PID_OWN:
        *flags |= CLONE_NEWPID;
        return 0;
    case PINTLE_INFRA_PID_NODE:
        return 0;
    case PINTLE_INFRA_PID_POD:
        if (pintle_pod.shared_pids < 0)
            return ENOTSUP;
        return pintle_setns(pintle_pod.shared_pids, CLONE_NEWPID) == 0 ? 0 : errno;
    case PINTLE_INFRA_PID_OF_TARGET:
        if ((target = running(order->pid_target)) == NULL)
            return ESRCH;
        return pintle_setns(target->pidfd, CLONE_NEWPID) == 0 ? 0 : errno;
    default:
        return EINVAL;
    }
}

static int32_t launch(struct pintle_process *process, struct order *order) {
    uint64_t flags = 0;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, order->setup) != 0)
        return errno;
    int32_t error = choose_pids(process, order, &flags);
    if (error == 0) {
        order->child.setup = order->setup[1];
        order->child.tty = process->tty;
        order->child.width = process->width;
        order->child.height = process->height;
        memcpy(order->child.streams, order->theirs, sizeof order->theirs);
        process->pid = pintle_clone(flags, &process->pidfd, order->cgroup);
        if (process->pid == 0)
            pintle_child_run(&order->child);
        if (process->pid < 0)
            error = errno;
    }
    /* Our own children would be born in a stranger's namespace: better none than that. */
    if (pintle_setns(pintle_pod.own_pids, CLONE_NEWPID) != 0)
        abort();
    return error;
}

static void close_if_open(int *fd) {
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void close_order(struct order *order) {
    for (int stream = 0; stream < 3; stream++) {
        close_if_open(&order->ours[stream]);
        close_if_open(&order->theirs[stream]);
    }
    close_if_open(&order->setup[0]);
    close_if_open(&order->setup[1]);
    close_if_open(&order->child.spec);
    close_if_open(&order->cgroup);
}

static void adopt_streams(struct pintle_process *process, struct order *order) {
    process->setup.fd = order->setup[0];
    order->setup[0] = -1;
    fcntl(process->setup.fd, F_SETFL, O_NONBLOCK);
    pintle_source_watch(&process->setup, EPOLLIN);
    process->end.fd = process->pidfd;
    pintle_source_watch(&process->end, EPOLLIN);
    if (process->tty)
        return;
    process->input.fd = order->ours[0];
    process->output[0].fd = order->ours[1];
    process->output[1].fd = order->ours[2];
    order->ours[0] = order->ours[1] = order->ours[2] = -1;
    pintle_stream_update(process);
}

void pintle_start(struct pintle_connection *connection, struct pintle_packet *packet,
                  bool is_session) {
    struct order order = {
        .child = {.setup = -1, .spec = -1, .target = -1},
        .ours = {-1, -1, -1},
        .theirs = {-1, -1, -1},
        .setup = {-1, -1},
        .cgroup = -1,
    };
    struct pintle_process *process = pintle_process_allocate();
    int32_t error = 0;
    const char *stage = "packet";
    if (process == NULL || pintle_control_shutting_down()) {
        if (process != NULL)
            pintle_process_free(process);
        pintle_reply(connection, packet->header.request, process == NULL ? EAGAIN : ESHUTDOWN,
                     "start", NULL);
        return;
    }
    char id[PINTLE_ID];
    process->is_session = is_session;
    process->requester = connection;
    process->request = packet->header.request;
    error = read_order(packet, process, &order);
    /* The entry itself must not be found when looking for another one of its name. */
    memcpy(id, process->id, sizeof id);
    process->id[0] = 0;
    if (error == 0 && pintle_process_find(id) != NULL)
        error = EEXIST;
    memcpy(process->id, id, sizeof id);
    if (error == 0) {
        stage = "clone";
        error = make_pipes(process, &order);
    }
    if (error == 0)
        error = launch(process, &order);
    if (error != 0) {
        close_order(&order);
        pintle_process_free(process);
        pintle_reply(connection, packet->header.request, error, stage, NULL);
        return;
    }
    adopt_streams(process, &order);
    if (process->tty && is_session) {
        /* Its output stops at the first byte that a client can't take, so it waits for the terminal. */
        pintle_client_add(process, process->id, order.ours[0], order.ours[1], order.ours[2]);
        order.ours[0] = order.ours[1] = order.ours[2] = -1;
    }
    close_order(&order);
    if (!is_session)
        pintle_log_open(&process->log);
}

static void adopt_terminal(struct pintle_process *process, int fd) {
    int writer = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    process->output[0].fd = fd;
    process->input.fd = writer;
    pintle_stream_update(process);
    pintle_client_resume_input(process);
}

/* Receives one message. Returns its size, 0 at the end, -1 when there is none now. */
static ssize_t receive(struct pintle_process *process, struct pintle_setup_message *message,
                       int *fd) {
    char control[CMSG_SPACE(sizeof(int))];
    struct iovec part = {message, sizeof *message};
    struct msghdr head = {.msg_iov = &part,
                          .msg_iovlen = 1,
                          .msg_control = control,
                          .msg_controllen = sizeof control};
    *fd = -1;
    ssize_t count = recvmsg(process->setup.fd, &head, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    struct cmsghdr *rights = count > 0 ? CMSG_FIRSTHDR(&head) : NULL;
    if (rights != NULL && rights->cmsg_type == SCM_RIGHTS &&
        rights->cmsg_len == CMSG_LEN(sizeof(int))) {
        memcpy(fd, CMSG_DATA(rights), sizeof *fd);
    }
    return count;
}

static void take_message(struct pintle_process *process, const struct pintle_setup_message *message,
                         int fd) {
    switch (message->kind) {
    case PINTLE_SETUP_FAILED:
        process->phase = PINTLE_PHASE_FAILED;
        process->failure = message->error;
        memcpy(process->failure_stage, message->stage, sizeof process->failure_stage - 1);
        memcpy(process->failure_detail, message->detail, sizeof process->failure_detail - 1);
        break;
    case PINTLE_SETUP_IDENTITY:
        process->uid = message->uid;
        process->gid = message->gid;
        process->group_count =
            message->group_count < PINTLE_GROUPS ? message->group_count : PINTLE_GROUPS;
        memcpy(process->groups, message->groups, process->group_count * sizeof(uint32_t));
        break;
    case PINTLE_SETUP_READY:
        process->ready_to_exec = true;
        break;
    case PINTLE_SETUP_TERMINAL:
        if (fd >= 0 && process->tty && process->output[0].fd < 0) {
            adopt_terminal(process, fd);
            return;
        }
        break;
    default:
        break;
    }
    if (fd >= 0)
        close(fd);
}

void pintle_start_heard(struct pintle_process *process) {
    static struct pintle_setup_message message;
    for (;;) {
        int fd;
        ssize_t count = receive(process, &message, &fd);
        if (count < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (count == (ssize_t)sizeof message) {
            take_message(process, &message, fd);
            continue;
        }
        if (fd >= 0)
            close(fd);
        break;
    }
    /* Closed by exec, or by death: a process that had announced exec and not said that it failed runs its program. */
    pintle_source_close(&process->setup);
    if (process->phase != PINTLE_PHASE_STARTING || !process->ready_to_exec)
        return;
    process->phase = PINTLE_PHASE_RUNNING;
    process->started_at = pintle_now_real();
    pintle_reply_started(process);
}
