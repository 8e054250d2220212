/*
 * The container's file system. Everything is a descriptor of a detached mount first, made while the host's file system
 * is in view, and then attached in a mount namespace copied from the pod's, which holds next to nothing.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "child.h"

struct prepared {
    int mount; /* -1: left out */
    bool is_directory;
    const char *target;
};

static struct prepared *mounts;
static size_t mount_count;
static int root_mount = -1;
static int shm_mount = -1;

struct mount_order {
    uint32_t kind, flags;
    uint64_t attributes, propagation;
    const char *source, *target, *type;
    struct pintle_reader fields;
};

static struct mount_order read_order(const struct pintle_field *mount) {
    struct mount_order order = {.propagation = MS_PRIVATE, .fields = {mount->data, mount->length}};
    struct pintle_reader reader = order.fields;
    struct pintle_field field;
    int more;
    while ((more = pintle_read_field(&reader, &field)) > 0) {
        switch (field.tag) {
        case PINTLE_MOUNT_KIND: order.kind = pintle_spec_u32(&field); break;
        case PINTLE_MOUNT_SOURCE: order.source = pintle_spec_text(&field); break;
        case PINTLE_MOUNT_TARGET: order.target = pintle_spec_text(&field); break;
        case PINTLE_MOUNT_TYPE: order.type = pintle_spec_text(&field); break;
        case PINTLE_MOUNT_ATTRIBUTES: order.attributes = pintle_spec_u64(&field); break;
        case PINTLE_MOUNT_PROPAGATION: order.propagation = pintle_spec_u64(&field); break;
        case PINTLE_MOUNT_FLAGS: order.flags = pintle_spec_u32(&field); break;
        default: break;
        }
    }
    if (more < 0 || order.target == NULL || order.target[0] != '/') pintle_fail("specification", EINVAL, "mount");
    return order;
}

static void set_attributes(int mount, uint64_t attributes, uint64_t propagation, bool recursive, const char *detail) {
    unsigned below = AT_EMPTY_PATH | AT_RECURSIVE;
    struct mount_attr spread = {.propagation = propagation};
    struct mount_attr change = {.attr_set = attributes};
    if (propagation != 0 && mount_setattr(mount, "", below, &spread, sizeof spread) != 0) {
        pintle_fail("mount propagation", errno, detail);
    }
    if (attributes != 0 && mount_setattr(mount, "", recursive ? below : AT_EMPTY_PATH, &change, sizeof change) != 0) {
        pintle_fail("mount attributes", errno, detail);
    }
}

static int open_bind(const struct mount_order *order) {
    if (order->source == NULL || order->source[0] != '/') pintle_fail("specification", EINVAL, order->target);
    int mount = open_tree(AT_FDCWD, order->source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
    if (mount < 0) pintle_fail("mount source", errno, order->source);
    set_attributes(mount, order->attributes, order->propagation,
                   order->flags & PINTLE_MOUNT_RECURSIVE_ATTRIBUTES, order->source);
    return mount;
}

/* fsconfig's options: `key` or `key=value`. Returns -1 when the kernel refuses one. */
static int set_option(int context, const char *option) {
    char key[256];
    const char *equals = strchr(option, '=');
    if (equals == NULL) return fsconfig(context, FSCONFIG_SET_FLAG, option, NULL, 0);
    size_t length = (size_t)(equals - option);
    if (length >= sizeof key) {
        errno = EINVAL;
        return -1;
    }
    memcpy(key, option, length);
    key[length] = 0;
    return fsconfig(context, FSCONFIG_SET_STRING, key, equals + 1, 0);
}

static int try_new(const struct mount_order *order) {
    struct pintle_reader reader = order->fields;
    struct pintle_field field;
    int context = fsopen(order->type, FSOPEN_CLOEXEC);
    if (context < 0) return -1;
    (void)fsconfig(context, FSCONFIG_SET_STRING, "source", order->source ? order->source : order->type, 0);
    int result = 0;
    while (result == 0 && pintle_spec_next(&reader, PINTLE_MOUNT_OPTION, &field)) {
        result = set_option(context, pintle_spec_text(&field));
    }
    if (result == 0) result = fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
    if (result == 0) result = fsmount(context, FSMOUNT_CLOEXEC, (unsigned)order->attributes);
    int error = errno;
    close(context);
    errno = error;
    return result;
}

static int open_new(const struct mount_order *order) {
    if (order->type == NULL) pintle_fail("specification", EINVAL, order->target);
    int mount = try_new(order);
    if (mount < 0 && !(order->flags & PINTLE_MOUNT_OPTIONAL)) pintle_fail("mount", errno, order->target);
    return mount;
}

static int open_shm(const struct mount_order *order) {
    if (shm_mount < 0) pintle_fail("mount", ENODEV, order->target);
    int mount = shm_mount;
    shm_mount = -1;
    return mount;
}

/* The pod's /dev/shm is visible in the pod's mount namespace only. */
static void fetch_shm(void) {
    if (!pintle_pod.has_shm) return;
    if (setns(pintle_pod.pod_mounts, CLONE_NEWNS) != 0) pintle_fail("mounts", errno, "pod");
    shm_mount = open_tree(AT_FDCWD, "/shm", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (shm_mount < 0) pintle_fail("mount", errno, "/dev/shm");
    if (setns(pintle_pod.host_mounts, CLONE_NEWNS) != 0) pintle_fail("mounts", errno, "host");
}

static int open_layer(const char *path) {
    int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) pintle_fail("layer", errno, path);
    return fd;
}

static void set_directory(int context, const char *key, const char *path) {
    char name[16];
    snprintf(name, sizeof name, "%d", open_layer(path));
    if (fsconfig(context, FSCONFIG_SET_STRING, key, name, 0) != 0) pintle_fail("overlay", errno, path);
}

/*
 * fsconfig takes 255 characters, however many layers there are: each is named by the number of its descriptor, relative
 * to /proc/self/fd. Kernels from 6.8 on take layers one by one and have no such limit.
 */
static void set_layers(int context, const struct pintle_spec *spec) {
    char joined[256];
    char name[16];
    size_t used = 0;
    bool one_by_one = true;
    struct pintle_field field;
    struct pintle_reader reader = pintle_spec_fields(spec);
    while (pintle_spec_next(&reader, PINTLE_SPEC_LAYER, &field)) {
        const char *path = pintle_spec_text(&field);
        int length = snprintf(name, sizeof name, "%d", open_layer(path));
        if (one_by_one && fsconfig(context, FSCONFIG_SET_STRING, "lowerdir+", name, 0) == 0) continue;
        one_by_one = false;
        if (used + (size_t)length + 2 > sizeof joined) pintle_fail("overlay", E2BIG, path);
        if (used > 0) joined[used++] = ':';
        memcpy(joined + used, name, (size_t)length + 1);
        used += (size_t)length;
    }
    if (used > 0 && fsconfig(context, FSCONFIG_SET_STRING, "lowerdir", joined, 0) != 0) {
        pintle_fail("overlay", errno, "lowerdir");
    }
}

static void prepare_root(const struct pintle_spec *spec) {
    int context = fsopen("overlay", FSOPEN_CLOEXEC);
    if (context < 0) pintle_fail("overlay", errno, "");
    if (chdir("/proc/self/fd") != 0) pintle_fail("overlay", errno, "/proc/self/fd");
    (void)fsconfig(context, FSCONFIG_SET_STRING, "source", "overlay", 0);
    set_layers(context, spec);
    if (spec->upper != NULL) set_directory(context, "upperdir", spec->upper);
    if (spec->work != NULL) set_directory(context, "workdir", spec->work);
    if (spec->root_flags & PINTLE_SPEC_ROOT_VOLATILE) (void)fsconfig(context, FSCONFIG_SET_FLAG, "volatile", NULL, 0);
    if (fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) != 0) pintle_fail("overlay", errno, "create");
    root_mount = fsmount(context, FSMOUNT_CLOEXEC, 0);
    if (root_mount < 0) pintle_fail("overlay", errno, "mount");
    close(context);
    if (chdir("/") != 0) pintle_fail("overlay", errno, "/");
}

static void prepare_one(struct prepared *prepared, const struct pintle_field *field) {
    struct mount_order order = read_order(field);
    struct stat info;
    prepared->target = order.target;
    switch (order.kind) {
    case PINTLE_MOUNT_BIND: prepared->mount = open_bind(&order); break;
    case PINTLE_MOUNT_NEW: prepared->mount = open_new(&order); break;
    case PINTLE_MOUNT_SHM: prepared->mount = open_shm(&order); break;
    default: pintle_fail("specification", EINVAL, "mount");
    }
    if (prepared->mount < 0) return;
    if (fstat(prepared->mount, &info) != 0) pintle_fail("mount", errno, order.target);
    prepared->is_directory = S_ISDIR(info.st_mode);
}

void pintle_mounts_prepare(const struct pintle_spec *spec) {
    struct pintle_field field;
    struct pintle_reader reader = pintle_spec_fields(spec);
    while (pintle_spec_next(&reader, PINTLE_SPEC_MOUNT, &field)) mount_count++;
    mounts = pintle_child_memory(mount_count * sizeof *mounts);
    fetch_shm();
    prepare_root(spec);
    reader = pintle_spec_fields(spec);
    for (size_t index = 0; pintle_spec_next(&reader, PINTLE_SPEC_MOUNT, &field); index++) {
        prepare_one(&mounts[index], &field);
    }
}

static void attach(int mount, int place, const char *detail) {
    unsigned flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
    if (move_mount(mount, "", place, "", flags) != 0) pintle_fail("mount", errno, detail);
}

static void make_device(int root, const struct pintle_field *device) {
    struct pintle_reader reader = {device->data, device->length};
    struct pintle_field field;
    const char *path = NULL;
    uint32_t mode = 0, major_number = 0, minor_number = 0, uid = 0, gid = 0;
    char name[256];
    while (pintle_read_field(&reader, &field) > 0) {
        switch (field.tag) {
        case PINTLE_DEVICE_PATH: path = pintle_spec_text(&field); break;
        case PINTLE_DEVICE_MODE: mode = pintle_spec_u32(&field); break;
        case PINTLE_DEVICE_MAJOR: major_number = pintle_spec_u32(&field); break;
        case PINTLE_DEVICE_MINOR: minor_number = pintle_spec_u32(&field); break;
        case PINTLE_DEVICE_UID: uid = pintle_spec_u32(&field); break;
        case PINTLE_DEVICE_GID: gid = pintle_spec_u32(&field); break;
        default: break;
        }
    }
    if (path == NULL) pintle_fail("specification", EINVAL, "device");
    int parent = pintle_path_parent(root, path, name);
    if (parent < 0) pintle_fail("device", errno, path);
    if (mknodat(parent, name, mode, makedev(major_number, minor_number)) != 0 && errno != EEXIST) {
        pintle_fail("device", errno, path);
    }
    int node = openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (node < 0 || fchownat(node, "", uid, gid, AT_EMPTY_PATH) != 0) pintle_fail("device", errno, path);
    close(node);
    close(parent);
}

static void make_link(int root, const struct pintle_field *link) {
    struct pintle_reader reader = {link->data, link->length};
    struct pintle_field field;
    const char *path = NULL, *target = NULL;
    char name[256];
    while (pintle_read_field(&reader, &field) > 0) {
        if (field.tag == PINTLE_LINK_PATH) path = pintle_spec_text(&field);
        if (field.tag == PINTLE_LINK_TARGET) target = pintle_spec_text(&field);
    }
    if (path == NULL || target == NULL) pintle_fail("specification", EINVAL, "link");
    int parent = pintle_path_parent(root, path, name);
    if (parent < 0 || (symlinkat(target, parent, name) != 0 && errno != EEXIST)) pintle_fail("link", errno, path);
    close(parent);
}

int pintle_mounts_assemble(const struct pintle_spec *spec) {
    struct pintle_field field;
    if (setns(pintle_pod.pod_mounts, CLONE_NEWNS) != 0) pintle_fail("mounts", errno, "pod");
    if (unshare(CLONE_NEWNS) != 0) pintle_fail("mounts", errno, "container");
    int place = open("/root", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (place < 0) pintle_fail("mounts", errno, "root");
    attach(root_mount, place, "/");
    close(place);
    mode_t before = umask(0);
    for (size_t index = 0; index < mount_count; index++) {
        if (mounts[index].mount < 0) continue;
        int target = pintle_path_make(root_mount, mounts[index].target, mounts[index].is_directory);
        if (target < 0) pintle_fail("mount target", errno, mounts[index].target);
        attach(mounts[index].mount, target, mounts[index].target);
        close(target);
        close(mounts[index].mount);
    }
    struct pintle_reader reader = pintle_spec_fields(spec);
    while (pintle_spec_next(&reader, PINTLE_SPEC_DEVICE, &field)) make_device(root_mount, &field);
    reader = pintle_spec_fields(spec);
    while (pintle_spec_next(&reader, PINTLE_SPEC_LINK, &field)) make_link(root_mount, &field);
    umask(before);
    if (spec->directory != NULL && spec->directory[0] == '/' && spec->directory[1] != 0) {
        int directory = pintle_path_make(root_mount, spec->directory, true);
        if (directory < 0) pintle_fail("working directory", errno, spec->directory);
        close(directory);
    }
    return root_mount;
}

void pintle_mounts_console(int root, int terminal) {
    char path[64];
    unsigned number = 0;
    struct stat info;
    if (fstat(terminal, &info) != 0) pintle_fail("terminal", errno, "");
    number = minor(info.st_rdev);
    snprintf(path, sizeof path, "/dev/pts/%u", number);
    int node = pintle_path_open(root, path);
    if (node < 0) pintle_fail("terminal", errno, path);
    int mount = open_tree(node, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    int place = pintle_path_make(root, "/dev/console", false);
    if (mount < 0 || place < 0) pintle_fail("terminal", errno, "/dev/console");
    attach(mount, place, "/dev/console");
    close(mount);
    close(place);
    close(node);
}

/* A file is hidden by the null device, a directory by an empty read-only one. */
static void mask(int root, const char *path) {
    struct stat info;
    int place = pintle_path_open(root, path);
    if (place < 0 && (errno == ENOENT || errno == ENOTDIR)) return;
    if (place < 0 || fstat(place, &info) != 0) pintle_fail("masked path", errno, path);
    const char *source = S_ISDIR(info.st_mode) ? "/empty" : "/null";
    int mount = open_tree(AT_FDCWD, source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (mount < 0) pintle_fail("masked path", errno, source);
    set_attributes(mount, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOEXEC, 0, false, path);
    attach(mount, place, path);
    close(mount);
    close(place);
}

static void make_readonly(int root, const char *path) {
    int place = pintle_path_open(root, path);
    if (place < 0 && (errno == ENOENT || errno == ENOTDIR)) return;
    if (place < 0) pintle_fail("read-only path", errno, path);
    int mount = open_tree(place, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
    if (mount < 0) pintle_fail("read-only path", errno, path);
    set_attributes(mount, MOUNT_ATTR_RDONLY, 0, true, path);
    attach(mount, place, path);
    close(mount);
    close(place);
}

void pintle_mounts_enter(const struct pintle_spec *spec, int root) {
    struct pintle_field field;
    struct pintle_reader reader = pintle_spec_fields(spec);
    while (pintle_spec_next(&reader, PINTLE_SPEC_READONLY, &field)) make_readonly(root, pintle_spec_text(&field));
    reader = pintle_spec_fields(spec);
    while (pintle_spec_next(&reader, PINTLE_SPEC_MASK, &field)) mask(root, pintle_spec_text(&field));
    if (spec->root_flags & PINTLE_SPEC_ROOT_READONLY) set_attributes(root, MOUNT_ATTR_RDONLY, 0, false, "/");
    if (fchdir(root) != 0 || syscall(SYS_pivot_root, ".", ".") != 0) pintle_fail("pivot_root", errno, "");
    if (umount2(".", MNT_DETACH) != 0 || chdir("/") != 0) pintle_fail("pivot_root", errno, "umount");
}
