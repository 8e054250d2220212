#define _GNU_SOURCE
#include "pintle_spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pintle_infra_protocol.h"

enum { stack_size = 32768, high_descriptor = 64 };

struct launch {
    int program, control, directory, mounts;
    const struct pintle_user_namespaces *joined;
    const char *name;
    sigset_t mask; /* of the caller */
    /* Written by the child, which shares our memory until it runs the program. */
    volatile int error;
    const char *volatile stage;
};

int pintle_open_program(const char *path) {
    struct mount_attr attributes = {.attr_set =
                                        MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV};
    int fd = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (fd < 0)
        return -1;
    if (mount_setattr(fd, "", AT_EMPTY_PATH, &attributes, sizeof attributes) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

static int fail(struct launch *launch, const char *stage) {
    launch->error = errno;
    launch->stage = stage;
    return 127;
}

static int join(const struct pintle_user_namespaces *joined) {
    if (joined == NULL)
        return 0;
    if (joined->network >= 0 && setns(joined->network, CLONE_NEWNET) != 0)
        return -1;
    if (joined->ipc >= 0 && setns(joined->ipc, CLONE_NEWIPC) != 0)
        return -1;
    return joined->uts >= 0 ? setns(joined->uts, CLONE_NEWUTS) : 0;
}

/* Runs in the child, on a stack of its own but in our memory: only system calls. */
static int child_main(void *context) {
    struct launch *launch = context;
    struct sigaction standard = {.sa_handler = SIG_DFL};
    for (int number = 1; number < NSIG; number++)
        sigaction(number, &standard, NULL);
    if (join(launch->joined) != 0)
        return fail(launch, "namespaces");
    /* Out of the way first, so that no target overwrites a source. */
    int users = launch->joined == NULL ? -1 : launch->joined->users;
    int sources[5] = {launch->control, launch->directory, launch->mounts, users, launch->program};
    for (int index = 0; index < 5; index++) {
        if (sources[index] < 0)
            continue;
        sources[index] = fcntl(sources[index], F_DUPFD_CLOEXEC, high_descriptor);
        if (sources[index] < 0)
            return fail(launch, "descriptors");
    }
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0)
        return fail(launch, "/dev/null");
    for (int fd = 0; fd < 3; fd++) {
        if (dup2(null, fd) < 0)
            return fail(launch, "descriptors");
    }
    close(PINTLE_INFRA_FD_USERS);
    for (int index = 0; index < 4; index++) {
        if (sources[index] < 0)
            continue;
        if (dup2(sources[index], PINTLE_INFRA_FD_CONTROL + index) < 0)
            return fail(launch, "descriptors");
    }
    int program = PINTLE_INFRA_FD_FIRST_FREE;
    if (dup3(sources[4], program, O_CLOEXEC) < 0)
        return fail(launch, "descriptors");
    if (close_range((unsigned)program + 1, ~0u, 0) != 0)
        return fail(launch, "close_range");
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    char *arguments[] = {(char *)"pintle-infra", (char *)(uintptr_t)launch->name, NULL};
    char *environment[] = {NULL};
    syscall(SYS_execveat, program, "", arguments, environment, AT_EMPTY_PATH);
    return fail(launch, "exec");
}

static int clone_flags(uint32_t namespaces) {
    int flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD | CLONE_NEWNS | SIGCHLD;
    if (namespaces & PINTLE_SPAWN_NETWORK)
        flags |= CLONE_NEWNET;
    if (namespaces & PINTLE_SPAWN_IPC)
        flags |= CLONE_NEWIPC;
    if (namespaces & PINTLE_SPAWN_UTS)
        flags |= CLONE_NEWUTS;
    return flags;
}

int pintle_spawn_infra(int program, int control, int directory, int mounts, uint32_t namespaces,
                       const struct pintle_user_namespaces *joined, const char *name, int *pidfd,
                       const char **stage) {
    char stack[stack_size] __attribute__((aligned(16)));
    struct launch launch = {.program = program,
                            .control = control,
                            .directory = directory,
                            .mounts = mounts,
                            .joined = joined,
                            .name = name};
    sigset_t all;
    sigfillset(&all);
    *stage = "clone";
    pthread_sigmask(SIG_BLOCK, &all, &launch.mask);
    int pid = clone(child_main, stack + stack_size, clone_flags(namespaces), &launch, pidfd);
    int error = errno;
    pthread_sigmask(SIG_SETMASK, &launch.mask, NULL);
    if (pid > 0 && launch.error == 0)
        return pid;
    if (pid > 0) {
        error = launch.error;
        *stage = launch.stage;
        waitpid(pid, NULL, __WALL);
        close(*pidfd);
    }
    errno = error;
    return -1;
}

int pintle_reap(int pidfd) {
    siginfo_t info = {0};
    if (waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG | __WALL) != 0)
        return 1;
    return info.si_pid != 0;
}

int pintle_signal_process(int pidfd, int number) {
    return pidfd_send_signal(pidfd, number, NULL, 0);
}

int pintle_open_process(int pid) { return pidfd_open(pid, 0); }
