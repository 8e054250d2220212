/**
 * @file pintle_spawn.h
 * @brief Starts a pod's infra process in namespaces of its own.
 */
#ifndef PINTLE_SPAWN_H
#define PINTLE_SPAWN_H

#include <stdint.h>

#include "pintle_nullability.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Namespaces of a new infra process; a mount namespace is always made. */
enum { PINTLE_SPAWN_NETWORK = 1, PINTLE_SPAWN_IPC = 2, PINTLE_SPAWN_UTS = 4 };

/**
 * @brief Opens a program so that nobody who runs it can write to it.
 *
 * The descriptor names the file through a read-only mount of its own, which `/proc/PID/exe` of the processes leads to.
 * Threads: any. Memory: the caller owns the descriptor.
 *
 * @param path Absolute path of the program.
 * @return A descriptor, or -1 with errno.
 */
int pintle_open_program(const char *PINTLE_NONNULL path);

/** Namespaces that belong to a user namespace, as descriptors; -1 where there is none. */
struct pintle_user_namespaces {
    int users, network, ipc, uts;
};

/**
 * @brief Makes a user namespace and further namespaces that belong to it.
 *
 * Threads: any. Memory: the caller owns the descriptors and closes them with pintle_close_user_namespaces().
 *
 * @param namespaces A set of PINTLE_SPAWN_*.
 * @param first The node's id that is id 0 inside, for users and for groups.
 * @param count How many ids.
 * @return 0, or -1 with errno; nothing is left then.
 */
int pintle_make_user_namespaces(uint32_t namespaces, uint32_t first, uint32_t count,
                                struct pintle_user_namespaces *PINTLE_NONNULL result);

/** @brief Closes the descriptors. */
void pintle_close_user_namespaces(struct pintle_user_namespaces *PINTLE_NONNULL namespaces);

/**
 * @brief Starts the infra process: clone(VM, VFORK, PIDFD) into new namespaces, then exec.
 *
 * Signals are blocked around the clone and the child's handlers are reset. The child gets `/dev/null` as its standard
 * streams, the three descriptors at the numbers of pintle_infra_protocol.h, and nothing else.
 *
 * Threads: any; the calling thread waits until the program runs, other threads go on.
 * Memory: descriptors are borrowed; the caller owns the pidfd.
 *
 * @param program From pintle_open_program().
 * @param control The first control connection's far end.
 * @param directory The sandbox's run directory.
 * @param mounts The host's mount namespace.
 * @param namespaces A set of PINTLE_SPAWN_*: those that are made.
 * @param joined Namespaces that are entered instead, borrowed; NULL means none. Its `users` is passed on, not entered.
 * @param name Shown in the process' arguments.
 * @param pidfd Set on success.
 * @param stage Set on failure to a constant string that names the failing step.
 * @return The process id, or -1 with errno. After a failure nothing is left.
 */
int pintle_spawn_infra(int program, int control, int directory, int mounts, uint32_t namespaces,
                       const struct pintle_user_namespaces *PINTLE_NULLABLE joined,
                       const char *PINTLE_NONNULL name, int *PINTLE_NONNULL pidfd,
                       const char *PINTLE_NULLABLE *PINTLE_NONNULL stage);

/**
 * @brief Waits for a child's end and takes its exit status away.
 *
 * Threads: any. Does not block. @return 1 when it has ended or isn't a child of this process, 0 when it still runs.
 */
int pintle_reap(int pidfd);

/** @brief Sends a signal to a process. @return 0, or -1 with errno; ESRCH means that it has ended. */
int pintle_signal_process(int pidfd, int number);

/** @brief Opens a pidfd. @return A descriptor, or -1 with errno. */
int pintle_open_process(int pid);

#ifdef __cplusplus
}
#endif
#endif
