// Makes files, directories and links of an archive's entries.
#define _GNU_SOURCE
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "unpack.h"

static const char whiteout_prefix[] = ".wh.";
static const char opaque_marker[] = ".wh..wh..opq";

typedef struct extraction {
    pintle_place place;
    const pintle_options *options;
    struct archive *archive;
    pintle_totals totals;
} extraction;

static int is_whiteout(const struct stat *status) {
    return S_ISCHR(status->st_mode) && status->st_rdev == 0;
}

static void set_opaque(int fd, const char *path) {
    if (fsetxattr(fd, "trusted.overlay.opaque", "y", 1, 0) != 0) {
        pintle_fail("disk", errno, "make the directory \"%s\" opaque", path);
    }
}

// Takes away what has the name already, unless both it and the newcomer are directories.
// Returns 1 if a directory is there, 2 if a whiteout was, 0 otherwise.
static int clear_name(int parent, const char *name, const char *path, int is_directory) {
    struct stat status;
    if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno == ENOENT)
            return 0;
        pintle_fail("disk", errno, "look at \"%s\"", path);
    }
    if (S_ISDIR(status.st_mode)) {
        if (is_directory)
            return 1;
        if (unlinkat(parent, name, AT_REMOVEDIR) != 0) {
            pintle_fail("corrupt", errno, "\"%s\" takes the place of a directory with contents",
                        path);
        }
        return 0;
    }
    if (unlinkat(parent, name, 0) != 0)
        pintle_fail("disk", errno, "replace \"%s\"", path);
    return is_whiteout(&status) ? 2 : 0;
}

static void make_directory(extraction *e, const char *path, struct archive_entry *entry) {
    int fd;
    if (path[0] == '\0') {
        fd = openat(e->place.root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    } else {
        const char *name;
        int parent = pintle_open_parent(&e->place, path, &name);
        int found = clear_name(parent, name, path, 1);
        if (found != 1 && mkdirat(parent, name, 0700) != 0)
            pintle_fail("disk", errno, "make directory \"%s\"", path);
        fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        // Removed in the lower layers and made anew: nothing of the old one may show through.
        if (fd >= 0 && found == 2)
            set_opaque(fd, path);
    }
    if (fd < 0)
        pintle_fail("disk", errno, "open the directory \"%s\"", path);
    if (e->options->mode == PINTLE_LAYER) {
        pintle_set_attributes(fd, entry, path, 0);
        pintle_remember_directory(path, entry);
    }
    close(fd);
}

static void write_contents(extraction *e, int fd, const char *path, uint64_t size) {
    const void *block = NULL;
    size_t count = 0;
    la_int64_t offset = 0;
    int code;
    while ((code = archive_read_data_block(e->archive, &block, &count, &offset)) == ARCHIVE_OK) {
        const char *data = block;
        while (count > 0) {
            ssize_t written = pwrite(fd, data, count, offset);
            if (written < 0)
                pintle_fail(errno == EFBIG ? "limit" : "disk", errno, "write \"%s\"", path);
            data += written;
            count -= (size_t)written;
            offset += written;
        }
    }
    if (code != ARCHIVE_EOF) {
        const char *message = archive_error_string(e->archive);
        pintle_fail("corrupt", archive_errno(e->archive), "\"%s\": %s", path,
                    message != NULL ? message : "damaged");
    }
    // Holes at the end.
    struct stat status;
    if (fstat(fd, &status) != 0)
        pintle_fail("disk", errno, "look at \"%s\"", path);
    if ((uint64_t)status.st_size != size && ftruncate(fd, (off_t)size) != 0) {
        pintle_fail(errno == EFBIG ? "limit" : "disk", errno, "set the size of \"%s\"", path);
    }
}

static void make_file(extraction *e, const char *path, struct archive_entry *entry) {
    la_int64_t size = archive_entry_size(entry);
    if (size < 0)
        pintle_fail("corrupt", EINVAL, "\"%s\" has a negative size", path);
    if ((uint64_t)size > e->options->bytes - e->totals.bytes) {
        pintle_fail("limit", EFBIG, "its files have more than %llu bytes",
                    (unsigned long long)e->options->bytes);
    }
    e->totals.bytes += (uint64_t)size;
    const char *name;
    int parent = pintle_open_parent(&e->place, path, &name);
    clear_name(parent, name, path, 0);
    int fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        pintle_fail("disk", errno, "make \"%s\"", path);
    write_contents(e, fd, path, (uint64_t)size);
    if (e->options->mode == PINTLE_LAYER)
        pintle_set_attributes(fd, entry, path, 1);
    close(fd);
}

static void make_symbolic_link(extraction *e, const char *path, struct archive_entry *entry) {
    const char *target = archive_entry_symlink(entry);
    if (target == NULL || target[0] == '\0')
        pintle_fail("corrupt", EINVAL, "the link \"%s\" has no target", path);
    const char *name;
    int parent = pintle_open_parent(&e->place, path, &name);
    clear_name(parent, name, path, 0);
    // The target is what a container will see; nothing follows it here.
    if (symlinkat(target, parent, name) != 0)
        pintle_fail("disk", errno, "make the link \"%s\"", path);
    if (e->options->mode == PINTLE_LAYER)
        pintle_set_link_attributes(parent, name, entry, path);
}

static void make_hard_link(extraction *e, const char *path, const char *raw_target) {
    char target[PINTLE_LONGEST];
    pintle_clean_path(raw_target, target);
    if (strcmp(target, path) == 0)
        return;
    int file = pintle_open_beneath(e->place.root, target, O_PATH | O_NOFOLLOW);
    if (file == -EXDEV || file == -ELOOP) {
        pintle_fail("malicious", -file, "the hard link \"%s\" to \"%s\" leads out of the archive",
                    path, target);
    }
    if (file < 0)
        pintle_fail("corrupt", -file, "the hard link \"%s\" needs \"%s\", which is not there", path,
                    target);
    struct stat status;
    if (fstat(file, &status) != 0)
        pintle_fail("disk", errno, "look at \"%s\"", target);
    close(file);
    if (S_ISDIR(status.st_mode))
        pintle_fail("corrupt", EPERM, "the hard link \"%s\" is to a directory", path);
    if (is_whiteout(&status))
        pintle_fail("malicious", EPERM, "the hard link \"%s\" is to a removed file", path);

    // linkat has no RESOLVE_BENEATH, so the target's parent is opened with it. Two places: neither
    // loses its parent.
    pintle_place source = {.root = e->place.root, .parent = -1};
    const char *source_name, *name;
    int source_parent = pintle_open_parent(&source, target, &source_name);
    int parent = pintle_open_parent(&e->place, path, &name);
    clear_name(parent, name, path, 0);
    if (linkat(source_parent, source_name, parent, name, 0) != 0) {
        pintle_fail("disk", errno, "make the hard link \"%s\" to \"%s\"", path, target);
    }
    pintle_forget_parent(&source);
}

static void make_special(extraction *e, const char *path, struct archive_entry *entry) {
    mode_t type = archive_entry_filetype(entry);
    dev_t device = 0;
    if (type != AE_IFIFO) {
        if (!e->options->devices)
            pintle_fail("malicious", EPERM, "\"%s\" is a device node, which are not allowed", path);
        device = makedev(archive_entry_rdevmajor(entry), archive_entry_rdevminor(entry));
        if (type == AE_IFCHR && device == 0) {
            pintle_fail("malicious", EPERM,
                        "\"%s\" is the device node 0/0, which hides files in overlayfs", path);
        }
    }
    const char *name;
    int parent = pintle_open_parent(&e->place, path, &name);
    clear_name(parent, name, path, 0);
    if (mknodat(parent, name, type | 0600, device) != 0)
        pintle_fail("disk", errno, "make \"%s\"", path);
    pintle_set_link_attributes(parent, name, entry, path);
}

// `.wh.NAME` removes NAME of the lower layers, `.wh..wh..opq` everything its directory has there.
static void make_whiteout(extraction *e, const char *path) {
    const char *name;
    int parent = pintle_open_parent(&e->place, path, &name);
    if (strcmp(name, opaque_marker) == 0) {
        int fd = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
            pintle_fail("disk", errno, "open the directory of \"%s\"", path);
        set_opaque(fd, path);
        close(fd);
        return;
    }
    const char *hidden = name + sizeof whiteout_prefix - 1;
    // Other names of this form are aufs' own records.
    if (strncmp(hidden, whiteout_prefix, sizeof whiteout_prefix - 1) == 0)
        return;
    if (hidden[0] == '\0' || strcmp(hidden, ".") == 0 || strcmp(hidden, "..") == 0) {
        pintle_fail("malicious", EXDEV, "the whiteout \"%s\" names nothing", path);
    }
    struct stat status;
    if (fstatat(parent, hidden, &status, AT_SYMLINK_NOFOLLOW) == 0) {
        // Whiteouts concern lower layers only: what this layer has stays, a directory hides what it
        // had below.
        if (!S_ISDIR(status.st_mode))
            return;
        int fd = openat(parent, hidden, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
            pintle_fail("disk", errno, "open the directory of \"%s\"", path);
        set_opaque(fd, path);
        close(fd);
        return;
    }
    if (mknodat(parent, hidden, S_IFCHR | 0600, 0) != 0)
        pintle_fail("disk", errno, "make the whiteout \"%s\"", path);
}

static int names_whiteout(const char *path) {
    const char *slash = strrchr(path, '/');
    return strncmp(slash != NULL ? slash + 1 : path, whiteout_prefix, sizeof whiteout_prefix - 1) ==
           0;
}

static void make_entry(extraction *e, struct archive_entry *entry) {
    const char *raw = archive_entry_pathname(entry);
    if (raw == NULL)
        pintle_fail("corrupt", EILSEQ, "a path is not UTF-8");
    char path[PINTLE_LONGEST];
    pintle_clean_path(raw, path);
    const char *hard_link = archive_entry_hardlink(entry);
    mode_t type = archive_entry_filetype(entry);
    int is_layer = e->options->mode == PINTLE_LAYER;
    if (path[0] == '\0' && (hard_link != NULL || type != AE_IFDIR)) {
        pintle_fail("malicious", EISDIR, "the archive's own directory is replaced");
    }
    if (is_layer && names_whiteout(path)) {
        make_whiteout(e, path);
    } else if (hard_link != NULL) {
        make_hard_link(e, path, hard_link);
    } else if (type == AE_IFDIR) {
        make_directory(e, path, entry);
    } else if (type == AE_IFREG) {
        make_file(e, path, entry);
    } else if (type == AE_IFLNK) {
        make_symbolic_link(e, path, entry);
    } else if (is_layer && (type == AE_IFIFO || type == AE_IFCHR || type == AE_IFBLK)) {
        make_special(e, path, entry);
    } else {
        pintle_fail("corrupt", EINVAL, "\"%s\" is of a kind that is not allowed", path);
    }
}

pintle_totals pintle_extract(struct archive *archive, int root, const pintle_options *options) {
    extraction e = {.place = {.root = root, .parent = -1}, .options = options, .archive = archive};
    for (;;) {
        struct archive_entry *entry = NULL;
        int code = archive_read_next_header(archive, &entry);
        if (code == ARCHIVE_EOF)
            return e.totals;
        // A warning tells of a name or attribute that could not be converted; a missing name is
        // found later.
        if (code != ARCHIVE_OK && code != ARCHIVE_WARN) {
            const char *message = archive_error_string(archive);
            pintle_fail("corrupt", archive_errno(archive), "%s",
                        message != NULL ? message : "damaged");
        }
        if (++e.totals.entries > options->entries) {
            pintle_fail("limit", EFBIG, "it has more than %llu entries",
                        (unsigned long long)options->entries);
        }
        make_entry(&e, entry);
    }
}
