// The one line that tells how it ended.
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unpack.h"

enum { LINE = 1024 };

static void send_line(const char *line) {
    size_t count = strlen(line);
    while (count > 0) {
        ssize_t written = write(PINTLE_REPORT_FD, line, count);
        if (written < 0)
            return; // Nobody is left to be told.
        line += written;
        count -= (size_t)written;
    }
}

void pintle_done(const char *digest, pintle_totals totals) {
    char line[LINE];
    snprintf(line, sizeof line, "done %s %llu %llu\n", digest, (unsigned long long)totals.bytes,
             (unsigned long long)totals.entries);
    send_line(line);
    _exit(0);
}

void pintle_fail(const char *reason, int error, const char *format, ...) {
    char line[LINE];
    int used = snprintf(line, sizeof line, "fail %s %d ", reason, error);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line + used, sizeof line - (size_t)used - 1, format, arguments);
    va_end(arguments);
    // Names in archives may hold anything; the line must stay one line.
    for (char *c = line; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
    }
    strcat(line, "\n");
    send_line(line);
    _exit(1);
}
