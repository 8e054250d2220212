/** System calls of the driver host that Swift can't reach: opening without links, sealed copies. */
#ifndef PINTLE_HOST_FILES_H
#define PINTLE_HOST_FILES_H

#include <stdint.h>

/**
 * Opens `name` below `directory` for reading, following no symbolic link and never leaving the directory
 * (openat2(2) with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS).
 *
 * @return a descriptor that the caller owns, or the negative errno
 */
int pintle_host_open_beneath(int directory, const char *name);

/**
 * Copies a whole file into a new memfd that nobody can change any more (F_SEAL_WRITE, GROW, SHRINK, SEAL).
 *
 * @return a descriptor that the caller owns, or the negative errno
 */
int pintle_host_sealed_copy(int file, const char *name);

/**
 * Deletes a directory and everything in it, following no symbolic link and leaving other file systems alone.
 *
 * @return 0, or the negative errno of the first thing that could not be deleted
 */
int pintle_host_remove_tree(const char *path);

/** Makes a close-on-exec pipe(2). @return 0, or the negative errno. The caller owns both ends. */
int pintle_host_pipe(int ends[2]);

#endif
