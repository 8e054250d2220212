#ifndef PINTLE_IMAGES_SPAWN_H
#define PINTLE_IMAGES_SPAWN_H

#include <stddef.h>
#include <stdint.h>

#include "pintle_images_base.h"

#ifdef __cplusplus
extern "C" {
#endif

/// How a child ended.
typedef struct pintle_images_exit {
    /// The exit code, or -1 when a signal ended it.
    int32_t code;
    /// The signal, or 0.
    int32_t signal;
} pintle_images_exit;

/// Starts a program with an empty environment, a session of its own, default signal handling and no
/// descriptors but those given.
///
/// Threads: any; blocks until the program is executed. The child shares nothing with the caller
/// afterwards.
/// @param program its absolute path
/// @param arguments null-terminated; the first is the program's name
/// @param descriptors become 0, 1, 2 … in the child; -1 opens /dev/null there. They stay the
/// caller's.
/// @param pidfd receives a close-on-exec descriptor of the child; to be given to pintle_images_wait
/// until that succeeds
/// @return 0 or an errno; then there is no child.
int32_t pintle_images_spawn(const char *_Nonnull program,
                            const char *const _Nullable *_Nonnull arguments,
                            const int32_t *_Nonnull descriptors, size_t count,
                            int32_t *_Nonnull pidfd);

/// Waits until a child has ended and collects it. The descriptor stays open and the caller's.
///
/// Threads: any; blocks for up to `milliseconds`.
/// @return 0, ETIMEDOUT while it runs, or another errno.
int32_t pintle_images_wait(int32_t pidfd, int32_t milliseconds,
                           pintle_images_exit *_Nonnull result);

/// Kills a child (SIGKILL); it must still be waited for.
void pintle_images_kill(int32_t pidfd);

#ifdef __cplusplus
}
#endif

#endif
