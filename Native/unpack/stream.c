// The input: decompressed by one libarchive reader, hashed, and handed to a second one that knows
// tar.
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>

#include "unpack.h"

struct pintle_stream {
    struct archive *raw;
    struct sha256_ctx hash;
    uint64_t count;
    uint64_t limit;
};

enum { BLOCK = 256 << 10 };

static const char *message_of(struct archive *archive) {
    const char *message = archive_error_string(archive);
    return message != NULL ? message : "unknown error";
}

pintle_stream *pintle_stream_open(int fd, uint64_t limit) {
    pintle_stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL)
        pintle_fail("sandbox", ENOMEM, "memory");
    stream->limit = limit;
    sha256_init(&stream->hash);
    stream->raw = archive_read_new();
    if (stream->raw == NULL)
        pintle_fail("sandbox", ENOMEM, "memory");
    archive_read_support_filter_gzip(stream->raw);
    archive_read_support_filter_zstd(stream->raw);
    archive_read_support_format_raw(stream->raw);
    archive_read_support_format_empty(stream->raw);
    struct archive_entry *entry = NULL;
    int code = archive_read_open_fd(stream->raw, fd, BLOCK);
    if (code == ARCHIVE_OK)
        code = archive_read_next_header(stream->raw, &entry);
    if (code != ARCHIVE_OK && code != ARCHIVE_EOF) {
        pintle_fail("corrupt", archive_errno(stream->raw), "%s", message_of(stream->raw));
    }
    return stream;
}

// The next uncompressed block; 0 at the end, -1 on failure.
static la_ssize_t next_block(pintle_stream *stream, const void **block) {
    for (;;) {
        size_t count = 0;
        la_int64_t offset = 0;
        int code = archive_read_data_block(stream->raw, block, &count, &offset);
        if (code == ARCHIVE_EOF)
            return 0;
        if (code != ARCHIVE_OK)
            return -1;
        if (count == 0)
            continue;
        stream->count += count;
        if (stream->count > stream->limit) {
            pintle_fail("limit", EFBIG, "it has more than %llu bytes when uncompressed",
                        (unsigned long long)stream->limit);
        }
        sha256_update(&stream->hash, count, *block);
        return (la_ssize_t)count;
    }
}

static la_ssize_t read_block(struct archive *archive, void *context, const void **block) {
    pintle_stream *stream = context;
    la_ssize_t count = next_block(stream, block);
    if (count < 0)
        archive_set_error(archive, archive_errno(stream->raw), "%s", message_of(stream->raw));
    return count;
}

struct archive *pintle_stream_archive(pintle_stream *stream) {
    struct archive *archive = archive_read_new();
    if (archive == NULL)
        pintle_fail("sandbox", ENOMEM, "memory");
    archive_read_support_format_tar(archive);
    archive_read_support_format_empty(archive);
    if (archive_read_open(archive, stream, NULL, read_block, NULL) != ARCHIVE_OK) {
        pintle_fail("corrupt", archive_errno(archive), "%s", message_of(archive));
    }
    return archive;
}

void pintle_stream_finish(pintle_stream *stream, char *digest) {
    const void *block = NULL;
    la_ssize_t count;
    // What follows the archive's end belongs to the digest too.
    while ((count = next_block(stream, &block)) > 0)
        continue;
    if (count < 0)
        pintle_fail("corrupt", archive_errno(stream->raw), "%s", message_of(stream->raw));
    uint8_t raw[SHA256_DIGEST_SIZE];
    sha256_digest(&stream->hash, sizeof raw, raw);
    for (size_t i = 0; i < sizeof raw; i++)
        snprintf(digest + 2 * i, 3, "%02x", raw[i]);
}
