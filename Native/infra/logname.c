/*
 * Names of rotated logs: `N.log` becomes `N.log.20060102-150405`, as kubelet names them; the oldest are removed.
 *
 * Names sort by age, also when the clock was set back: a new name is never smaller than the newest that is there. The
 * node agent appends `.gz` to those that it has compressed; for the order that does not count.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "infra.h"

enum { name_limit = 256, time_length = 15 };

/* The kernel's record; glibc has no declaration for it under this name. */
struct entry {
    uint64_t inode;
    int64_t offset;
    uint16_t length;
    uint8_t type;
    char name[];
};

/* The rotated files of one log. */
struct census {
    unsigned count;
    char oldest[name_limit];
    char newest[name_limit];
};

static bool is_rotated(const char *name, const char *base, size_t base_length) {
    return strncmp(name, base, base_length) == 0 && name[base_length] == '.' &&
           strlen(name) < name_limit;
}

static size_t stem(const char *name) {
    size_t length = strlen(name);
    return length > 3 && strcmp(name + length - 3, ".gz") == 0 ? length - 3 : length;
}

static int compare(const char *left, const char *right) {
    size_t left_length = stem(left), right_length = stem(right);
    size_t common = left_length < right_length ? left_length : right_length;
    int order = memcmp(left, right, common);
    if (order != 0)
        return order;
    return left_length < right_length ? -1 : left_length > right_length;
}

static void count_one(struct census *census, const char *name) {
    if (census->count == 0 || compare(name, census->oldest) < 0)
        strcpy(census->oldest, name);
    if (census->count == 0 || compare(name, census->newest) > 0)
        strcpy(census->newest, name);
    census->count++;
}

static void take_census(int directory, const char *base, struct census *census) {
    char buffer[2048] __attribute__((aligned(8)));
    size_t base_length = strlen(base);
    census->count = 0;
    census->oldest[0] = census->newest[0] = 0;
    if (lseek(directory, 0, SEEK_SET) != 0)
        return;
    for (;;) {
        long bytes = syscall(SYS_getdents64, directory, buffer, sizeof buffer);
        if (bytes <= 0)
            return;
        for (long at = 0; at < bytes;) {
            struct entry *entry = (struct entry *)(void *)(buffer + at);
            at += entry->length;
            if (is_rotated(entry->name, base, base_length))
                count_one(census, entry->name);
        }
    }
}

/* Several rotations in one second get `-01`, `-02` … `-99`; what comes then is of the next second. */
static void next_suffix(char *suffix, int *index) {
    if (*index < 99) {
        (*index)++;
        suffix[time_length] = '-';
        suffix[time_length + 1] = (char)('0' + *index / 10);
        suffix[time_length + 2] = (char)('0' + *index % 10);
        suffix[time_length + 3] = 0;
        return;
    }
    *index = 0;
    pintle_log_suffix(suffix, (pintle_log_suffix_seconds(suffix) + 1) * 1000000000);
}

static int rename_current(int directory, const char *base, const char *newest) {
    char name[name_limit + 32];
    size_t length = strlen(base);
    int index = 0;
    memcpy(name, base, length);
    name[length] = '.';
    char *suffix = name + length + 1;
    pintle_log_suffix(suffix, pintle_now_real());
    const char *last = newest[0] ? newest + length + 1 : "";
    if (strlen(last) >= time_length && strncmp(last, suffix, time_length) >= 0) {
        memcpy(suffix, last, time_length);
        if (last[time_length] == '-' && last[time_length + 1] >= '0' &&
            last[time_length + 1] <= '9' && last[time_length + 2] >= '0' &&
            last[time_length + 2] <= '9')
            index = (last[time_length + 1] - '0') * 10 + last[time_length + 2] - '0';
        next_suffix(suffix, &index);
    }
    for (int attempt = 0; attempt < 200; attempt++) {
        if (pintle_rename_new(directory, base, name) == 0)
            return 0;
        if (errno != EEXIST)
            return errno;
        next_suffix(suffix, &index);
    }
    return EEXIST;
}

int pintle_log_rotate_names(const char *path, uint32_t max_files) {
    char folder[PINTLE_LOG_PATH];
    const char *slash = strrchr(path, '/');
    if (slash == NULL || strlen(slash + 1) >= name_limit - 32)
        return EINVAL;
    memcpy(folder, path, (size_t)(slash - path));
    folder[slash - path] = 0;
    int directory = open(folder[0] ? folder : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return errno;
    const char *base = slash + 1;
    int error = 0;
    if (max_files <= 1) {
        if (unlinkat(directory, base, 0) != 0)
            error = errno;
    } else {
        struct census census;
        take_census(directory, base, &census);
        /* Before the new name is made: on a full disk that gives it room. */
        for (int round = 0; round < 1000 && census.count > max_files - 2 && census.count > 0;
             round++) {
            if (unlinkat(directory, census.oldest, 0) != 0 && errno != ENOENT)
                break;
            char newest[name_limit];
            strcpy(newest, census.newest);
            take_census(directory, base, &census);
            if (census.count == 0)
                strcpy(census.newest, newest);
        }
        error = rename_current(directory, base, census.newest);
    }
    close(directory);
    return error == ENOENT ? 0 : error;
}
