/**
 * @file pintle_devices.h
 * @brief Which devices the processes of a cgroup v2 may use: a BPF program made from rules.
 */
#ifndef PINTLE_DEVICES_H
#define PINTLE_DEVICES_H

#include <stdint.h>

#include "pintle_nullability.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Access to a device: a set. */
enum { PINTLE_DEVICE_MKNOD = 1, PINTLE_DEVICE_READ = 2, PINTLE_DEVICE_WRITE = 4 };

/** One device, or all of a kind, that is allowed. What no rule allows is refused. */
struct pintle_device_rule {
    int32_t type;         /**< `b`, `c` or `a` (both). */
    int32_t major_number; /**< -1 means every one. */
    int32_t minor_number; /**< -1 means every one. */
    int32_t access;       /**< A set of PINTLE_DEVICE_*. */
};

/**
 * @brief Attaches a program that allows just these devices to a cgroup v2, in place of the one before.
 *
 * Threads: any. Memory: all is borrowed. The kernel drops the program with the cgroup.
 *
 * @param cgroup The cgroup's directory.
 * @param count At most 200.
 * @return 0, or -1 with errno.
 */
int pintle_device_filter_attach(int cgroup, const struct pintle_device_rule *PINTLE_NULLABLE rules,
                                int32_t count);

#ifdef __cplusplus
}
#endif
#endif
