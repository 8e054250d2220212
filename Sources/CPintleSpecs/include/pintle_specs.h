/**
 * The schema of the built-in kinds: the files of specs/api, embedded byte for byte.
 *
 * Nothing here is copied or parsed at start: the text lies in the binary's read-only pages, and only the pages that are
 * read take memory. PintleObjects reads one type at a time.
 */
#ifndef PINTLE_SPECS_H
#define PINTLE_SPECS_H

#include <stddef.h>

/** One file of specs/api. */
typedef struct pintle_spec {
    const char
        *name; /**< the file's name without `.json`, for example `core.v1`; ends with a zero byte */
    const unsigned char
        *bytes; /**< UTF-8 text of `length` bytes, no zero byte at the end; lives for ever */
    size_t length;
} pintle_spec;

/**
 * Finds the file number `index`.
 *
 * Threads: any. Memory: the answer is constant and lives as long as the program.
 *
 * @return the file, or NULL when `index` is not less than the number of files
 */
const pintle_spec *pintle_spec_at(size_t index);

#endif
