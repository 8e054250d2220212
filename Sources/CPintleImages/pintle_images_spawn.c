#define _GNU_SOURCE
#include "pintle_images_spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_DESCRIPTORS = 8 };

// glibc 2.36 names P_PIDFD but not pidfd_open.
static int open_pidfd(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0U); }

static int set_attributes(posix_spawnattr_t *attributes) {
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    int code = posix_spawnattr_setsigmask(attributes, &none);
    if (code == 0)
        code = posix_spawnattr_setsigdefault(attributes, &all);
    if (code == 0) {
        short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID;
        code = posix_spawnattr_setflags(attributes, flags);
    }
    return code;
}

static int set_descriptors(posix_spawn_file_actions_t *actions, const int *copies, size_t count) {
    int code = 0;
    for (size_t i = 0; i < count && code == 0; i++) {
        int target = (int)i;
        code = copies[i] < 0
                   ? posix_spawn_file_actions_addopen(actions, target, "/dev/null", O_RDWR, 0)
                   : posix_spawn_file_actions_adddup2(actions, copies[i], target);
    }
    return code != 0 ? code : posix_spawn_file_actions_addclosefrom_np(actions, (int)count);
}

int32_t pintle_images_spawn(const char *program, const char *const *arguments,
                            const int32_t *descriptors, size_t count, int32_t *pidfd) {
    if (count > MOST_DESCRIPTORS)
        return EINVAL;
    int copies[MOST_DESCRIPTORS];
    int code = 0;
    // Copies above all targets, so that no dup2 overwrites the source of a later one.
    for (size_t i = 0; i < count; i++) {
        copies[i] = descriptors[i] < 0 || code != 0
                        ? -1
                        : fcntl(descriptors[i], F_DUPFD_CLOEXEC, MOST_DESCRIPTORS);
        if (copies[i] < 0 && descriptors[i] >= 0 && code == 0)
            code = errno;
    }
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_init(&actions);
    if (code == 0)
        code = set_attributes(&attributes);
    if (code == 0)
        code = set_descriptors(&actions, copies, count);
    pid_t pid = 0;
    char *const environment[] = {NULL};
    if (code == 0) {
        // posix_spawn promises not to change the strings; its type predates const.
        union {
            const char *const *given;
            char *const *wanted;
        } vector = {.given = arguments};
        code = posix_spawn(&pid, program, &actions, &attributes, vector.wanted, environment);
    }
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    for (size_t i = 0; i < count; i++) {
        if (copies[i] >= 0)
            close(copies[i]);
    }
    if (code != 0)
        return code;
    *pidfd = open_pidfd(pid);
    if (*pidfd >= 0)
        return 0;
    code = errno;
    kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    return code;
}

int32_t pintle_images_wait(int32_t pidfd, int32_t milliseconds, pintle_images_exit *result) {
    struct pollfd item = {.fd = pidfd, .events = POLLIN};
    int ready = poll(&item, 1, milliseconds);
    if (ready == 0 || (ready < 0 && errno == EINTR))
        return ETIMEDOUT;
    if (ready < 0)
        return errno;
    siginfo_t info = {0};
    if (waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED) != 0)
        return errno == EINTR ? ETIMEDOUT : errno;
    int is_exit = info.si_code == CLD_EXITED;
    result->code = is_exit ? info.si_status : -1;
    result->signal = is_exit ? 0 : info.si_status;
    return 0;
}

void pintle_images_kill(int32_t pidfd) { syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0U); }
