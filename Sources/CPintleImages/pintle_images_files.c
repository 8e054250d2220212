#define _GNU_SOURCE
#include "pintle_images_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { DEEPEST = 1024 };

static int remove_entry(int directory, const char *name, int depth);

static int remove_contents(DIR *stream, int depth) {
    for (;;) {
        errno = 0;
        struct dirent *entry = readdir(stream);
        if (entry == NULL)
            return errno;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        int code = remove_entry(dirfd(stream), entry->d_name, depth + 1);
        if (code != 0)
            return code;
    }
}

static int remove_entry(int directory, const char *name, int depth) {
    if (depth > DEEPEST)
        return ELOOP;
    if (unlinkat(directory, name, 0) == 0 || errno == ENOENT)
        return 0;
    if (errno != EISDIR && errno != EPERM)
        return errno;
    int fd = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno;
    DIR *stream = fdopendir(fd);
    if (stream == NULL) {
        int code = errno;
        close(fd);
        return code;
    }
    int code = remove_contents(stream, depth);
    closedir(stream);
    if (code != 0)
        return code;
    return unlinkat(directory, name, AT_REMOVEDIR) == 0 || errno == ENOENT ? 0 : errno;
}

int32_t pintle_images_remove_tree(const char *path) { return remove_entry(AT_FDCWD, path, 0); }

int32_t pintle_images_open_beneath(int32_t directory, const char *path) {
    struct open_how how = {
        .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
    };
    for (int attempt = 0;; attempt++) {
        long fd = syscall(SYS_openat2, directory, path, &how, sizeof how);
        if (fd >= 0)
            return (int32_t)fd;
        // The kernel asks to repeat when something was renamed while it looked at `..`.
        if (errno != EAGAIN || attempt == 32)
            return -errno;
    }
}

int32_t pintle_images_pipe(int32_t *ends) { return pipe2(ends, O_CLOEXEC); }

int32_t pintle_images_sync_filesystem(int32_t descriptor) {
    return syncfs(descriptor) == 0 ? 0 : errno;
}
