#define _GNU_SOURCE
#include "kernel.h"

#include <linux/openat2.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Newer than some C libraries' lists; the numbers are the same on every architecture. */
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif

int pintle_open_tree(int directory, const char *path, unsigned flags) {
    return (int)syscall(SYS_open_tree, directory, path, flags | OPEN_TREE_CLOEXEC);
}

int pintle_move_mount(int from, int to) {
    return (int)syscall(SYS_move_mount, from, "", to, "",
                        MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

int pintle_fsopen(const char *type, unsigned flags) {
    return (int)syscall(SYS_fsopen, type, flags);
}

int pintle_fsconfig(int context, unsigned command, const char *key, const char *value) {
    return (int)syscall(SYS_fsconfig, context, command, key, value, 0);
}

int pintle_fsmount(int context, unsigned flags, unsigned attributes) {
    return (int)syscall(SYS_fsmount, context, flags, attributes);
}

int pintle_mount_setattr(int mount, unsigned flags, struct mount_attr *attributes) {
    return (int)syscall(SYS_mount_setattr, mount, "", flags | AT_EMPTY_PATH, attributes,
                        sizeof *attributes);
}

int pintle_mount(const char *source, const char *target, const char *type, unsigned long flags,
                 const char *options) {
    return (int)syscall(SYS_mount, source, target, type, flags, options);
}

int pintle_unmount(const char *target, int flags) {
    return (int)syscall(SYS_umount2, target, flags);
}

int pintle_pivot_root(const char *root, const char *old) {
    return (int)syscall(SYS_pivot_root, root, old);
}

int pintle_openat2(int directory, const char *path, uint64_t flags, uint64_t resolve) {
    struct open_how how = {.flags = flags | O_CLOEXEC, .resolve = resolve};
    return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

int pintle_setns(int descriptor, int type) { return (int)syscall(SYS_setns, descriptor, type); }

int pintle_unshare(int flags) { return (int)syscall(SYS_unshare, flags); }

int pintle_close_range(unsigned first, unsigned last, unsigned flags) {
    return (int)syscall(SYS_close_range, first, last, flags);
}

int pintle_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int pintle_pidfd_signal(int pidfd, int number) {
    return (int)syscall(SYS_pidfd_send_signal, pidfd, number, NULL, 0);
}

int pintle_rename_new(int directory, const char *from, const char *to) {
    return (int)syscall(SYS_renameat2, directory, from, directory, to, 1 /* RENAME_NOREPLACE */);
}

pid_t pintle_clone(uint64_t flags, int *pidfd, int cgroup) {
    struct clone_args arguments = {
        .flags =
            flags | (pidfd ? (uint64_t)CLONE_PIDFD : 0) | (cgroup >= 0 ? CLONE_INTO_CGROUP : 0),
        .pidfd = (uint64_t)(uintptr_t)pidfd,
        .exit_signal = flags & CLONE_PARENT ? 0 : SIGCHLD,
        .cgroup = cgroup >= 0 ? (uint64_t)cgroup : 0,
    };
    return (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
}
