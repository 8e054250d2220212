/*
 * System calls that C libraries lack, or declare in ways that clash with the kernel's own headers. With them the infra
 * process builds against musl as well as glibc. musl is what is shipped: in a virtual machine glibc's start-up alone
 * costs 0.6 ms, since it asks the processor for its features again and again, and the program is ten times the size.
 */
#ifndef PINTLE_KERNEL_H
#define PINTLE_KERNEL_H

#include <fcntl.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif
#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif
#define PINTLE_UNMOUNT_DETACH 2
#define PINTLE_RANGE_CLOEXEC 4     /* CLOSE_RANGE_CLOEXEC */
#define PINTLE_WAIT_PIDFD 3        /* P_PIDFD */
#define PINTLE_WAIT_ALL 0x40000000 /* __WALL */

int pintle_open_tree(int directory, const char *path, unsigned flags);
int pintle_move_mount(int from, int to); /* both whole descriptors */
int pintle_fsopen(const char *type, unsigned flags);
int pintle_fsconfig(int context, unsigned command, const char *key, const char *value);
int pintle_fsmount(int context, unsigned flags, unsigned attributes);
int pintle_mount_setattr(int mount, unsigned flags, struct mount_attr *attributes);
int pintle_mount(const char *source, const char *target, const char *type, unsigned long flags,
                 const char *options);
int pintle_unmount(const char *target, int flags);
int pintle_pivot_root(const char *root, const char *old);
int pintle_openat2(int directory, const char *path, uint64_t flags, uint64_t resolve);
int pintle_setns(int descriptor, int type);
int pintle_unshare(int flags);
int pintle_close_range(unsigned first, unsigned last, unsigned flags);
int pintle_pidfd_open(pid_t pid);
int pintle_pidfd_signal(int pidfd, int number);
int pintle_rename_new(int directory, const char *from,
                      const char *to); /* EEXIST when `to` is there */
/* clone3; cgroup is a directory to be cloned into or -1. Returns the pid, 0 in the child, -1 with errno. */
pid_t pintle_clone(uint64_t flags, int *pidfd, int cgroup);

#endif
