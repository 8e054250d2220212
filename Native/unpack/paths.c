// Paths of entries: what they may be, and how their parents are opened without leaving the root.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "unpack.h"

enum { LONGEST_NAME = 255 };

void pintle_clean_path(const char *raw, char *clean) {
    if (raw[0] == '/')
        pintle_fail("malicious", EXDEV, "the path \"%s\" is absolute", raw);
    size_t used = 0;
    int depth = 0;
    for (const char *at = raw; *at != '\0';) {
        size_t count = strcspn(at, "/");
        if (count == 2 && at[0] == '.' && at[1] == '.')
            pintle_fail("malicious", EXDEV, "the path \"%s\" has ..", raw);
        if (count > 0 && !(count == 1 && at[0] == '.')) {
            if (count > LONGEST_NAME || used + count + 2 > PINTLE_LONGEST) {
                pintle_fail("corrupt", ENAMETOOLONG, "the path \"%.200s…\" is too long", raw);
            }
            if (++depth > PINTLE_DEEPEST)
                pintle_fail("malicious", ELOOP, "the path \"%.200s…\" is too deep", raw);
            if (used > 0)
                clean[used++] = '/';
            memcpy(clean + used, at, count);
            used += count;
        }
        at += count;
        while (*at == '/')
            at++;
    }
    clean[used] = '\0';
}

int pintle_open_beneath(int root, const char *path, int flags) {
    struct open_how how = {
        .flags = (uint64_t)(flags | O_CLOEXEC),
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
    };
    for (int attempt = 0;; attempt++) {
        long fd = syscall(SYS_openat2, root, path, &how, sizeof how);
        if (fd >= 0)
            return (int)fd;
        if (errno != EAGAIN || attempt == 32)
            return -errno;
    }
}

// Makes the missing ones of a path's directories, as tar does: mode 0755, root's.
static void make_directories(int root, char *path) {
    for (char *slash = path;; slash++) {
        slash = strchr(slash, '/');
        if (slash != NULL)
            *slash = '\0';
        // A component that is a link is followed by openat2 below, or found to be dangling there.
        if (mkdirat(root, path, 0755) != 0 && errno != EEXIST)
            pintle_fail("disk", errno, "make directory \"%s\"", path);
        int fd = pintle_open_beneath(root, path, O_PATH | O_DIRECTORY);
        if (fd < 0)
            pintle_fail("malicious", -fd,
                        "\"%s\" is used as a directory but leads out of the archive", path);
        close(fd);
        if (slash == NULL)
            return;
        *slash = '/';
    }
}

void pintle_forget_parent(pintle_place *place) {
    if (place->parent >= 0 && place->parent != place->root)
        close(place->parent);
    place->parent = -1;
}

int pintle_open_parent(pintle_place *place, const char *clean, const char **name) {
    const char *slash = strrchr(clean, '/');
    *name = slash != NULL ? slash + 1 : clean;
    size_t count = slash != NULL ? (size_t)(slash - clean) : 0;
    if (place->parent >= 0 && strlen(place->parent_path) == count &&
        memcmp(place->parent_path, clean, count) == 0) {
        return place->parent;
    }
    pintle_forget_parent(place);
    memcpy(place->parent_path, clean, count);
    place->parent_path[count] = '\0';
    if (count == 0)
        return place->parent = place->root;
    int fd = pintle_open_beneath(place->root, place->parent_path, O_PATH | O_DIRECTORY);
    if (fd == -ENOENT) {
        make_directories(place->root, place->parent_path);
        fd = pintle_open_beneath(place->root, place->parent_path, O_PATH | O_DIRECTORY);
    }
    if (fd == -EXDEV || fd == -ELOOP) {
        pintle_fail("malicious", -fd,
                    "the path \"%s\" goes through a link that leads out of the archive", clean);
    }
    if (fd == -ENOTDIR)
        pintle_fail("corrupt", -fd, "the path \"%s\" goes through something that is no directory",
                    clean);
    if (fd < 0)
        pintle_fail("disk", -fd, "open the directory \"%s\"", place->parent_path);
    return place->parent = fd;
}
