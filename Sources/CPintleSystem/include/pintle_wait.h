/**
 * @file pintle_wait.h
 * @brief epoll, eventfd and names of threads, which Swift's Glibc module lacks.
 */
#ifndef PINTLE_WAIT_H
#define PINTLE_WAIT_H

#include <stdint.h>

#include "pintle_nullability.h"

#ifdef __cplusplus
extern "C" {
#endif

/** @brief Makes an epoll set, closed on exec. @return A descriptor, or -1 with errno. */
int pintle_poller_open(void);

/** @brief Waits for a descriptor to become readable or to hang up. @return 0, or -1 with errno. */
int pintle_poller_add(int poller, int fd, uint64_t token);

/** @brief Takes a descriptor out. A missing one is a success. */
void pintle_poller_remove(int poller, int fd);

/**
 * @brief Waits for events. @return How many tokens were written; 0 after the timeout or a signal, -1 with errno.
 * @param timeout Milliseconds; -1 waits for ever.
 */
int pintle_poller_wait(int poller, uint64_t *PINTLE_NONNULL tokens, int32_t capacity, int timeout);

/** @brief Makes a bell: a descriptor that is readable from pintle_bell_ring() to pintle_bell_silence(). */
int pintle_bell_open(void);
/** @brief Makes it readable. Threads: any. Never blocks. */
void pintle_bell_ring(int bell);
/** @brief Makes it unreadable again. */
void pintle_bell_silence(int bell);

/** @brief Names the calling thread; what is longer than 15 bytes is cut. */
void pintle_thread_name(const char *PINTLE_NONNULL name);

#ifdef __cplusplus
}
#endif
#endif
