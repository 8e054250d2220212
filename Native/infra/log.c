/*
 * Output as CRI log lines: `TIME STREAM F|P TEXT`.
 *
 * Lines are gathered and written many at a time; a file ends between two of them, so that it never passes its limit.
 * A line whose end has not come yet is held for a moment, so that it becomes one line and not two.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "infra.h"

enum {
    head_length = 40, /* the time, ` stdout F ` */
    least_text = 64,  /* lines are not cut shorter than this, however small the file may be */
    gathered = 65536,
    retry_after = 1000000000,
    hold_time = 100000000
};

/* What is written next. Nothing is in it between two calls. */
static uint8_t out[gathered] __attribute__((aligned(4096)));

/* One call's work: what is in `out` stands for the input up to `taken`. */
struct gathering {
    struct pintle_log *log;
    int stream;
    size_t length;
    bool has_held;
    bool ends_partial;
    char heads[2][head_length]; /* of a part, of a full line */
};

static void fail(struct pintle_log *log, int error) {
    log->error = error;
    log->retry_at = pintle_now_monotonic() + retry_after;
}

/* Waiting helps when the disk is full. Anything else is no reason to hold the container up. */
static bool is_full(int error) { return error == ENOSPC || error == EDQUOT; }

void pintle_log_open(struct pintle_log *log) {
    struct stat info;
    log->fd = -1;
    log->size = 0;
    if (log->path[0] == 0)
        return;
    log->fd =
        open(log->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640);
    if (log->fd < 0) {
        fail(log, errno);
        return;
    }
    if (fstat(log->fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        pintle_log_close(log);
        fail(log, EINVAL);
        return;
    }
    log->size = (uint64_t)info.st_size;
}

void pintle_log_close(struct pintle_log *log) {
    if (log->fd >= 0)
        close(log->fd);
    log->fd = -1;
}

/* Returns false when there is no new file and the old one must not be used any more. */
static bool rotate(struct pintle_log *log) {
    int error = pintle_log_rotate_names(log->path, log->max_files == 0 ? 5 : log->max_files);
    if (error != 0) {
        fail(log, error);
        return !is_full(error);
    }
    pintle_log_close(log);
    pintle_log_open(log);
    return log->fd >= 0 || !is_full(log->error);
}

static bool is_open(struct pintle_log *log) {
    if (log->fd < 0 && pintle_now_monotonic() >= log->retry_at)
        pintle_log_open(log);
    return log->fd >= 0;
}

/* Writes all or nothing: after a failure the file is cut back to where it was. Returns an errno. */
static int append(struct pintle_log *log, size_t length) {
    size_t done = 0;
    while (done < length) {
        ssize_t count = write(log->fd, out + done, length - done);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0) {
            int error = count == 0 ? ENOSPC : errno;
            if (done > 0 && ftruncate(log->fd, (off_t)log->size) != 0)
                log->size += done;
            return error;
        }
        done += (size_t)count;
    }
    log->size += length;
    return 0;
}

/* Writes what was gathered, or drops it for good. Returns false when it is to be tried again later. */
static bool commit(struct gathering *gathering) {
    struct pintle_log *log = gathering->log;
    if (gathering->length == 0)
        return true;
    int error = is_open(log) ? append(log, gathering->length) : log->error;
    if (error == 0) {
        log->error = 0;
    } else {
        fail(log, error);
        if (is_full(error))
            return false;
        log->dropped += gathering->length;
    }
    if (gathering->has_held)
        log->held_length[gathering->stream] = 0;
    log->partial[gathering->stream] = gathering->ends_partial;
    gathering->has_held = false;
    gathering->length = 0;
    return true;
}

static void begin(struct gathering *gathering, struct pintle_log *log, int stream) {
    *gathering = (struct gathering){.log = log, .stream = stream};
    char *head = gathering->heads[0];
    size_t time = pintle_log_timestamp(head, pintle_now_real());
    memcpy(head + time, stream == 0 ? " stdout P " : " stderr P ", 10);
    memcpy(gathering->heads[1], head, head_length);
    gathering->heads[1][time + 8] = 'F';
}

/* Makes room for an entry in the file and in `out`. Returns false when that must wait. */
static bool make_room(struct gathering *gathering, size_t entry) {
    struct pintle_log *log = gathering->log;
    uint64_t size = log->size + gathering->length;
    bool passes = log->max_bytes > 0 && size > 0 && size + entry > log->max_bytes;
    if (!passes && gathering->length + entry <= sizeof out)
        return true;
    if (!commit(gathering))
        return false;
    /* What was dropped has made room too. */
    passes = log->max_bytes > 0 && log->size > 0 && log->size + entry > log->max_bytes;
    return !passes || log->fd < 0 || rotate(log);
}

static void put(struct gathering *gathering, const void *bytes, size_t length) {
    memcpy(out + gathering->length, bytes, length);
    gathering->length += length;
}

/* Gathers one entry: what is held, then `text` (without its newline). */
static bool gather(struct gathering *gathering, const uint8_t *text, size_t length, bool full) {
    struct pintle_log *log = gathering->log;
    size_t held = gathering->has_held ? 0 : log->held_length[gathering->stream];
    if (!make_room(gathering, head_length + held + length + 1))
        return false;
    /* Room may have been made by writing what was held. */
    held = gathering->has_held ? 0 : log->held_length[gathering->stream];
    put(gathering, gathering->heads[full], head_length);
    put(gathering, log->held[gathering->stream], held);
    put(gathering, text, length);
    put(gathering, "\n", 1);
    gathering->has_held = gathering->has_held || held > 0;
    gathering->ends_partial = !full;
    return true;
}

/* The most text that an entry may have. */
static size_t text_limit(const struct pintle_log *log) {
    uint64_t most = PINTLE_LOG_LINE;
    if (log->max_bytes > 0 && log->max_bytes < most + head_length + 1) {
        most = log->max_bytes > head_length + 1 ? log->max_bytes - head_length - 1 : 0;
        if (most < least_text)
            most = least_text;
    }
    return (size_t)most;
}

static void hold(struct pintle_log *log, int stream, const uint8_t *data, size_t length) {
    if (length == 0)
        return;
    memcpy(log->held[stream] + log->held_length[stream], data, length);
    log->held_length[stream] += length;
    log->flush_at = pintle_now_monotonic() + hold_time;
}

size_t pintle_log_write(struct pintle_log *log, int stream, const uint8_t *data, size_t length) {
    struct gathering gathering;
    size_t taken = 0;
    size_t limit = text_limit(log);
    if (log->path[0] == 0)
        return length;
    begin(&gathering, log, stream);
    for (size_t at = 0;;) {
        if (gathering.length == 0)
            taken = at;
        size_t held = gathering.has_held ? 0 : log->held_length[stream];
        size_t left = length - at;
        /* The limit may have been lowered while a longer part was held. */
        size_t window = held < limit ? limit - held : 0;
        const uint8_t *end =
            left == 0 ? NULL : memchr(data + at, '\n', left < window + 1 ? left : window + 1);
        if (end == NULL && left <= window) {
            if (!commit(&gathering))
                return taken;
            hold(log, stream, data + at, left);
            return length;
        }
        size_t text = end != NULL ? (size_t)(end - (data + at)) : window;
        if (!gather(&gathering, data + at, text, end != NULL))
            return gathering.length == 0 ? at : taken;
        if (gathering.length == head_length + (gathering.has_held ? held : 0) + text + 1)
            taken = at;
        at += text + (end != NULL ? 1 : 0);
    }
}

/* Writes what is held as an entry of its own. Returns false when that must wait. */
static bool flush(struct pintle_log *log, int stream, bool full) {
    struct gathering gathering;
    begin(&gathering, log, stream);
    return gather(&gathering, (const uint8_t *)"", 0, full) && commit(&gathering);
}

uint64_t pintle_log_timer(struct pintle_log *log, uint64_t now) {
    if (log->held_length[0] + log->held_length[1] == 0)
        return UINT64_MAX;
    uint64_t due =
        is_full(log->error) && log->retry_at > log->flush_at ? log->retry_at : log->flush_at;
    if (due > now)
        return due;
    for (int stream = 0; stream < 2; stream++) {
        if (log->held_length[stream] > 0 && !flush(log, stream, false))
            return log->retry_at;
    }
    return UINT64_MAX;
}

bool pintle_log_finish(struct pintle_log *log, int stream) {
    if (log->path[0] == 0 || (!log->partial[stream] && log->held_length[stream] == 0))
        return true;
    return flush(log, stream, true);
}

void pintle_log_abandon(struct pintle_log *log) {
    for (int stream = 0; stream < 2; stream++) {
        log->dropped += log->held_length[stream];
        log->held_length[stream] = 0;
        log->partial[stream] = false;
    }
}

void pintle_log_cool(void) { madvise(out, sizeof out, MADV_DONTNEED); }
