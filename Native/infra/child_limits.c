/* What the program may do. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "child.h"

enum { last_capability = 63, rlimit_size = 20 };

/* Hard limits can't be raised without CAP_SYS_RESOURCE: the closest that is allowed is set then. */
void pintle_limits_apply(const struct pintle_spec *spec) {
    struct pintle_reader reader = pintle_spec_fields(spec);
    struct pintle_field field;
    while (pintle_spec_next(&reader, PINTLE_SPEC_RLIMIT, &field)) {
        uint32_t resource;
        uint64_t values[2];
        struct rlimit now;
        if (field.length != rlimit_size)
            pintle_fail("rlimit", EINVAL, "");
        memcpy(&resource, field.data, sizeof resource);
        memcpy(values, field.data + sizeof resource, sizeof values);
        struct rlimit wanted = {.rlim_cur = values[0], .rlim_max = values[1]};
        if (setrlimit((int)resource, &wanted) == 0)
            continue;
        if (errno != EPERM || getrlimit((int)resource, &now) != 0)
            pintle_fail("rlimit", errno, "");
        if (wanted.rlim_max > now.rlim_max)
            wanted.rlim_max = now.rlim_max;
        if (wanted.rlim_cur > wanted.rlim_max)
            wanted.rlim_cur = wanted.rlim_max;
        (void)setrlimit((int)resource, &wanted);
    }
}

static int set_capabilities(uint64_t effective, uint64_t permitted, uint64_t inheritable) {
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];
    for (int half = 0; half < 2; half++) {
        data[half].effective = (uint32_t)(effective >> (32 * half));
        data[half].permitted = (uint32_t)(permitted >> (32 * half));
        data[half].inheritable = (uint32_t)(inheritable >> (32 * half));
    }
    return (int)syscall(SYS_capset, &head, data);
}

void pintle_capabilities_clear(void) { (void)set_capabilities(0, 0, 0); }

static uint64_t permitted_now(void) {
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];
    if (syscall(SYS_capget, &head, data) != 0)
        pintle_fail("capabilities", errno, "");
    return data[0].permitted | (uint64_t)data[1].permitted << 32;
}

static void drop_bounding(uint64_t kept) {
    for (int capability = 0; capability <= last_capability; capability++) {
        if (kept >> capability & 1)
            continue;
        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0)
            continue;
        /* The kernel has no more of them. */
        if (errno == EINVAL)
            return;
        pintle_fail("capabilities", errno, "");
    }
}

static void change_capabilities(const struct pintle_capability_sets *sets) {
    /* The host may lack some itself; nobody can give what they don't have. */
    uint64_t permitted = sets->permitted & permitted_now();
    if (set_capabilities(sets->effective & permitted, permitted, sets->inheritable & permitted) !=
        0) {
        pintle_fail("capabilities", errno, "");
    }
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    for (int capability = 0; capability <= last_capability; capability++) {
        if (!(sets->ambient & sets->inheritable & permitted & (uint64_t)1 << capability))
            continue;
        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) != 0)
            pintle_fail("capabilities", errno, "");
    }
}

static void change_user(const struct pintle_spec *spec) {
    if (setgroups(spec->group_count, spec->groups) != 0)
        pintle_fail("groups", errno, "");
    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0)
        pintle_fail("user", errno, "");
    if (setresgid(spec->gid, spec->gid, spec->gid) != 0)
        pintle_fail("group", errno, "");
    if (setresuid(spec->uid, spec->uid, spec->uid) != 0)
        pintle_fail("user", errno, "");
}

static void install_filter(const struct pintle_spec *spec) {
    if (spec->seccomp_size == 0)
        return;
    size_t count = spec->seccomp_size / sizeof(struct sock_filter);
    if (count > 65535 || count * sizeof(struct sock_filter) != spec->seccomp_size)
        pintle_fail("seccomp", EINVAL, "");
    struct sock_filter *filter = pintle_child_memory(spec->seccomp_size);
    memcpy(filter, spec->seccomp, spec->seccomp_size);
    struct sock_fprog program = {.len = (unsigned short)count, .filter = filter};
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0)
        pintle_fail("seccomp", errno, "");
}

void pintle_identity_apply(const struct pintle_spec *spec) {
    if (spec->has_capabilities)
        drop_bounding(spec->capabilities.bounding);
    /* Without no_new_privs installing a filter takes CAP_SYS_ADMIN, so it comes first. */
    if (!spec->no_new_privileges)
        install_filter(spec);
    change_user(spec);
    if (spec->has_capabilities)
        change_capabilities(&spec->capabilities);
    if (!spec->no_new_privileges)
        return;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        pintle_fail("no_new_privs", errno, "");
    install_filter(spec);
}
