/* The new process, from its clone to its program. Each step that fails is named to the infra process. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include "child.h"

static int setup = -1;
static struct pintle_setup_message message;

static void tell(uint32_t kind, int fd) {
    char control[CMSG_SPACE(sizeof(int))];
    struct iovec part = {&message, sizeof message};
    struct msghdr head = {.msg_iov = &part, .msg_iovlen = 1};
    message.kind = kind;
    if (fd >= 0) {
        memset(control, 0, sizeof control);
        head.msg_control = control;
        head.msg_controllen = sizeof control;
        struct cmsghdr *rights = CMSG_FIRSTHDR(&head);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(rights), &fd, sizeof fd);
    }
    if (sendmsg(setup, &head, MSG_NOSIGNAL) != (ssize_t)sizeof message)
        _exit(128);
}

void pintle_fail(const char *stage, int error, const char *detail) {
    message.error = error == 0 ? EIO : error;
    strncpy(message.stage, stage, sizeof message.stage - 1);
    strncpy(message.detail, detail, sizeof message.detail - 1);
    tell(PINTLE_SETUP_FAILED, -1);
    _exit(128);
}

static void reset_signals(void) {
    sigset_t none;
    /* The infra process has no handlers, and ignores none of the real-time signals. */
    for (int number = 1; number < 32; number++)
        signal(number, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Nothing of the infra process may be reachable from inside the container, not even before exec. */
static void close_others(const struct pintle_child *child) {
    int kept[16] = {setup,
                    child->spec,
                    child->streams[0],
                    child->streams[1],
                    child->streams[2],
                    child->target,
                    pintle_pod.host_mounts,
                    pintle_pod.pod_mounts,
                    pintle_pod.users};
    unsigned from = 0;
    for (;;) {
        unsigned next = ~0u;
        for (size_t index = 0; index < 9; index++) {
            if (kept[index] >= 0 && (unsigned)kept[index] >= from && (unsigned)kept[index] < next) {
                next = (unsigned)kept[index];
            }
        }
        if (next > from)
            pintle_close_range(from, next == ~0u ? next : next - 1, 0);
        if (next == ~0u)
            return;
        from = next + 1;
    }
}

static void enter_cgroups(const struct pintle_spec *spec) {
    struct pintle_reader reader = pintle_spec_fields(spec);
    struct pintle_field field;
    while (pintle_spec_next(&reader, PINTLE_SPEC_JOIN, &field)) {
        const char *path = pintle_spec_text(&field);
        if (pintle_write_file(path, "0") != 0)
            pintle_fail("cgroup", errno, path);
    }
    reader = pintle_spec_fields(spec);
    while (pintle_spec_next(&reader, PINTLE_SPEC_OOM_SCORE, &field)) {
        int32_t score = 0;
        char text[16];
        if (!pintle_field_i32(&field, &score))
            pintle_fail("specification", EINVAL, "oom score");
        snprintf(text, sizeof text, "%d", (int)score);
        (void)pintle_write_file("/proc/self/oom_score_adj", text);
    }
}

/* A terminal of the container's own /dev/pts. Returns its slave side. */
static int open_terminal(const struct pintle_child *child, int root) {
    struct winsize size = {.ws_col = (unsigned short)child->width,
                           .ws_row = (unsigned short)child->height};
    int node = pintle_path_open(root, "/dev/pts/ptmx");
    if (node < 0)
        pintle_fail("terminal", errno, "/dev/pts/ptmx");
    int master = openat(root, "dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NOFOLLOW);
    int unlocked = 0;
    if (master < 0 || ioctl(master, TIOCSPTLCK, &unlocked) != 0)
        pintle_fail("terminal", errno, "/dev/pts/ptmx");
    int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave < 0)
        pintle_fail("terminal", errno, "slave");
    if (size.ws_col > 0 && size.ws_row > 0)
        ioctl(master, TIOCSWINSZ, &size);
    tell(PINTLE_SETUP_TERMINAL, master);
    close(master);
    close(node);
    return slave;
}

static void tell_identity(const struct pintle_spec *spec) {
    message.uid = spec->uid;
    message.gid = spec->gid;
    message.group_count =
        (uint32_t)(spec->group_count < PINTLE_GROUPS ? spec->group_count : PINTLE_GROUPS);
    memcpy(message.groups, spec->groups, message.group_count * sizeof(uint32_t));
    tell(PINTLE_SETUP_IDENTITY, -1);
}

/* The program may open its standard streams by name, also when it isn't root. */
static void place_streams(const struct pintle_child *child, const struct pintle_spec *spec,
                          int terminal) {
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    setsid();
    for (int stream = 0; stream < 3; stream++) {
        int fd = child->tty ? terminal : child->streams[stream];
        struct stat info;
        if (fd < 0)
            fd = null;
        if (fd < 0)
            pintle_fail("standard streams", ENOENT, "/dev/null");
        bool ours = fstat(fd, &info) == 0 && (S_ISFIFO(info.st_mode) || child->tty);
        if (ours)
            (void)fchown(fd, spec->first_id + spec->uid, (gid_t)-1);
        /* Where it lies there already, dup2 would leave it close-on-exec. */
        if (fd == stream ? fcntl(fd, F_SETFD, 0) != 0 : dup2(fd, stream) < 0)
            pintle_fail("standard streams", errno, "");
    }
    if (child->tty && ioctl(0, TIOCSCTTY, 0) != 0)
        pintle_fail("terminal", errno, "controlling");
}

static void set_home(struct pintle_spec *spec) {
    for (size_t index = 0; index < spec->environment_count; index++) {
        if (strncmp(spec->environment[index], "HOME=", 5) == 0)
            return;
    }
    const char *home = spec->home != NULL && spec->home[0] != 0 ? spec->home : "/";
    char *variable = pintle_child_memory(strlen(home) + 6);
    memcpy(variable, "HOME=", 5);
    strcpy(variable + 5, home);
    spec->environment[spec->environment_count] = variable;
}

/* Dies with the infra process. Changing the user has cleared it, so it is set last; and if the infra process was gone
 * before that, its end of the socket is closed. */
static void die_with_parent(void) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    struct pollfd end = {.fd = setup};
    if (poll(&end, 1, 0) > 0 && end.revents & (POLLHUP | POLLERR))
        _exit(128);
}

static const char *find_variable(char **environment, const char *name) {
    size_t length = strlen(name);
    for (; *environment != NULL; environment++) {
        if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=')
            return *environment + length + 1;
    }
    return "";
}

static bool is_program(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode) &&
           faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0;
}

/* The program's path: as it is when it has a slash, else looked up in the container's PATH. */
static const char *find_program(char **environment, const char *name) {
    struct stat info;
    if (strchr(name, '/') != NULL) {
        if (stat(name, &info) != 0)
            pintle_fail("exec stat", errno, name);
        if (S_ISDIR(info.st_mode))
            pintle_fail("exec", EISDIR, name);
        if (!is_program(name))
            pintle_fail("exec", EACCES, name);
        return name;
    }
    char *path = pintle_child_memory(8192);
    for (const char *list = find_variable(environment, "PATH"); *list != 0 && name[0] != 0;) {
        size_t length = strcspn(list, ":");
        if (length > 0 && list[0] == '/' && length + strlen(name) + 2 <= 8192) {
            memcpy(path, list, length);
            path[length] = '/';
            strcpy(path + length + 1, name);
            if (is_program(path))
                return path;
        }
        list += length;
        if (*list == ':')
            list++;
    }
    pintle_fail("exec lookup", ENOENT, name);
}

static _Noreturn void run_program(const struct pintle_spec *spec) {
    const char *directory = spec->directory != NULL && spec->directory[0] ? spec->directory : "/";
    if (chdir(directory) != 0)
        pintle_fail("working directory", errno, directory);
    umask(spec->has_umask ? spec->umask : 0022);
    const char *program = find_program(spec->environment, spec->arguments[0]);
    die_with_parent();
    tell(PINTLE_SETUP_READY, -1);
    execve(program, spec->arguments, spec->environment);
    pintle_fail("exec", errno, spec->arguments[0]);
}

/*
 * Becomes a stranger to the host's users. The mounts are copied into a namespace that belongs to the pod's users, where
 * the kernel locks them together: nobody inside can take one away to see what it hides.
 */
static void enter_users(const struct pintle_spec *spec, bool is_session) {
    if (!spec->has_users)
        return;
    if (pintle_setns(pintle_pod.users, CLONE_NEWUSER) != 0)
        pintle_fail("user namespace", errno, "");
    if (!is_session && pintle_unshare(CLONE_NEWNS) != 0)
        pintle_fail("user namespace", errno, "mounts");
}

/* Nothing but the standard streams stays open, so that no path of the specification leads through a descriptor. */
static void close_rest(void) {
    if (setup > 3)
        pintle_close_range(3, (unsigned)setup - 1, 0);
    pintle_close_range((unsigned)setup + 1, ~0u, 0);
}

void pintle_child_run(const struct pintle_child *child) {
    static struct pintle_spec spec;
    int root, terminal = -1;
    bool is_session = child->target >= 0;
    setup = child->setup;
    reset_signals();
    die_with_parent();
    close_others(child);
    pintle_spec_load(&spec, child->spec);
    enter_cgroups(&spec);
    if (is_session) {
        if (pintle_setns(child->target, CLONE_NEWNS | CLONE_NEWCGROUP) != 0)
            pintle_fail("container", errno, "setns");
        root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (root < 0)
            pintle_fail("container", errno, "/");
    } else {
        if (!spec.has_root)
            pintle_fail("specification", EINVAL, "root");
        if (pintle_unshare(CLONE_NEWCGROUP) != 0)
            pintle_fail("cgroup namespace", errno, "");
        pintle_mounts_prepare(&spec);
        root = pintle_mounts_assemble(&spec);
    }
    if (child->tty)
        terminal = open_terminal(child, root);
    if (child->tty && !is_session)
        pintle_mounts_console(root, terminal);
    pintle_users_resolve(&spec, root);
    tell_identity(&spec);
    if (!is_session)
        pintle_mounts_enter(&spec, root);
    set_home(&spec);
    place_streams(child, &spec, terminal);
    pintle_limits_apply(&spec);
    if (spec.apparmor != NULL &&
        pintle_write_file("/proc/self/attr/apparmor/exec", spec.apparmor) != 0) {
        pintle_fail("apparmor", errno, spec.apparmor);
    }
    /* Keys that the pod's other containers hold are not this one's. */
    syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
    enter_users(&spec, is_session);
    close_rest();
    pintle_identity_apply(&spec);
    run_program(&spec);
}
