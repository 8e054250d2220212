#ifndef PINTLE_NFT_H
#define PINTLE_NFT_H

#include <stdint.h>

/**
 * @file
 * Packet rules through libnftables: one text, one transaction.
 */

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wnullability-extension"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct pintle_nft pintle_nft;

/**
 * Opens a libnftables context that acts in the calling thread's network namespace, for ever.
 *
 * Making one costs more than a transaction, so it is kept. Memory: owned by the caller;
 * pintle_nft_close frees it. Threads: the context may be used by any thread, by one at a time.
 *
 * @return null without memory or a netlink socket
 */
pintle_nft *_Nullable pintle_nft_open(void);

/** Frees `nft`. */
void pintle_nft_close(pintle_nft *_Nonnull nft);

/**
 * Carries out `commands`, a text in the language of nft(8), as one transaction: all of it or
 * nothing.
 *
 * Threads: [may-block], one call at a time.
 *
 * @param output  what the commands listed, NUL-terminated, valid until the next call; null when not
 *                wanted
 * @param error   libnftables' words about a failure, likewise
 * @return 0; -1 when nothing was changed
 */
int32_t pintle_nft_run(pintle_nft *_Nonnull nft, const char *_Nonnull commands,
                       const char *_Nullable *_Nullable output,
                       const char *_Nullable *_Nonnull error);

#ifdef __cplusplus
}
#endif

#pragma clang diagnostic pop

#endif
