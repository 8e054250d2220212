/*
 * The container's file system. Everything is a descriptor of a detached mount first, made while the host's file system
 * is in view, and then attached in a mount namespace copied from the pod's, which holds next to nothing.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "child.h"

struct prepared {
    int mount; /* -1: left out */
    bool is_directory;
    bool no_links;
    const char *target;
    uint64_t attributes;
    struct pintle_layers
        *layers; /* joined once the mount namespace is there; NULL: `mount` is ready */
};

static struct prepared *mounts;
static size_t mount_count;
static int root_mount = -1;
static struct pintle_layers root_layers;
static int shm_mount = -1;

struct mount_order {
    uint32_t kind, flags;
    uint64_t attributes, propagation;
    const char *source, *target, *type, *sub_path;
    struct pintle_reader fields;
};

static struct mount_order read_order(const struct pintle_field *mount) {
    struct mount_order order = {.propagation = MS_PRIVATE, .fields = {mount->data, mount->length}};
    struct pintle_reader reader = order.fields;
    struct pintle_field field;
    int more;
    while ((more = pintle_read_field(&reader, &field)) > 0) {
        switch (field.tag) {
        case PINTLE_MOUNT_KIND:
            order.kind = pintle_spec_u32(&field);
            break;
        case PINTLE_MOUNT_SOURCE:
            order.source = pintle_spec_text(&field);
            break;
        case PINTLE_MOUNT_TARGET:
            order.target = pintle_spec_text(&field);
            break;
        case PINTLE_MOUNT_TYPE:
            order.type = pintle_spec_text(&field);
            break;
        case PINTLE_MOUNT_SUB_PATH:
            order.sub_path = pintle_spec_text(&field);
            break;
        case PINTLE_MOUNT_ATTRIBUTES:
            order.attributes = pintle_spec_u64(&field);
            break;
        case PINTLE_MOUNT_PROPAGATION:
            order.propagation = pintle_spec_u64(&field);
            break;
        case PINTLE_MOUNT_FLAGS:
            order.flags = pintle_spec_u32(&field);
            break;
        default:
            break;
        }
    }
    if (more < 0 || order.target == NULL || order.target[0] != '/')
        pintle_fail("specification", EINVAL, "mount");
    return order;
}

void pintle_mount_change(int mount, uint64_t attributes, uint64_t propagation, bool recursive,
                         const char *detail) {
    struct mount_attr spread = {.propagation = propagation};
    struct mount_attr change = {.attr_set = attributes};
    if (propagation != 0 && pintle_mount_setattr(mount, AT_RECURSIVE, &spread) != 0) {
        pintle_fail("mount propagation", errno, detail);
    }
    if (attributes != 0 &&
        pintle_mount_setattr(mount, recursive ? AT_RECURSIVE : 0, &change) != 0) {
        pintle_fail("mount attributes", errno, detail);
    }
}

void pintle_mount_map(int mount, bool recursive, const char *detail) {
    struct mount_attr change = {.attr_set = MOUNT_ATTR_IDMAP,
                                .userns_fd = (uint64_t)pintle_pod.users};
    if (pintle_mount_setattr(mount, recursive ? AT_RECURSIVE : 0, &change) != 0)
        pintle_fail("idmapped mount", errno, detail);
}

static int open_bind(const struct mount_order *order) {
    if (order->source == NULL || order->source[0] != '/')
        pintle_fail("specification", EINVAL, order->target);
    int mount = pintle_open_tree(AT_FDCWD, order->source, OPEN_TREE_CLONE | AT_RECURSIVE);
    if (mount < 0)
        pintle_fail("mount source", errno, order->source);
    if (order->flags & PINTLE_MOUNT_MAPPED && pintle_pod.users >= 0)
        pintle_mount_map(mount, true, order->source);
    pintle_mount_change(mount, order->attributes, order->propagation,
                        order->flags & PINTLE_MOUNT_RECURSIVE_ATTRIBUTES, order->source);
    return mount;
}

/* fsconfig's options: `key` or `key=value`. Returns -1 when the kernel refuses one. */
static int set_option(int context, const char *option) {
    char key[256];
    const char *equals = strchr(option, '=');
    if (equals == NULL)
        return pintle_fsconfig(context, FSCONFIG_SET_FLAG, option, NULL);
    size_t length = (size_t)(equals - option);
    if (length >= sizeof key) {
        errno = EINVAL;
        return -1;
    }
    memcpy(key, option, length);
    key[length] = 0;
    return pintle_fsconfig(context, FSCONFIG_SET_STRING, key, equals + 1);
}

static int try_new(const struct mount_order *order) {
    struct pintle_reader reader = order->fields;
    struct pintle_field field;
    int context = pintle_fsopen(order->type, FSOPEN_CLOEXEC);
    if (context < 0)
        return -1;
    (void)pintle_fsconfig(context, FSCONFIG_SET_STRING, "source",
                          order->source ? order->source : order->type);
    int result = 0;
    while (result == 0 && pintle_spec_next(&reader, PINTLE_MOUNT_OPTION, &field)) {
        result = set_option(context, pintle_spec_text(&field));
    }
    if (result == 0)
        result = pintle_fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL);
    if (result == 0)
        result = pintle_fsmount(context, FSMOUNT_CLOEXEC, (unsigned)order->attributes);
    int error = errno;
    close(context);
    errno = error;
    return result;
}

static int open_new(const struct mount_order *order) {
    if (order->type == NULL)
        pintle_fail("specification", EINVAL, order->target);
    int mount = try_new(order);
    if (mount < 0 && !(order->flags & PINTLE_MOUNT_OPTIONAL))
        pintle_fail("mount", errno, order->target);
    return mount;
}

static int open_shm(const struct mount_order *order) {
    if (shm_mount < 0)
        pintle_fail("mount", ENODEV, order->target);
    int mount = shm_mount;
    shm_mount = -1;
    return mount;
}

/* The pod's /dev/shm is visible in the pod's mount namespace only. */
static void fetch_shm(void) {
    if (!pintle_pod.has_shm)
        return;
    if (pintle_setns(pintle_pod.pod_mounts, CLONE_NEWNS) != 0)
        pintle_fail("mounts", errno, "pod");
    shm_mount = pintle_open_tree(AT_FDCWD, "/shm", OPEN_TREE_CLONE);
    if (shm_mount < 0)
        pintle_fail("mount", errno, "/dev/shm");
    if (pintle_setns(pintle_pod.host_mounts, CLONE_NEWNS) != 0)
        pintle_fail("mounts", errno, "host");
}

static void prepare_one(struct prepared *prepared, const struct pintle_field *field) {
    struct mount_order order = read_order(field);
    struct stat info;
    prepared->target = order.target;
    prepared->no_links = order.flags & PINTLE_MOUNT_NO_LINKS;
    prepared->attributes = order.attributes;
    prepared->mount = -1;
    switch (order.kind) {
    case PINTLE_MOUNT_BIND:
        prepared->mount = open_bind(&order);
        break;
    case PINTLE_MOUNT_NEW:
        prepared->mount = open_new(&order);
        break;
    case PINTLE_MOUNT_SHM:
        prepared->mount = open_shm(&order);
        break;
    case PINTLE_MOUNT_LAYERS:
        prepared->layers = pintle_child_memory(sizeof *prepared->layers);
        pintle_layers_open(prepared->layers, &order.fields, PINTLE_MOUNT_LAYER,
                           order.flags & PINTLE_MOUNT_MAPPED && pintle_pod.users >= 0);
        prepared->layers->sub_path = order.sub_path;
        return;
    default:
        pintle_fail("specification", EINVAL, "mount");
    }
    if (prepared->mount < 0)
        return;
    if (fstat(prepared->mount, &info) != 0)
        pintle_fail("mount", errno, order.target);
    prepared->is_directory = S_ISDIR(info.st_mode);
}

void pintle_mounts_prepare(const struct pintle_spec *spec) {
    struct pintle_field field;
    struct pintle_reader reader = pintle_spec_fields(spec);
    while (pintle_spec_next(&reader, PINTLE_SPEC_MOUNT, &field))
        mount_count++;
    mounts = pintle_child_memory(mount_count * sizeof *mounts);
    fetch_shm();
    if (spec->has_users) {
        struct pintle_reader fields = pintle_spec_fields(spec);
        pintle_layers_open(&root_layers, &fields, PINTLE_SPEC_LAYER, true);
        pintle_layers_open_upper(&root_layers, spec);
    } else {
        root_mount = pintle_overlay_make(spec);
    }
    reader = pintle_spec_fields(spec);
    for (size_t index = 0; pintle_spec_next(&reader, PINTLE_SPEC_MOUNT, &field); index++) {
        prepare_one(&mounts[index], &field);
    }
}

void pintle_mount_attach(int mount, int place, const char *detail) {
    if (pintle_move_mount(mount, place) != 0)
        pintle_fail("mount", errno, detail);
}

/* What could not be put together before this mount namespace was there. */
static void join_layers(const struct pintle_spec *spec) {
    struct stat info;
    if (spec->has_users)
        root_mount = pintle_layers_join(&root_layers, spec);
    for (size_t index = 0; index < mount_count; index++) {
        struct prepared *prepared = &mounts[index];
        if (prepared->layers == NULL)
            continue;
        prepared->mount = pintle_layers_join(prepared->layers, NULL);
        pintle_mount_change(prepared->mount, prepared->attributes, MS_PRIVATE, true,
                            prepared->target);
        if (fstat(prepared->mount, &info) != 0)
            pintle_fail("mount", errno, prepared->target);
        prepared->is_directory = S_ISDIR(info.st_mode);
    }
}

static int open_target(const struct prepared *prepared) {
    /* The kernel's own file systems: a link would let the image choose what protects them. */
    if (prepared->no_links && !pintle_path_is_plain(root_mount, prepared->target))
        pintle_fail("mount target", ELOOP, prepared->target);
    int target = pintle_path_make(root_mount, prepared->target, prepared->is_directory);
    if (target < 0)
        pintle_fail("mount target", errno, prepared->target);
    return target;
}

int pintle_mounts_assemble(const struct pintle_spec *spec) {
    struct pintle_field field;
    if (pintle_setns(pintle_pod.pod_mounts, CLONE_NEWNS) != 0)
        pintle_fail("mounts", errno, "pod");
    if (pintle_unshare(CLONE_NEWNS) != 0)
        pintle_fail("mounts", errno, "container");
    join_layers(spec);
    pintle_path_owner(spec->first_id);
    int place = open("/root", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (place < 0)
        pintle_fail("mounts", errno, "root");
    pintle_mount_attach(root_mount, place, "/");
    close(place);
    mode_t before = umask(0);
    for (size_t index = 0; index < mount_count; index++) {
        if (mounts[index].mount < 0)
            continue;
        int target = open_target(&mounts[index]);
        pintle_mount_attach(mounts[index].mount, target, mounts[index].target);
        close(target);
        close(mounts[index].mount);
    }
    struct pintle_reader reader = pintle_spec_fields(spec);
    while (pintle_spec_next(&reader, PINTLE_SPEC_DEVICE, &field))
        pintle_make_device(spec, root_mount, &field);
    reader = pintle_spec_fields(spec);
    while (pintle_spec_next(&reader, PINTLE_SPEC_LINK, &field))
        pintle_make_link(root_mount, &field);
    umask(before);
    if (spec->directory != NULL && spec->directory[0] == '/' && spec->directory[1] != 0) {
        int directory = pintle_path_make(root_mount, spec->directory, true);
        if (directory < 0)
            pintle_fail("working directory", errno, spec->directory);
        close(directory);
    }
    return root_mount;
}

void pintle_mounts_console(int root, int terminal) {
    char path[64];
    unsigned number = 0;
    struct stat info;
    if (fstat(terminal, &info) != 0)
        pintle_fail("terminal", errno, "");
    number = minor(info.st_rdev);
    snprintf(path, sizeof path, "/dev/pts/%u", number);
    int node = pintle_path_open(root, path);
    if (node < 0)
        pintle_fail("terminal", errno, path);
    int mount = pintle_open_tree(node, "", AT_EMPTY_PATH | OPEN_TREE_CLONE);
    int place = pintle_path_make(root, "/dev/console", false);
    if (mount < 0 || place < 0)
        pintle_fail("terminal", errno, "/dev/console");
    pintle_mount_attach(mount, place, "/dev/console");
    close(mount);
    close(place);
    close(node);
}

void pintle_mounts_enter(const struct pintle_spec *spec, int root) {
    struct pintle_field field;
    struct pintle_reader reader = pintle_spec_fields(spec);
    while (pintle_spec_next(&reader, PINTLE_SPEC_READONLY, &field))
        pintle_make_readonly(root, pintle_spec_text(&field));
    reader = pintle_spec_fields(spec);
    while (pintle_spec_next(&reader, PINTLE_SPEC_MASK, &field))
        pintle_mask(root, pintle_spec_text(&field));
    if (spec->root_flags & PINTLE_SPEC_ROOT_READONLY)
        pintle_mount_change(root, MOUNT_ATTR_RDONLY, 0, false, "/");
    if (fchdir(root) != 0 || pintle_pivot_root(".", ".") != 0)
        pintle_fail("pivot_root", errno, "");
    if (pintle_unmount(".", PINTLE_UNMOUNT_DETACH) != 0 || chdir("/") != 0)
        pintle_fail("pivot_root", errno, "umount");
}
