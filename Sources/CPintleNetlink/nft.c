#include "pintle_nft.h"

#include <stdlib.h>

#include <nftables/libnftables.h>

/* The handle is libnftables' own; the type of our own keeps its header, and its `bool`s, out of
 * the interface. */
static struct nft_ctx *context(pintle_nft *nft) { return (struct nft_ctx *)(void *)nft; }

pintle_nft *pintle_nft_open(void) {
    struct nft_ctx *result = nft_ctx_new(NFT_CTX_DEFAULT);
    if (result == NULL) {
        return NULL;
    }
    if (nft_ctx_buffer_error(result) != 0 || nft_ctx_buffer_output(result) != 0) {
        nft_ctx_free(result);
        return NULL;
    }
    nft_ctx_output_set_flags(result, NFT_CTX_OUTPUT_NUMERIC_ALL);
    return (pintle_nft *)(void *)result;
}

void pintle_nft_close(pintle_nft *nft) { nft_ctx_free(context(nft)); }

int32_t pintle_nft_run(pintle_nft *nft, const char *commands, const char **output,
                       const char **error) {
    const int result = nft_run_cmd_from_buffer(context(nft), commands);
    if (output != NULL) {
        *output = nft_ctx_get_output_buffer(context(nft));
    }
    *error = nft_ctx_get_error_buffer(context(nft));
    return result == 0 ? 0 : -1;
}
