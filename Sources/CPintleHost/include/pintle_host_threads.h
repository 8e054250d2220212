/** Calls about threads and wake-ups that Swift's Glibc lacks. */
#ifndef PINTLE_HOST_THREADS_H
#define PINTLE_HOST_THREADS_H

/** Names the calling thread, 15 bytes at most (pthread_setname_np(3)). */
void pintle_host_name_thread(const char *name);

/** A non-blocking, close-on-exec eventfd(2) with value 0, or the negative errno. The caller owns it. */
int pintle_host_eventfd(void);

/** Tells the processor that the caller waits in a loop. */
static inline void pintle_host_pause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("yield");
#endif
}

#endif
