// SHA-256 by nettle: it uses the processor's instructions (1.3 GB/s here), is 0.3 MB, and
// libarchive, which the helper program needs, links it anyway. Loading OpenSSL's libcrypto instead
// costs every node 0.4 MB of private memory.
#include "pintle_images_sha256.h"

#include <nettle/sha2.h>

_Static_assert(sizeof(struct sha256_ctx) <= sizeof(pintle_images_sha256),
               "the context must hold nettle's");

void pintle_images_sha256_init(pintle_images_sha256 *context) {
    sha256_init((struct sha256_ctx *)(void *)context->state);
}

void pintle_images_sha256_update(pintle_images_sha256 *context, const void *data, size_t count) {
    sha256_update((struct sha256_ctx *)(void *)context->state, count, data);
}

void pintle_images_sha256_finish(pintle_images_sha256 *context, uint8_t *digest) {
    sha256_digest((struct sha256_ctx *)(void *)context->state, SHA256_DIGEST_SIZE, digest);
}
