#define _GNU_SOURCE
#include "pintle_storage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

int32_t pintle_storage_clone_tree(int32_t source) {
    int tree =
        open_tree(source, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
    return tree >= 0 ? tree : -errno;
}

int32_t pintle_storage_set_tree(int32_t tree, uint32_t propagation, uint32_t readonly) {
    struct mount_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    if (propagation == PINTLE_STORAGE_SLAVE)
        attributes.propagation = MS_SLAVE;
    if (readonly)
        attributes.attr_set = MOUNT_ATTR_RDONLY;
    if (attributes.propagation == 0 && attributes.attr_set == 0)
        return 0;
    return mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes, sizeof attributes) ==
                   0
               ? 0
               : -errno;
}

int32_t pintle_storage_tmpfs(const char *size, uint32_t mode, uint32_t gid) {
    char text[32];
    int result = 0;
    int context = fsopen("tmpfs", FSOPEN_CLOEXEC);
    if (context < 0)
        return -errno;
    /* Since 6.4: pages of a volume that counts as memory must not go to swap. Older kernels know no such flag. */
    (void)fsconfig(context, FSCONFIG_SET_FLAG, "noswap", NULL, 0);
    (void)fsconfig(context, FSCONFIG_SET_STRING, "source", "tmpfs", 0);
    if (size[0] != '\0' && fsconfig(context, FSCONFIG_SET_STRING, "size", size, 0) != 0)
        result = -errno;
    snprintf(text, sizeof text, "%o", mode & 07777u);
    if (result == 0 && fsconfig(context, FSCONFIG_SET_STRING, "mode", text, 0) != 0)
        result = -errno;
    snprintf(text, sizeof text, "%u", gid);
    if (result == 0 && fsconfig(context, FSCONFIG_SET_STRING, "gid", text, 0) != 0)
        result = -errno;
    if (result == 0 && fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) != 0)
        result = -errno;
    if (result == 0) {
        int tree = fsmount(context, FSMOUNT_CLOEXEC, 0);
        result = tree >= 0 ? tree : -errno;
    }
    close(context);
    return result;
}

int32_t pintle_storage_attach(int32_t tree, int32_t target) {
    unsigned flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
    return move_mount(tree, "", target, "", flags) == 0 ? 0 : -errno;
}

int32_t pintle_storage_make_private(int32_t directory, const char *name) {
    struct mount_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.propagation = MS_PRIVATE;
    unsigned flags = AT_RECURSIVE | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;
    return mount_setattr(directory, name, flags, &attributes, sizeof attributes) == 0 ? 0 : -errno;
}

int32_t pintle_storage_unmount(int32_t directory, const char *name, uint32_t lazy) {
    /* umount2 takes a path only. The link in /proc leads to the directory that was opened, whatever its path means
       by now, and UMOUNT_NOFOLLOW guards the last name. */
    char path[4096 + 64];
    int length = snprintf(path, sizeof path, "/proc/thread-self/fd/%d/%s", directory, name);
    if (length < 0 || (size_t)length >= sizeof path)
        return -ENAMETOOLONG;
    return umount2(path, UMOUNT_NOFOLLOW | (lazy ? MNT_DETACH : 0)) == 0 ? 0 : -errno;
}
