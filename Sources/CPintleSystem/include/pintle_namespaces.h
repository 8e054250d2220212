/**
 * @file pintle_namespaces.h
 * @brief Work inside a pod's namespaces, on threads made for it.
 */
#ifndef PINTLE_NAMESPACES_H
#define PINTLE_NAMESPACES_H

#include <stdint.h>

#include "pintle_nullability.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @brief Connects to a TCP port on the loopback address of a network namespace: 127.0.0.1, else ::1.
 *
 * The sockets are made on a thread that enters the namespace and ends there.
 * Threads: any; blocks until connected, refused or late. Memory: the caller owns the socket.
 *
 * @param network The network namespace.
 * @param port 1 to 65535.
 * @param timeout Milliseconds.
 * @return A blocking socket closed on exec, or -1 with errno.
 */
int pintle_connect_loopback(int network, uint16_t port, int timeout);

#ifdef __cplusplus
}
#endif
#endif
