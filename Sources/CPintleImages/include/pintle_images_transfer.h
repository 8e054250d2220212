#ifndef PINTLE_IMAGES_TRANSFER_H
#define PINTLE_IMAGES_TRANSFER_H

#include <stddef.h>
#include <stdint.h>

#include "pintle_images_base.h"

#ifdef __cplusplus
extern "C" {
#endif

/// How a transfer ended.
typedef int32_t pintle_transfer_outcome;
enum {
    /// An answer was received completely, whatever its status.
    PINTLE_TRANSFER_DONE = 0,
    /// The host's name has no address, or nothing answers there.
    PINTLE_TRANSFER_UNREACHABLE = 1,
    /// TLS could not be agreed on, or the certificate is not trusted.
    PINTLE_TRANSFER_UNTRUSTED = 2,
    /// The connection broke, stalled or sent what is not HTTP.
    PINTLE_TRANSFER_BROKEN = 3,
    /// `is_stopped` said so.
    PINTLE_TRANSFER_STOPPED = 4,
    /// `head` or `body` returned non-zero.
    PINTLE_TRANSFER_REFUSED = 5,
    /// libcurl is missing or out of memory, or the address or CA file is unusable.
    PINTLE_TRANSFER_FAILED = 6,
};

/// One request. All pointers are borrowed until pintle_transfer_perform returns.
typedef struct pintle_transfer_request {
    /// Absolute, http or https.
    const char *_Nonnull url;
    /// 1 asks for the head only.
    int32_t head_only;
    /// 1 ignores the proxies that the environment names.
    int32_t no_proxy;
    /// `Name: value`, null-terminated list.
    const char *_Nullable const *_Nonnull headers;
    /// The body of a POST of type application/x-www-form-urlencoded; null makes it a GET.
    const char *_Nullable form;
    /// A PEM file of trusted authorities; null means the system's.
    const char *_Nullable ca_file;
    /// Given to the three functions, which are called on the calling thread only.
    void *_Nullable context;
    /// Called once with the final status and all header lines of the answer; non-zero gives the
    /// transfer up.
    int32_t (*_Nonnull head)(void *_Nullable context, int32_t status, const char *_Nonnull lines,
                             size_t count);
    /// Called with each piece of the body; non-zero gives the transfer up.
    int32_t (*_Nonnull body)(void *_Nullable context, const uint8_t *_Nonnull data, size_t count);
    /// Asked at least five times a second; non-zero gives the transfer up.
    int32_t (*_Nonnull is_stopped)(void *_Nullable context);
} pintle_transfer_request;

/// Connections to registries that may be used again.
typedef struct pintle_transfer_client pintle_transfer_client;

/// Makes a client. The first call in a process loads libcurl.
///
/// Threads: any; blocks while loading. @return null when libcurl can't be loaded or memory is
/// short.
pintle_transfer_client *_Nullable pintle_transfer_client_new(void);

/// Closes its connections. Null is ignored.
void pintle_transfer_client_free(pintle_transfer_client *_Nullable client);

/// Sends a request and receives the answer. Redirects are not followed.
///
/// Threads: any, one at a time per client; blocks. A host that can't be connected to within 15 s is
/// unreachable; less than a byte a second for 30 s counts as broken.
/// @param message receives a sentence about a failure, null-terminated; `capacity` counts the
/// terminator
pintle_transfer_outcome pintle_transfer_perform(pintle_transfer_client *_Nonnull client,
                                                const pintle_transfer_request *_Nonnull request,
                                                char *_Nonnull message, size_t capacity);

#ifdef __cplusplus
}
#endif

#endif
