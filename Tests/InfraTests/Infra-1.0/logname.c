/* Names of rotated logs: `N.log` becomes `N.log.20060102-150405`, as kubelet names them; the oldest are removed. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "infra.h"

enum { name_limit = 256 };

/* The kernel's record; glibc has no declaration for it under this name. */
struct entry {
    uint64_t inode;
    int64_t offset;
    uint16_t length;
    uint8_t type;
    char name[];
};

static bool is_rotated(const char *name, const char *base, size_t base_length) {
    return strncmp(name, base, base_length) == 0 && name[base_length] == '.' &&
           strlen(name) < name_limit;
}

/* Counts the rotated files and finds the one whose name, and so its time, is smallest. */
static unsigned count_rotated(int directory, const char *base, char oldest[name_limit]) {
    char buffer[2048] __attribute__((aligned(8)));
    size_t base_length = strlen(base);
    unsigned count = 0;
    oldest[0] = 0;
    if (lseek(directory, 0, SEEK_SET) != 0)
        return 0;
    for (;;) {
        long bytes = syscall(SYS_getdents64, directory, buffer, sizeof buffer);
        if (bytes <= 0)
            return count;
        for (long at = 0; at < bytes;) {
            struct entry *entry = (struct entry *)(void *)(buffer + at);
            at += entry->length;
            if (!is_rotated(entry->name, base, base_length))
                continue;
            count++;
            if (oldest[0] == 0 || strcmp(entry->name, oldest) < 0)
                strcpy(oldest, entry->name);
        }
    }
}

static void rename_current(int directory, const char *base) {
    char name[name_limit + 24];
    size_t length = strlen(base);
    memcpy(name, base, length);
    name[length] = '.';
    pintle_log_suffix(name + length + 1, pintle_now_real());
    size_t end = length + 16;
    /* Several rotations in one second get `-01`, `-02` … so that none is lost. */
    for (int attempt = 0; attempt < 100; attempt++) {
        if (attempt > 0) {
            name[end] = '-';
            name[end + 1] = (char)('0' + attempt / 10);
            name[end + 2] = (char)('0' + attempt % 10);
            name[end + 3] = 0;
        }
        if (pintle_rename_new(directory, base, name) == 0 || errno != EEXIST)
            return;
    }
    renameat(directory, base, directory, name);
}

void pintle_log_rotate_names(const char *path, uint32_t max_files) {
    char folder[PINTLE_LOG_PATH];
    const char *slash = strrchr(path, '/');
    if (slash == NULL || strlen(slash + 1) >= name_limit - 24)
        return;
    memcpy(folder, path, (size_t)(slash - path));
    folder[slash - path] = 0;
    int directory = open(folder[0] ? folder : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return;
    const char *base = slash + 1;
    if (max_files <= 1) {
        unlinkat(directory, base, 0);
    } else {
        rename_current(directory, base);
        char oldest[name_limit];
        for (int round = 0; round < 1000 && count_rotated(directory, base, oldest) > max_files - 1;
             round++) {
            if (unlinkat(directory, oldest, 0) != 0)
                break;
        }
    }
    close(directory);
}
