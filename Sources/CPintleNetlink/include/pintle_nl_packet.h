#ifndef PINTLE_NL_PACKET_H
#define PINTLE_NL_PACKET_H

#include <stdint.h>

/**
 * @file
 * Forgetting connections that the kernel tracks.
 */

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wnullability-extension"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Makes the kernel forget every tracked flow of `protocol` whose first packet was sent to `port`.
 *
 * Address translation is decided by a flow's first packet. A UDP sender that never pauses would
 * reach the old destination for ever after a port has changed hands, so whoever changes a UDP port
 * calls this. The socket acts in the calling thread's network namespace.
 *
 * Threads: any. Blocks while the kernel walks its table.
 *
 * @param family    AF_INET or AF_INET6
 * @param protocol  IPPROTO_UDP …
 * @param port      in host order
 * @return 0, also when there was none; a negative errno, -EOPNOTSUPP or -EINVAL before Linux 5.8
 */
int32_t pintle_nl_forget_flows(int32_t family, uint8_t protocol, uint16_t port);

#ifdef __cplusplus
}
#endif

#pragma clang diagnostic pop

#endif
