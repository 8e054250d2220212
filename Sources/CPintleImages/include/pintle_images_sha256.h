#ifndef PINTLE_IMAGES_SHA256_H
#define PINTLE_IMAGES_SHA256_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A SHA-256 computation under way. Opaque; the caller owns it and may discard it at any time.
typedef struct pintle_images_sha256 {
    uint64_t state[16];
} pintle_images_sha256;

/// Begins a computation. [any thread, one at a time per context; never blocks]
void pintle_images_sha256_init(pintle_images_sha256 *context);

/// Adds `count` bytes, which are only read. [as above]
void pintle_images_sha256_update(pintle_images_sha256 *context, const void *data, size_t count);

/// Writes the 32 bytes of the digest and begins anew. [as above]
void pintle_images_sha256_finish(pintle_images_sha256 *context, uint8_t *digest);

#ifdef __cplusplus
}
#endif

#endif
