// Owner, mode, extended attributes and times.
#define _GNU_SOURCE
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "unpack.h"

static uint32_t checked_id(la_int64_t id, const char *path) {
    // The highest number means "none" to the kernel.
    if (id < 0 || id >= UINT32_MAX)
        pintle_fail("corrupt", EINVAL, "\"%s\" has the impossible owner %lld", path, (long long)id);
    return (uint32_t)id;
}

static void fill_times(struct archive_entry *entry, struct timespec times[2]) {
    times[0].tv_sec = 0;
    times[0].tv_nsec = UTIME_OMIT;
    times[1].tv_sec = archive_entry_mtime(entry);
    times[1].tv_nsec = archive_entry_mtime_nsec(entry);
    if (!archive_entry_mtime_is_set(entry) || times[1].tv_nsec < 0 ||
        times[1].tv_nsec > 999999999) {
        times[1].tv_sec = times[1].tv_nsec = 0;
    }
}

// Attributes that programs see. Those of overlayfs would let a layer point elsewhere; others are of
// this machine.
static int is_kept(const char *name, const char *path) {
    if (strncmp(name, "trusted.overlay.", 16) == 0 || strncmp(name, "user.overlay.", 13) == 0) {
        pintle_fail("malicious", EPERM, "\"%s\" has the attribute %s, which is overlayfs' own",
                    path, name);
    }
    return strncmp(name, "user.", 5) == 0 || strcmp(name, "security.capability") == 0 ||
           strcmp(name, "system.posix_acl_access") == 0 ||
           strcmp(name, "system.posix_acl_default") == 0;
}

static void set_extended_attributes(int fd, struct archive_entry *entry, const char *path) {
    const char *name = NULL;
    const void *value = NULL;
    size_t count = 0;
    archive_entry_xattr_reset(entry);
    while (archive_entry_xattr_next(entry, &name, &value, &count) == ARCHIVE_OK) {
        if (name == NULL || !is_kept(name, path))
            continue;
        if (fsetxattr(fd, name, value, count, 0) == 0)
            continue;
        // A file system without user attributes loses little by it.
        if (errno == ENOTSUP && strncmp(name, "user.", 5) == 0)
            continue;
        pintle_fail(errno == EINVAL ? "corrupt" : "disk", errno, "set the attribute %s of \"%s\"",
                    name, path);
    }
}

void pintle_set_attributes(int fd, struct archive_entry *entry, const char *path, int with_time) {
    uint32_t user = checked_id(archive_entry_uid(entry), path);
    uint32_t group = checked_id(archive_entry_gid(entry), path);
    // In this order: chown takes away set-user-ID bits and capabilities.
    if (fchown(fd, user, group) != 0)
        pintle_fail("disk", errno, "chown \"%s\"", path);
    if (fchmod(fd, archive_entry_perm(entry) & 07777) != 0)
        pintle_fail("disk", errno, "chmod \"%s\"", path);
    set_extended_attributes(fd, entry, path);
    if (!with_time)
        return;
    struct timespec times[2];
    fill_times(entry, times);
    if (futimens(fd, times) != 0)
        pintle_fail("disk", errno, "set the time of \"%s\"", path);
}

void pintle_set_link_attributes(int parent, const char *name, struct archive_entry *entry,
                                const char *path) {
    uint32_t user = checked_id(archive_entry_uid(entry), path);
    uint32_t group = checked_id(archive_entry_gid(entry), path);
    if (fchownat(parent, name, user, group, AT_SYMLINK_NOFOLLOW) != 0)
        pintle_fail("disk", errno, "chown \"%s\"", path);
    // Links have no mode of their own; the others were just made and are no links.
    if (archive_entry_filetype(entry) != AE_IFLNK &&
        fchmodat(parent, name, archive_entry_perm(entry) & 07777, 0) != 0) {
        pintle_fail("disk", errno, "chmod \"%s\"", path);
    }
    struct timespec times[2];
    fill_times(entry, times);
    if (utimensat(parent, name, times, AT_SYMLINK_NOFOLLOW) != 0) {
        pintle_fail("disk", errno, "set the time of \"%s\"", path);
    }
}
