/* Device nodes and links of a container, and paths that it must not see or write. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "child.h"

void pintle_make_device(const struct pintle_spec *spec, int root,
                        const struct pintle_field *device) {
    struct pintle_reader reader = {device->data, device->length};
    struct pintle_field field;
    const char *path = NULL;
    uint32_t mode = 0, major_number = 0, minor_number = 0, uid = 0, gid = 0;
    char name[256];
    while (pintle_read_field(&reader, &field) > 0) {
        switch (field.tag) {
        case PINTLE_DEVICE_PATH:
            path = pintle_spec_text(&field);
            break;
        case PINTLE_DEVICE_MODE:
            mode = pintle_spec_u32(&field);
            break;
        case PINTLE_DEVICE_MAJOR:
            major_number = pintle_spec_u32(&field);
            break;
        case PINTLE_DEVICE_MINOR:
            minor_number = pintle_spec_u32(&field);
            break;
        case PINTLE_DEVICE_UID:
            uid = pintle_spec_u32(&field);
            break;
        case PINTLE_DEVICE_GID:
            gid = pintle_spec_u32(&field);
            break;
        default:
            break;
        }
    }
    if (path == NULL)
        pintle_fail("specification", EINVAL, "device");
    int parent = pintle_path_parent(root, path, name);
    if (parent < 0)
        pintle_fail("device", errno, path);
    if (mknodat(parent, name, mode, makedev(major_number, minor_number)) != 0 && errno != EEXIST) {
        pintle_fail("device", errno, path);
    }
    uid += spec->first_id;
    gid += spec->first_id;
    if ((uid != 0 || gid != 0) && fchownat(parent, name, uid, gid, AT_SYMLINK_NOFOLLOW) != 0)
        pintle_fail("device", errno, path);
    close(parent);
}

void pintle_make_link(int root, const struct pintle_field *link) {
    struct pintle_reader reader = {link->data, link->length};
    struct pintle_field field;
    const char *path = NULL, *target = NULL;
    char name[256];
    while (pintle_read_field(&reader, &field) > 0) {
        if (field.tag == PINTLE_LINK_PATH)
            path = pintle_spec_text(&field);
        if (field.tag == PINTLE_LINK_TARGET)
            target = pintle_spec_text(&field);
    }
    if (path == NULL || target == NULL)
        pintle_fail("specification", EINVAL, "link");
    int parent = pintle_path_parent(root, path, name);
    if (parent < 0 || (symlinkat(target, parent, name) != 0 && errno != EEXIST))
        pintle_fail("link", errno, path);
    close(parent);
}

/* A file is hidden by the null device, a directory by an empty read-only one. */
void pintle_mask(int root, const char *path) {
    struct stat info;
    int place = pintle_path_open(root, path);
    if (place < 0 && (errno == ENOENT || errno == ENOTDIR))
        return;
    if (place < 0 || fstat(place, &info) != 0)
        pintle_fail("masked path", errno, path);
    const char *source = S_ISDIR(info.st_mode) ? "/empty" : "/null";
    int mount = pintle_open_tree(AT_FDCWD, source, OPEN_TREE_CLONE);
    if (mount < 0)
        pintle_fail("masked path", errno, source);
    pintle_mount_change(mount, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOEXEC, 0, false, path);
    pintle_mount_attach(mount, place, path);
    close(mount);
    close(place);
}

void pintle_make_readonly(int root, const char *path) {
    int place = pintle_path_open(root, path);
    if (place < 0 && (errno == ENOENT || errno == ENOTDIR))
        return;
    if (place < 0)
        pintle_fail("read-only path", errno, path);
    int mount = pintle_open_tree(place, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | AT_RECURSIVE);
    if (mount < 0)
        pintle_fail("read-only path", errno, path);
    pintle_mount_change(mount, MOUNT_ATTR_RDONLY, 0, true, path);
    pintle_mount_attach(mount, place, path);
    close(mount);
    close(place);
}
