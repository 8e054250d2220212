// Gives up everything that taking an archive apart does not need.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "unpack.h"

enum { MEMORY_LIMIT = 1 << 30, DESCRIPTOR_LIMIT = 2 * PINTLE_DEEPEST };

// Makes the directory the root of a mount tree that has nothing else in it.
static void enter_directory(int read_only) {
    // Cloned before unshare: the descriptor's mount belongs to the mount namespace it was opened
    // in.
    int tree =
        open_tree(PINTLE_DIRECTORY_FD, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (tree < 0)
        pintle_fail("sandbox", errno, "open_tree of the directory");
    if (fchdir(PINTLE_DIRECTORY_FD) != 0)
        pintle_fail("sandbox", errno, "fchdir");
    if (unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) != 0) {
        pintle_fail("sandbox", errno, "unshare");
    }
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        pintle_fail("sandbox", errno, "mount private");
    struct mount_attr attributes = {.attr_set =
                                        MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC};
    if (read_only)
        attributes.attr_set |= MOUNT_ATTR_RDONLY;
    if (mount_setattr(tree, "", AT_EMPTY_PATH, &attributes, sizeof attributes) != 0) {
        pintle_fail("sandbox", errno, "mount_setattr");
    }
    if (move_mount(tree, "", AT_FDCWD, ".", MOVE_MOUNT_F_EMPTY_PATH) != 0)
        pintle_fail("sandbox", errno, "move_mount");
    if (fchdir(tree) != 0)
        pintle_fail("sandbox", errno, "fchdir into the mount");
    if (syscall(SYS_pivot_root, ".", ".") != 0)
        pintle_fail("sandbox", errno, "pivot_root");
    if (umount2(".", MNT_DETACH) != 0)
        pintle_fail("sandbox", errno, "umount of the old root");
    if (chdir("/") != 0)
        pintle_fail("sandbox", errno, "chdir");
    close(tree);
}

static void limit_resource(int resource, rlim_t most) {
    struct rlimit limit;
    if (getrlimit((__rlimit_resource_t)resource, &limit) != 0)
        pintle_fail("sandbox", errno, "getrlimit");
    if (limit.rlim_max < most)
        most = limit.rlim_max;
    limit.rlim_cur = limit.rlim_max = most;
    if (setrlimit((__rlimit_resource_t)resource, &limit) != 0)
        pintle_fail("sandbox", errno, "setrlimit");
}

static void limit_resources(const pintle_options *options) {
    limit_resource(RLIMIT_CORE, 0);
    limit_resource(RLIMIT_AS, MEMORY_LIMIT);
    limit_resource(RLIMIT_NOFILE, DESCRIPTOR_LIMIT);
    limit_resource(RLIMIT_NPROC, 0);
    limit_resource(RLIMIT_MEMLOCK, 0);
    if (options->mode != PINTLE_PACK)
        limit_resource(RLIMIT_FSIZE, options->bytes);
}

static uint32_t wanted_capabilities(const pintle_options *options) {
    // Reading other people's files is all that packing needs.
    if (options->mode == PINTLE_PACK)
        return 1U << CAP_DAC_READ_SEARCH;
    uint32_t wanted =
        1U << CAP_CHOWN | 1U << CAP_DAC_OVERRIDE | 1U << CAP_FOWNER | 1U << CAP_FSETID;
    // CAP_SYS_ADMIN is for trusted.overlay.opaque; what else it allows, the system call filter
    // forbids.
    if (options->mode == PINTLE_LAYER)
        wanted |= 1U << CAP_MKNOD | 1U << CAP_SETFCAP | 1U << CAP_SYS_ADMIN;
    return wanted;
}

static void drop_capabilities(uint32_t wanted) {
    for (int capability = 0; prctl(PR_CAPBSET_READ, capability) >= 0; capability++) {
        if (capability < 32 && (wanted >> capability & 1U) != 0)
            continue;
        if (prctl(PR_CAPBSET_DROP, capability) != 0)
            pintle_fail("sandbox", errno, "PR_CAPBSET_DROP");
    }
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{.effective = wanted, .permitted = wanted}};
    if (syscall(SYS_capset, &header, data) != 0)
        pintle_fail("sandbox", errno, "capset");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        pintle_fail("sandbox", errno, "PR_SET_NO_NEW_PRIVS");
    if (prctl(PR_SET_DUMPABLE, 0) != 0)
        pintle_fail("sandbox", errno, "PR_SET_DUMPABLE");
}

// Files and memory, nothing else: no processes, sockets, mounts, namespaces, devices' controls or
// executable memory.
static const int allowed_calls[] = {
    SCMP_SYS(brk),        SCMP_SYS(clock_gettime), SCMP_SYS(close),      SCMP_SYS(exit),
    SCMP_SYS(exit_group), SCMP_SYS(fchmod),        SCMP_SYS(fchmodat),   SCMP_SYS(fchown),
    SCMP_SYS(fchownat),   SCMP_SYS(fcntl),         SCMP_SYS(fgetxattr),  SCMP_SYS(flistxattr),
    SCMP_SYS(fsetxattr),  SCMP_SYS(fstat),         SCMP_SYS(fstatfs),    SCMP_SYS(ftruncate),
    SCMP_SYS(futex),      SCMP_SYS(getdents64),    SCMP_SYS(getegid),    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),     SCMP_SYS(getpid),        SCMP_SYS(getrandom),  SCMP_SYS(gettimeofday),
    SCMP_SYS(getuid),     SCMP_SYS(linkat),        SCMP_SYS(lseek),      SCMP_SYS(madvise),
    SCMP_SYS(mkdirat),    SCMP_SYS(mknodat),       SCMP_SYS(mremap),     SCMP_SYS(munmap),
    SCMP_SYS(newfstatat), SCMP_SYS(openat),        SCMP_SYS(openat2),    SCMP_SYS(pread64),
    SCMP_SYS(pwrite64),   SCMP_SYS(read),          SCMP_SYS(readlinkat), SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(symlinkat),  SCMP_SYS(sysinfo),       SCMP_SYS(unlinkat),   SCMP_SYS(utimensat),
    SCMP_SYS(write),
};

static void filter_system_calls(void) {
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (filter == NULL)
        pintle_fail("sandbox", ENOMEM, "seccomp_init");
    int bad = 0;
    for (size_t i = 0; i < sizeof allowed_calls / sizeof allowed_calls[0]; i++) {
        bad |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed_calls[i], 0);
    }
    const struct scmp_arg_cmp no_exec = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
    bad |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, no_exec);
    bad |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, no_exec);
    if (bad != 0)
        pintle_fail("sandbox", EINVAL, "seccomp_rule_add");
    int code = seccomp_load(filter);
    if (code != 0)
        pintle_fail("sandbox", -code, "seccomp_load");
    seccomp_release(filter);
}

int pintle_enter_sandbox(const pintle_options *options) {
    if (close_range(PINTLE_REPORT_FD + 1, ~0U, 0) != 0)
        pintle_fail("sandbox", errno, "close_range");
    enter_directory(options->mode == PINTLE_PACK);
    int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root < 0)
        pintle_fail("sandbox", errno, "open of the new root");
    close(PINTLE_DIRECTORY_FD);
    limit_resources(options);
    drop_capabilities(wanted_capabilities(options));
    filter_system_calls();
    return root;
}
