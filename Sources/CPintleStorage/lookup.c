#define _GNU_SOURCE
#include "pintle_storage.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

_Static_assert(PINTLE_STORAGE_O_PATH == O_PATH, "the header's constant is this system's");

int32_t pintle_storage_open(int32_t directory, const char *path, int32_t flags, uint32_t mode,
                            uint32_t resolve) {
    struct open_how how;
    memset(&how, 0, sizeof how);
    how.flags = (uint64_t)(uint32_t)flags | O_CLOEXEC;
    how.mode = mode;
    if (resolve & PINTLE_STORAGE_BENEATH)
        how.resolve |= RESOLVE_BENEATH;
    if (resolve & PINTLE_STORAGE_NO_SYMLINKS)
        how.resolve |= RESOLVE_NO_SYMLINKS;
    if (resolve & PINTLE_STORAGE_NO_XDEV)
        how.resolve |= RESOLVE_NO_XDEV;
    if (resolve & PINTLE_STORAGE_NO_MAGIC)
        how.resolve |= RESOLVE_NO_MAGICLINKS;
    /* EAGAIN: a rename or mount elsewhere raced with the walk, and the kernel could not rule out an escape. */
    for (int attempt = 0;; attempt++) {
        long result = syscall(SYS_openat2, directory, path, &how, sizeof how);
        if (result >= 0)
            return (int32_t)result;
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN || attempt >= 1000)
            return -errno;
    }
}

int32_t pintle_storage_stat(int32_t directory, const char *name, pintle_storage_status *status) {
    struct statx facts;
    int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC;
    if (name[0] == '\0')
        flags |= AT_EMPTY_PATH;
    if (statx(directory, name, flags, STATX_BASIC_STATS | STATX_MNT_ID, &facts) != 0)
        return -errno;
    memset(status, 0, sizeof *status);
    status->device = makedev(facts.stx_dev_major, facts.stx_dev_minor);
    status->inode = facts.stx_ino;
    status->mount_id = facts.stx_mnt_id;
    status->size = facts.stx_size;
    status->blocks = facts.stx_blocks;
    status->mode = facts.stx_mode;
    status->uid = facts.stx_uid;
    status->gid = facts.stx_gid;
    status->links = facts.stx_nlink;
    status->is_mount_root = (facts.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
    return 0;
}

int32_t pintle_storage_statfs(int32_t descriptor, pintle_storage_space *space) {
    struct statfs facts;
    while (fstatfs(descriptor, &facts) != 0) {
        if (errno != EINTR)
            return -errno;
    }
    memset(space, 0, sizeof *space);
    uint64_t unit = facts.f_frsize > 0 ? (uint64_t)facts.f_frsize : (uint64_t)facts.f_bsize;
    space->total_bytes = unit * facts.f_blocks;
    space->free_bytes = unit * facts.f_bfree;
    space->available_bytes = unit * facts.f_bavail;
    space->total_inodes = facts.f_files;
    space->free_inodes = facts.f_ffree;
    space->type = (uint64_t)facts.f_type;
    space->readonly = (facts.f_flags & 1 /* ST_RDONLY */) != 0;
    return 0;
}

uint64_t pintle_storage_tmpfs_magic(void) { return TMPFS_MAGIC; }

int64_t pintle_storage_entries(int32_t directory, void *buffer, uint64_t capacity) {
    long result = syscall(SYS_getdents64, directory, buffer, capacity);
    return result >= 0 ? result : -errno;
}

int32_t pintle_storage_set_owner(int32_t directory, const char *name, int64_t gid, uint32_t mode) {
    int file = openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (file < 0)
        return -errno;
    int result = 0;
    struct stat facts;
    if (fstat(file, &facts) != 0) {
        result = -errno;
    } else if (!S_ISLNK(facts.st_mode)) {
        /* fchmod refuses O_PATH; the link in /proc leads to this very file, whatever its name means by now. */
        char path[64];
        snprintf(path, sizeof path, "/proc/thread-self/fd/%d", file);
        if (gid >= 0 && fchownat(file, "", (uid_t)-1, (gid_t)gid, AT_EMPTY_PATH) != 0)
            result = -errno;
        if (result == 0 && chmod(path, mode & 07777u) != 0)
            result = -errno;
    } else if (gid >= 0 && fchownat(file, "", (uid_t)-1, (gid_t)gid, AT_EMPTY_PATH) != 0) {
        result = -errno;
    }
    close(file);
    return result;
}
