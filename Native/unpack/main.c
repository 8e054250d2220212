// pintle-unpack: see unpack.h for its use.
#include <archive.h>
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "unpack.h"

static uint64_t number(const char *text) {
    char *end = NULL;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0')
        pintle_fail("sandbox", EINVAL, "\"%s\" is no number", text);
    return value;
}

static pintle_options read_options(int count, char **arguments) {
    if (count != 5 && count != 6)
        pintle_fail("sandbox", EINVAL, "usage: MODE BYTES ENTRIES DEVICES [DIGEST]");
    pintle_options options = {.bytes = number(arguments[2]), .entries = number(arguments[3])};
    options.devices = number(arguments[4]) != 0;
    options.digest = count == 6 ? arguments[5] : NULL;
    const char *mode = arguments[1];
    if (strcmp(mode, "layer") == 0) {
        options.mode = PINTLE_LAYER;
    } else if (strcmp(mode, "archive") == 0) {
        options.mode = PINTLE_ARCHIVE;
    } else if (strcmp(mode, "pack") == 0) {
        options.mode = PINTLE_PACK;
    } else {
        pintle_fail("sandbox", EINVAL, "\"%s\" is no mode", mode);
    }
    return options;
}

int main(int count, char **arguments) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    umask(0);
    // libarchive converts names to the locale's encoding; glibc's own UTF-8 locale keeps every name
    // as it is. It is loaded here, while its file can be seen.
    if (setlocale(LC_CTYPE, "C.UTF-8") == NULL)
        pintle_fail("sandbox", errno, "the locale C.UTF-8 is missing");
    pintle_options options = read_options(count, arguments);
    int root = pintle_enter_sandbox(&options);
    if (options.mode == PINTLE_PACK)
        pintle_done("-", pintle_pack(root, &options));

    pintle_stream *stream = pintle_stream_open(0, options.bytes);
    struct archive *archive = pintle_stream_archive(stream);
    pintle_totals totals = pintle_extract(archive, root, &options);
    pintle_restore_directories(root);
    char digest[65];
    pintle_stream_finish(stream, digest);
    if (options.digest != NULL && strcmp(options.digest, digest) != 0) {
        pintle_fail("digest", 0, "the uncompressed stream has the digest sha256:%s, not sha256:%s",
                    digest, options.digest);
    }
    pintle_done(digest, totals);
}
