#ifndef PINTLE_IMAGES_FILES_H
#define PINTLE_IMAGES_FILES_H

#include <stdint.h>

#include "pintle_images_base.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Deletes a file, or a directory with everything in it, without following links. What is missing
/// counts as deleted.
///
/// Threads: any; blocks. On failure part of the tree may be gone.
/// @return 0 or an errno; ELOOP for trees deeper than 1,024 directories.
int32_t pintle_images_remove_tree(const char *_Nonnull path);

/// Opens a file for reading below a directory: neither `..`, absolute links nor /proc's links lead
/// out of it.
///
/// Threads: any; blocks. The system call is `openat2` with RESOLVE_BENEATH and
/// RESOLVE_NO_MAGICLINKS.
/// @return a close-on-exec descriptor the caller owns, or the negative errno.
int32_t pintle_images_open_beneath(int32_t directory, const char *_Nonnull path);

/// Makes a close-on-exec pipe; the caller owns both ends, the first is for reading. [any thread;
/// never blocks]
/// @return 0, or -1 with errno set.
int32_t pintle_images_pipe(int32_t *_Nonnull ends);

/// Writes everything of a descriptor's file system to disk (`syncfs`). [any thread; blocks]
/// @return 0 or an errno.
int32_t pintle_images_sync_filesystem(int32_t descriptor);

#ifdef __cplusplus
}
#endif

#endif
