/**
 * @file pintle_packets.h
 * @brief Packets with descriptors over SOCK_SEQPACKET sockets.
 */
#ifndef PINTLE_PACKETS_H
#define PINTLE_PACKETS_H

#include <stdint.h>

#include "pintle_nullability.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @brief Sends one packet with up to PINTLE_INFRA_MAX_DESCRIPTORS descriptors.
 *
 * Threads: any. Blocks while the socket's buffer is full, unless the socket does not block.
 * Memory: all is borrowed; the descriptors stay the caller's.
 * @return 0, or -1 with errno.
 */
int pintle_send_packet(int socket, const void *PINTLE_NONNULL data, uint64_t size,
                       const int32_t *PINTLE_NULLABLE descriptors, int32_t count);

/**
 * @brief Receives one packet without waiting.
 *
 * Memory: the caller owns the descriptors it gets; they are closed on exec.
 * @param descriptors Room for PINTLE_INFRA_MAX_DESCRIPTORS.
 * @param count Set to how many came.
 * @return The packet's size, 0 at the end of the connection, -1 with errno (EAGAIN: none now; EMSGSIZE: cut off).
 */
int64_t pintle_receive_packet(int socket, void *PINTLE_NONNULL data, uint64_t capacity,
                              int32_t *PINTLE_NONNULL descriptors, int32_t *PINTLE_NONNULL count);

/**
 * @brief Makes a pair of connected packet sockets, closed on exec. @return 0, or -1 with errno.
 */
int pintle_packet_pair(int32_t *PINTLE_NONNULL pair);

/**
 * @brief Connects to a packet socket in a directory, however long the directory's path is.
 * @return A non-blocking descriptor closed on exec, or -1 with errno.
 */
int pintle_packet_connect(int directory, const char *PINTLE_NONNULL name);

/** @brief Makes an empty memory file, closed on exec. @return A descriptor, or -1 with errno. */
int pintle_memory_file(const char *PINTLE_NONNULL name);

/**
 * @brief Makes a memory file with this content that can't be changed any more. @return A descriptor, or -1 with errno.
 */
int pintle_sealed_file(const char *PINTLE_NONNULL name, const void *PINTLE_NONNULL data,
                       uint64_t size);

#ifdef __cplusplus
}
#endif
#endif
