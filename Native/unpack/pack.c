// Writes a directory as a layer: names in byte order, owners as numbers, modification times, so
// that the same files give the same bytes.
#define _GNU_SOURCE
#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "unpack.h"

enum { PIECE = 128 << 10, LONGEST_LIST = 64 << 10 };

typedef struct packing {
    struct archive *archive;
    struct archive_entry_linkresolver *links;
    const pintle_options *options;
    pintle_totals totals;
} packing;

static void check(packing *p, int code, const char *path) {
    if (code == ARCHIVE_OK)
        return;
    const char *message = archive_error_string(p->archive);
    pintle_fail("disk", archive_errno(p->archive), "write \"%s\": %s", path,
                message != NULL ? message : "unknown");
}

static void add_extended_attributes(struct archive_entry *entry, int fd, const char *path) {
    static char names[LONGEST_LIST], value[LONGEST_LIST];
    ssize_t count = flistxattr(fd, names, sizeof names);
    if (count < 0 && errno == ENOTSUP)
        return;
    if (count < 0)
        pintle_fail("disk", errno, "list the attributes of \"%s\"", path);
    for (char *name = names; name < names + count; name += strlen(name) + 1) {
        int is_kept = (strncmp(name, "user.", 5) == 0 && strncmp(name, "user.overlay.", 13) != 0) ||
                      strcmp(name, "security.capability") == 0;
        if (!is_kept)
            continue;
        ssize_t size = fgetxattr(fd, name, value, sizeof value);
        if (size < 0)
            pintle_fail("disk", errno, "read the attribute %s of \"%s\"", name, path);
        archive_entry_xattr_add_entry(entry, name, value, (size_t)size);
    }
}

static void write_contents(packing *p, int fd, const char *path, la_int64_t size) {
    static char piece[PIECE];
    while (size > 0) {
        ssize_t count = read(fd, piece, size < PIECE ? (size_t)size : PIECE);
        if (count < 0)
            pintle_fail("disk", errno, "read \"%s\"", path);
        if (count == 0)
            pintle_fail("disk", EIO, "\"%s\" became shorter while it was read", path);
        if (archive_write_data(p->archive, piece, (size_t)count) != count)
            check(p, ARCHIVE_FATAL, path);
        size -= count;
    }
}

static void fill_entry(struct archive_entry *entry, const struct stat *status, const char *path) {
    archive_entry_set_pathname(entry, path[0] == '\0' ? "./" : path);
    archive_entry_set_filetype(entry, status->st_mode & S_IFMT);
    archive_entry_set_perm(entry, status->st_mode & 07777);
    archive_entry_set_uid(entry, status->st_uid);
    archive_entry_set_gid(entry, status->st_gid);
    archive_entry_set_mtime(entry, status->st_mtim.tv_sec, status->st_mtim.tv_nsec);
    archive_entry_set_size(entry, S_ISREG(status->st_mode) ? status->st_size : 0);
    archive_entry_set_dev(entry, status->st_dev);
    archive_entry_set_ino64(entry, (la_int64_t)status->st_ino);
    archive_entry_set_nlink(entry, S_ISDIR(status->st_mode) ? 1 : (unsigned int)status->st_nlink);
    if (S_ISCHR(status->st_mode) || S_ISBLK(status->st_mode))
        archive_entry_set_rdev(entry, status->st_rdev);
}

static int by_bytes(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void pack_directory(packing *p, int fd, const char *path, int depth);

static void pack_entry(packing *p, int parent, const char *name, const char *path, int depth) {
    struct stat status;
    if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        pintle_fail("disk", errno, "look at \"%s\"", path);
    if (S_ISSOCK(status.st_mode))
        return; // A socket means nothing without the process that listens on it.
    if (S_ISCHR(status.st_mode) && status.st_rdev == 0) {
        pintle_fail("malicious", EPERM,
                    "\"%s\" is the device node 0/0, which hides files in overlayfs", path);
    }
    if (strncmp(name, ".wh.", 4) == 0)
        pintle_fail("malicious", EPERM, "\"%s\" has the name of a whiteout", path);
    struct archive_entry *entry = archive_entry_new();
    if (entry == NULL)
        pintle_fail("sandbox", ENOMEM, "memory");
    fill_entry(entry, &status, path);
    int fd = -1;
    if (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode)) {
        fd = openat(parent, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
            pintle_fail("disk", errno, "open \"%s\"", path);
        add_extended_attributes(entry, fd, path);
    } else if (S_ISLNK(status.st_mode)) {
        char target[PINTLE_LONGEST];
        ssize_t count = readlinkat(parent, name, target, sizeof target - 1);
        if (count < 0)
            pintle_fail("disk", errno, "read the link \"%s\"", path);
        target[count] = '\0';
        archive_entry_set_symlink(entry, target);
    }
    struct archive_entry *spare = NULL;
    archive_entry_linkify(p->links, &entry, &spare);
    if (++p->totals.entries > p->options->entries) {
        pintle_fail("limit", EFBIG, "it has more than %llu entries",
                    (unsigned long long)p->options->entries);
    }
    check(p, archive_write_header(p->archive, entry), path);
    la_int64_t size = archive_entry_hardlink(entry) == NULL ? archive_entry_size(entry) : 0;
    p->totals.bytes += (uint64_t)size;
    if (size > 0)
        write_contents(p, fd, path, size);
    archive_entry_free(entry);
    if (S_ISDIR(status.st_mode))
        pack_directory(p, fd, path, depth + 1);
    if (fd >= 0)
        close(fd);
}

static void pack_directory(packing *p, int fd, const char *path, int depth) {
    if (depth > PINTLE_DEEPEST)
        pintle_fail("malicious", ELOOP, "\"%.200s…\" is too deep", path);
    struct dirent **names = NULL;
    int count = scandirat(fd, ".", &names, NULL, by_bytes);
    if (count < 0)
        pintle_fail("disk", errno, "read the directory \"%s\"", path);
    for (int i = 0; i < count; i++) {
        const char *name = names[i]->d_name;
        if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0) {
            char *longer = NULL;
            if (asprintf(&longer, "%s%s%s", path, path[0] == '\0' ? "" : "/", name) < 0) {
                pintle_fail("sandbox", ENOMEM, "memory");
            }
            if (strlen(longer) >= PINTLE_LONGEST)
                pintle_fail("corrupt", ENAMETOOLONG, "\"%.200s…\" is too long", longer);
            pack_entry(p, fd, name, longer, depth);
            free(longer);
        }
        free(names[i]);
    }
    free(names);
}

pintle_totals pintle_pack(int root, const pintle_options *options) {
    packing p = {.archive = archive_write_new(),
                 .links = archive_entry_linkresolver_new(),
                 .options = options};
    if (p.archive == NULL || p.links == NULL)
        pintle_fail("sandbox", ENOMEM, "memory");
    archive_write_set_format_pax(p.archive);
    archive_entry_linkresolver_set_strategy(p.links, ARCHIVE_FORMAT_TAR_PAX_INTERCHANGE);
    check(&p, archive_write_open_fd(p.archive, 1), "the archive");
    struct stat status;
    if (fstat(root, &status) != 0)
        pintle_fail("disk", errno, "look at the directory");
    struct archive_entry *entry = archive_entry_new();
    if (entry == NULL)
        pintle_fail("sandbox", ENOMEM, "memory");
    fill_entry(entry, &status, "");
    check(&p, archive_write_header(p.archive, entry), "./");
    archive_entry_free(entry);
    p.totals.entries = 1;
    pack_directory(&p, root, "", 1);
    check(&p, archive_write_close(p.archive), "the archive");
    return p.totals;
}
