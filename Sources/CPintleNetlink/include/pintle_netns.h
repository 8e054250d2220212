#ifndef PINTLE_NETNS_H
#define PINTLE_NETNS_H

#include <stdint.h>

/**
 * @file
 * Doing something inside another network namespace.
 *
 * setns changes a thread for good, so each visit has a thread made for it that ends with the visit.
 * The calling thread stays where it is and waits.
 */

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wnullability-extension"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Runs `body` with `context` on a thread in the network namespace `netns`, and waits until it
 * returned.
 *
 * Threads: any; blocks. Memory: `netns` is borrowed. /proc/sys/net is that namespace's for the
 * thread.
 *
 * @param stack_size  bytes of stack that `body` needs; 0 for the system's default
 * @return 0 when `body` ran; -EINVAL when `netns` is no network namespace; -EBADF; -EPERM; -EAGAIN
 *         without a thread
 */
int32_t pintle_netns_run(int32_t netns, uint64_t stack_size,
                         void (*_Nonnull body)(void *_Nullable context), void *_Nullable context);

/**
 * Makes a network namespace and returns its descriptor, close-on-exec, which the caller closes; or
 * a negative errno.
 *
 * The namespace ends with its last descriptor, socket, process and mount.
 */
int32_t pintle_netns_new(void);

#ifdef __cplusplus
}
#endif

#pragma clang diagnostic pop

#endif
