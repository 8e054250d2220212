/* A user namespace and namespaces that belong to it, without anybody who stays in them. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pintle_spawn.h"

enum { stack_size = 16384 };

/* Shares our memory until it is killed: only system calls, and all signals are blocked. */
static int wait_for_death(void *context) {
    (void)context;
    syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    for (;;)
        syscall(SYS_ppoll, NULL, 0, NULL, NULL, 0);
    return 0;
}

static int write_map(int pid, const char *name, uint32_t first, uint32_t count) {
    char path[64], text[64];
    snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    int length = snprintf(text, sizeof text, "0 %u %u\n", (unsigned)first, (unsigned)count);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t written = write(fd, text, (size_t)length);
    int error = errno;
    close(fd);
    errno = error;
    return written == length ? 0 : -1;
}

static int open_namespace(int pid, const char *name) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/ns/%s", pid, name);
    return open(path, O_RDONLY | O_CLOEXEC);
}

static int fill(int pid, uint32_t namespaces, uint32_t first, uint32_t count,
                struct pintle_user_namespaces *result) {
    if (write_map(pid, "uid_map", first, count) != 0 ||
        write_map(pid, "gid_map", first, count) != 0)
        return -1;
    if ((result->users = open_namespace(pid, "user")) < 0)
        return -1;
    if (namespaces & PINTLE_SPAWN_NETWORK && (result->network = open_namespace(pid, "net")) < 0)
        return -1;
    if (namespaces & PINTLE_SPAWN_IPC && (result->ipc = open_namespace(pid, "ipc")) < 0)
        return -1;
    if (namespaces & PINTLE_SPAWN_UTS && (result->uts = open_namespace(pid, "uts")) < 0)
        return -1;
    return 0;
}

void pintle_close_user_namespaces(struct pintle_user_namespaces *namespaces) {
    int *all[4] = {&namespaces->users, &namespaces->network, &namespaces->ipc, &namespaces->uts};
    for (int index = 0; index < 4; index++) {
        if (*all[index] >= 0)
            close(*all[index]);
        *all[index] = -1;
    }
}

int pintle_make_user_namespaces(uint32_t namespaces, uint32_t first, uint32_t count,
                                struct pintle_user_namespaces *result) {
    char stack[stack_size] __attribute__((aligned(16)));
    int flags = CLONE_VM | CLONE_PIDFD | CLONE_NEWUSER | SIGCHLD;
    int pidfd = -1;
    sigset_t all, mask;
    *result = (struct pintle_user_namespaces){-1, -1, -1, -1};
    if (namespaces & PINTLE_SPAWN_NETWORK)
        flags |= CLONE_NEWNET;
    if (namespaces & PINTLE_SPAWN_IPC)
        flags |= CLONE_NEWIPC;
    if (namespaces & PINTLE_SPAWN_UTS)
        flags |= CLONE_NEWUTS;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &mask);
    int pid = clone(wait_for_death, stack + stack_size, flags, NULL, &pidfd);
    int error = errno;
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
    if (pid < 0) {
        errno = error;
        return -1;
    }
    int status = fill(pid, namespaces, first, count, result);
    error = errno;
    pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
    /* Its stack is ours: it must be gone before we return. */
    while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
        ;
    close(pidfd);
    if (status != 0)
        pintle_close_user_namespaces(result);
    errno = error;
    return status;
}
