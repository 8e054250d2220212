/* Output as CRI log lines: `TIME STREAM F|P TEXT`. A line that the container has not ended yet is written as P. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "infra.h"

enum {
    line_limit = 16384, /* longer lines are split, as containerd does */
    batch_lines = 64,
    head_limit = 48,
    retry_after = 1000000000
};

void pintle_log_open(struct pintle_log *log) {
    log->fd = -1;
    log->size = 0;
    if (log->path[0] == 0)
        return;
    log->fd =
        open(log->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640);
    struct stat info;
    if (log->fd >= 0 && (fstat(log->fd, &info) != 0 || !S_ISREG(info.st_mode))) {
        close(log->fd);
        log->fd = -1;
    }
    if (log->fd >= 0) {
        log->size = (uint64_t)info.st_size;
    } else {
        log->retry_at = pintle_now_monotonic() + retry_after;
    }
}

void pintle_log_close(struct pintle_log *log) {
    if (log->fd >= 0)
        close(log->fd);
    log->fd = -1;
}

static void rotate(struct pintle_log *log) {
    pintle_log_close(log);
    pintle_log_rotate_names(log->path, log->max_files == 0 ? 5 : log->max_files);
    pintle_log_open(log);
}

/* Writes whole lines or nothing: after a short write the file is cut back to where it was. */
static void write_lines(struct pintle_log *log, const struct iovec *parts, int count,
                        size_t bytes) {
    if (log->fd >= 0 && log->max_bytes > 0 && log->size > 0 && log->size + bytes > log->max_bytes)
        rotate(log);
    if (log->fd < 0 && log->path[0] != 0 && pintle_now_monotonic() >= log->retry_at)
        pintle_log_open(log);
    if (log->fd < 0) {
        log->dropped += bytes;
        return;
    }
    ssize_t written = writev(log->fd, parts, count);
    if (written == (ssize_t)bytes) {
        log->size += bytes;
        return;
    }
    log->dropped += bytes;
    if (written > 0 && ftruncate(log->fd, (off_t)log->size) != 0)
        log->size += (uint64_t)written;
}

void pintle_log_write(struct pintle_log *log, int stream, const uint8_t *data, size_t length) {
    static char newline[1] = {'\n'};
    static char heads[2][head_limit];
    if (log->path[0] == 0)
        return;
    int64_t now = pintle_now_real();
    size_t head = 0;
    for (int full = 0; full < 2; full++) {
        head = pintle_log_timestamp(heads[full], now);
        memcpy(heads[full] + head, stream == 0 ? " stdout " : " stderr ", 8);
        memcpy(heads[full] + head + 8, full ? "F " : "P ", 2);
        head += 10;
    }
    while (length > 0) {
        struct iovec parts[batch_lines * 3];
        int count = 0;
        size_t bytes = 0;
        for (int line = 0; line < batch_lines && length > 0; line++) {
            size_t window = length < line_limit ? length : line_limit;
            const uint8_t *end = memchr(data, '\n', window);
            size_t text = end ? (size_t)(end - data) + 1 : window;
            /* Rotation is between lines: those that still fit are written first. */
            if (line > 0 && log->max_bytes > 0 && log->size + bytes + head + text > log->max_bytes)
                break;
            parts[count++] = (struct iovec){heads[end != NULL], head};
            parts[count++] = (struct iovec){(void *)(uintptr_t)data, text};
            bytes += head + text;
            if (end == NULL) {
                parts[count++] = (struct iovec){newline, 1};
                bytes++;
            }
            log->partial[stream] = end == NULL;
            data += text;
            length -= text;
        }
        write_lines(log, parts, count, bytes);
    }
}

void pintle_log_finish(struct pintle_log *log, int stream) {
    if (log->partial[stream])
        pintle_log_write(log, stream, (const uint8_t *)"\n", 1);
    log->partial[stream] = false;
}
