// Making something in a directory changes the directory's modification time, so those are set last.
#define _GNU_SOURCE
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unpack.h"

typedef struct directory {
    char *path;
    struct timespec time;
} directory;

static directory *directories;
static size_t count;
static size_t capacity;

void pintle_remember_directory(const char *path, struct archive_entry *entry) {
    if (!archive_entry_mtime_is_set(entry))
        return;
    if (count == capacity) {
        capacity = capacity == 0 ? 256 : 2 * capacity;
        directories = reallocarray(directories, capacity, sizeof *directories);
        if (directories == NULL)
            pintle_fail("limit", ENOMEM, "it has too many directories");
    }
    directory *new = &directories[count];
    new->path = strdup(path[0] == '\0' ? "." : path);
    if (new->path == NULL)
        pintle_fail("limit", ENOMEM, "it has too many directories");
    new->time.tv_sec = archive_entry_mtime(entry);
    new->time.tv_nsec = archive_entry_mtime_nsec(entry);
    if (new->time.tv_nsec < 0 || new->time.tv_nsec > 999999999)
        new->time.tv_nsec = 0;
    count++;
}

void pintle_restore_directories(int root) {
    while (count > 0) {
        directory *last = &directories[--count];
        int fd = pintle_open_beneath(root, last->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
        // A later entry may have taken the directory's place.
        if (fd >= 0) {
            struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, last->time};
            if (futimens(fd, times) != 0)
                pintle_fail("disk", errno, "set the time of \"%s\"", last->path);
            close(fd);
        }
        free(last->path);
    }
}
