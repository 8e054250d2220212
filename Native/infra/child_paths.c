/* Paths inside a container's root. The image may hold any links: none of them can lead out. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "child.h"

/* The pod's root in a user namespace; what is made for a container there must be its own. */
static uint32_t owner;

void pintle_path_owner(uint32_t id) { owner = id; }

static int own(int directory, const char *name) {
    return owner == 0 ? 0 : fchownat(directory, name, owner, owner, AT_SYMLINK_NOFOLLOW);
}

static int open_in_root(int root, const char *path, uint64_t flags) {
    return pintle_openat2(root, path, flags, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

int pintle_path_open(int root, const char *path) { return open_in_root(root, path, O_PATH); }

int pintle_path_open_file(int root, const char *path) {
    struct stat info;
    int fd = open_in_root(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return -1;
    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode))
        return fd;
    close(fd);
    errno = EINVAL;
    return -1;
}

/*
 * A path being resolved by hand, because missing parts are to be made where links lead, also dangling ones (an image's
 * /etc/resolv.conf often is). `known` has no links and exists; `rest` is still to be walked.
 */
struct walk {
    char known[4096];
    char rest[4096];
    int links;
};

/* Opens below root exactly what the path says: a link that appears meanwhile is refused. */
static int open_exact(int root, const char *path, uint64_t flags) {
    return pintle_openat2(root, path[0] ? path : ".", flags | O_PATH,
                          RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);
}

static int failed(int error) {
    errno = error;
    return -1;
}

/* Takes the next part off `rest`. Returns false when there is none. */
static bool take_part(struct walk *walk, char name[256]) {
    size_t start = strspn(walk->rest, "/");
    size_t length = strcspn(walk->rest + start, "/");
    if (length == 0 || length > 255) {
        errno = length == 0 ? 0 : ENAMETOOLONG;
        return false;
    }
    memcpy(name, walk->rest + start, length);
    name[length] = 0;
    memmove(walk->rest, walk->rest + start + length, strlen(walk->rest + start + length) + 1);
    return true;
}

static bool is_last(const struct walk *walk) { return walk->rest[strspn(walk->rest, "/")] == 0; }

static void go_up(struct walk *walk) {
    char *slash = strrchr(walk->known, '/');
    if (slash != NULL)
        *slash = 0;
}

static bool go_down(struct walk *walk, const char *name) {
    size_t used = strlen(walk->known), length = strlen(name);
    if (used + length + 2 > sizeof walk->known)
        return false;
    walk->known[used] = '/';
    memcpy(walk->known + used + 1, name, length + 1);
    return true;
}

/* `known` has just been extended by a link: its target goes before `rest`. */
static int follow(struct walk *walk, int link) {
    char target[4096];
    ssize_t length = readlinkat(link, "", target, sizeof target - 1);
    if (length < 0)
        return -1;
    if (++walk->links > 40)
        return failed(ELOOP);
    size_t rest = strlen(walk->rest);
    if ((size_t)length + rest + 2 > sizeof walk->rest)
        return failed(ENAMETOOLONG);
    memmove(walk->rest + length + 1, walk->rest, rest + 1);
    memcpy(walk->rest, target, (size_t)length);
    walk->rest[length] = '/';
    if (target[0] == '/') {
        walk->known[0] = 0;
    } else {
        go_up(walk);
    }
    return 0;
}

static int make_directory(int root, const char *parent_path, const char *name) {
    int parent = open_exact(root, parent_path, O_DIRECTORY);
    if (parent < 0)
        return -1;
    int result = mkdirat(parent, name, 0755);
    int error = errno;
    if (result == 0 && own(parent, name) != 0) {
        result = -1;
        error = errno;
    }
    close(parent);
    return result == 0 || error == EEXIST ? 0 : failed(error);
}

/* One part further. 1: more to come; 0: the end, `name` is the last part and `known` its directory; -1: errno. */
static int step(int root, struct walk *walk, char name[256], bool *exists) {
    struct stat info;
    if (!take_part(walk, name))
        return failed(errno == 0 ? EINVAL : errno);
    if (strcmp(name, ".") == 0)
        return 1;
    if (strcmp(name, "..") == 0) {
        go_up(walk);
        return 1;
    }
    bool last = is_last(walk);
    if (!go_down(walk, name))
        return failed(ENAMETOOLONG);
    int fd = open_exact(root, walk->known, O_NOFOLLOW);
    *exists = fd >= 0;
    if (fd < 0 && errno != ENOENT)
        return -1;
    if (fd >= 0) {
        int result = fstat(fd, &info) == 0 ? 0 : -1;
        bool is_link = result == 0 && S_ISLNK(info.st_mode);
        if (is_link)
            result = follow(walk, fd);
        int error = errno;
        close(fd);
        if (result < 0)
            return failed(error);
        if (is_link)
            return 1;
        if (!last)
            return S_ISDIR(info.st_mode) ? 1 : failed(ENOTDIR);
    }
    if (last) {
        go_up(walk);
        return 0;
    }
    go_up(walk);
    if (make_directory(root, walk->known, name) != 0)
        return -1;
    return go_down(walk, name) ? 1 : failed(ENAMETOOLONG);
}

static int resolve(int root, const char *path, struct walk *walk, char name[256], bool *exists) {
    if (strlen(path) >= sizeof walk->rest)
        return failed(ENAMETOOLONG);
    *walk = (struct walk){.links = 0};
    strcpy(walk->rest, path);
    *exists = false;
    int more;
    while ((more = step(root, walk, name, exists)) > 0) {
        /* A link to a directory, or `..`, may end the path: then there is no last part to speak of. */
        if (!is_last(walk))
            continue;
        name[0] = 0;
        *exists = true;
        return 0;
    }
    return more;
}

bool pintle_path_is_plain(int root, const char *path) {
    int fd = open_exact(root, path, O_NOFOLLOW);
    struct stat info;
    if (fd < 0)
        return errno == ENOENT;
    bool is_plain = fstat(fd, &info) == 0 && !S_ISLNK(info.st_mode);
    close(fd);
    return is_plain;
}

int pintle_path_parent(int root, const char *path, char name[256]) {
    static struct walk walk;
    bool exists;
    if (resolve(root, path, &walk, name, &exists) != 0)
        return -1;
    if (name[0] == 0)
        return failed(EINVAL);
    return open_exact(root, walk.known, O_DIRECTORY);
}

static int make_last(int root, const struct walk *walk, const char *name, bool directory) {
    if (directory)
        return make_directory(root, walk->known, name);
    int parent = open_exact(root, walk->known, O_DIRECTORY);
    if (parent < 0)
        return -1;
    int file = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    int error = errno;
    bool is_made = file >= 0;
    if (is_made)
        close(file);
    if (is_made && own(parent, name) != 0) {
        is_made = false;
        error = errno;
    }
    close(parent);
    return is_made ? 0 : failed(error);
}

int pintle_path_make(int root, const char *path, bool directory) {
    static struct walk walk;
    char name[256];
    bool exists;
    /* Most are there: the kernel's own walk, which stays inside as well, is the short way. */
    int fd = pintle_path_open(root, path);
    if (fd >= 0 || errno != ENOENT)
        return fd;
    if (resolve(root, path, &walk, name, &exists) != 0)
        return -1;
    if (!exists && make_last(root, &walk, name, directory) != 0)
        return -1;
    if (name[0] != 0 && !go_down(&walk, name))
        return failed(ENAMETOOLONG);
    return open_exact(root, walk.known, O_NOFOLLOW);
}
