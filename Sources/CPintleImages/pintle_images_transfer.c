#define _GNU_SOURCE
#include "pintle_images_transfer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "pintle_images_curl.h"

enum { MOST_HEADER_BYTES = 64 << 10, POLL_MILLISECONDS = 100 };

struct pintle_transfer_client {
    const pintle_curl *curl;
    CURLM *multi;
    CURL *easy;
};

// One transfer under way.
typedef struct transfer {
    const pintle_transfer_request *request;
    pintle_transfer_client *client;
    char *lines;
    size_t line_count;
    int is_head_told;
    int is_refused;
    int is_stopped;
    char error[CURL_ERROR_SIZE];
} transfer;

pintle_transfer_client *pintle_transfer_client_new(void) {
    const pintle_curl *curl = pintle_curl_load();
    if (curl == NULL)
        return NULL;
    pintle_transfer_client *client = calloc(1, sizeof *client);
    if (client == NULL)
        return NULL;
    client->curl = curl;
    client->multi = curl->multi_init();
    client->easy = curl->easy_init();
    if (client->multi != NULL && client->easy != NULL)
        return client;
    pintle_transfer_client_free(client);
    return NULL;
}

void pintle_transfer_client_free(pintle_transfer_client *client) {
    if (client == NULL)
        return;
    if (client->easy != NULL)
        client->curl->easy_cleanup(client->easy);
    if (client->multi != NULL)
        client->curl->multi_cleanup(client->multi);
    free(client);
}

static long status_of(transfer *transfer) {
    long status = 0;
    transfer->client->curl->easy_getinfo(transfer->client->easy, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

// Tells the head once, before the first byte of the body or at the end.
static int tell_head(transfer *transfer) {
    if (transfer->is_head_told)
        return transfer->is_refused;
    transfer->is_head_told = 1;
    const pintle_transfer_request *request = transfer->request;
    transfer->is_refused = request->head(request->context, (int32_t)status_of(transfer),
                                         transfer->lines, transfer->line_count) != 0;
    return transfer->is_refused;
}

static size_t receive_header(char *data, size_t size, size_t count, void *context) {
    transfer *transfer = context;
    count *= size;
    // Each answer begins with a status line; that of an earlier "100 Continue" does not count.
    if (count >= 5 && strncasecmp(data, "HTTP/", 5) == 0)
        transfer->line_count = 0;
    if (transfer->is_head_told || transfer->line_count + count > MOST_HEADER_BYTES)
        return count;
    memcpy(transfer->lines + transfer->line_count, data, count);
    transfer->line_count += count;
    return count;
}

static size_t receive_body(char *data, size_t size, size_t count, void *context) {
    transfer *transfer = context;
    count *= size;
    if (tell_head(transfer))
        return 0;
    if (count == 0)
        return 0;
    const pintle_transfer_request *request = transfer->request;
    transfer->is_refused = request->body(request->context, (const uint8_t *)data, count) != 0;
    return transfer->is_refused ? 0 : count;
}

static int set_options(transfer *transfer, struct curl_slist *headers) {
    const pintle_transfer_request *request = transfer->request;
    const pintle_curl *curl = transfer->client->curl;
    CURL *easy = transfer->client->easy;
    int bad = 0;
    bad |= curl->easy_setopt(easy, CURLOPT_URL, request->url) != CURLE_OK;
    bad |= curl->easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") != CURLE_OK;
    bad |= curl->easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) != CURLE_OK;
    bad |= curl->easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) != CURLE_OK;
    bad |= curl->easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, 15000L) != CURLE_OK;
    bad |= curl->easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L) != CURLE_OK;
    bad |= curl->easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, 30L) != CURLE_OK;
    bad |= curl->easy_setopt(easy, CURLOPT_BUFFERSIZE, 131072L) != CURLE_OK;
    bad |= curl->easy_setopt(easy, CURLOPT_HTTPHEADER, headers) != CURLE_OK;
    bad |= curl->easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->error) != CURLE_OK;
    bad |= curl->easy_setopt(easy, CURLOPT_HEADERFUNCTION, receive_header) != CURLE_OK;
    bad |= curl->easy_setopt(easy, CURLOPT_HEADERDATA, transfer) != CURLE_OK;
    bad |= curl->easy_setopt(easy, CURLOPT_WRITEFUNCTION, receive_body) != CURLE_OK;
    bad |= curl->easy_setopt(easy, CURLOPT_WRITEDATA, transfer) != CURLE_OK;
    if (request->head_only)
        bad |= curl->easy_setopt(easy, CURLOPT_NOBODY, 1L) != CURLE_OK;
    if (request->form != NULL)
        bad |= curl->easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, request->form) != CURLE_OK;
    if (request->ca_file != NULL)
        bad |= curl->easy_setopt(easy, CURLOPT_CAINFO, request->ca_file) != CURLE_OK;
    if (request->no_proxy)
        bad |= curl->easy_setopt(easy, CURLOPT_PROXY, "") != CURLE_OK;
    return bad;
}

// Runs the transfer; CURLE_ABORTED_BY_CALLBACK when the caller stopped it.
static CURLcode run(transfer *transfer) {
    const pintle_curl *curl = transfer->client->curl;
    CURLM *multi = transfer->client->multi;
    if (curl->multi_add_handle(multi, transfer->client->easy) != CURLM_OK)
        return CURLE_FAILED_INIT;
    CURLcode result = CURLE_FAILED_INIT;
    for (;;) {
        if (transfer->request->is_stopped(transfer->request->context)) {
            transfer->is_stopped = 1;
            result = CURLE_ABORTED_BY_CALLBACK;
            break;
        }
        int running = 0;
        if (curl->multi_perform(multi, &running) != CURLM_OK)
            break;
        int queued = 0;
        CURLMsg *message = curl->multi_info_read(multi, &queued);
        if (message != NULL && message->msg == CURLMSG_DONE) {
            result = message->data.result;
            break;
        }
        if (running == 0)
            break;
        if (curl->multi_poll(multi, NULL, 0, POLL_MILLISECONDS, NULL) != CURLM_OK)
            break;
    }
    curl->multi_remove_handle(multi, transfer->client->easy);
    return result;
}

static pintle_transfer_outcome outcome_of(const transfer *transfer, CURLcode code) {
    if (transfer->is_stopped)
        return PINTLE_TRANSFER_STOPPED;
    if (transfer->is_refused)
        return PINTLE_TRANSFER_REFUSED;
    switch (code) {
    case CURLE_OK:
        return PINTLE_TRANSFER_DONE;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
        return PINTLE_TRANSFER_UNREACHABLE;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
        return PINTLE_TRANSFER_UNTRUSTED;
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_FAILED_INIT:
    case CURLE_OUT_OF_MEMORY:
        return PINTLE_TRANSFER_FAILED;
    default:
        return PINTLE_TRANSFER_BROKEN;
    }
}

pintle_transfer_outcome pintle_transfer_perform(pintle_transfer_client *client,
                                                const pintle_transfer_request *request,
                                                char *message, size_t capacity) {
    const pintle_curl *curl = client->curl;
    transfer transfer = {.request = request, .client = client, .lines = malloc(MOST_HEADER_BYTES)};
    struct curl_slist *headers = NULL;
    int is_short = transfer.lines == NULL;
    for (size_t i = 0; !is_short && request->headers[i] != NULL; i++) {
        struct curl_slist *longer = curl->slist_append(headers, request->headers[i]);
        is_short = longer == NULL;
        if (longer != NULL)
            headers = longer;
    }
    curl->easy_reset(client->easy);
    CURLcode code = CURLE_OUT_OF_MEMORY;
    if (!is_short)
        code = set_options(&transfer, headers) ? CURLE_FAILED_INIT : run(&transfer);
    if (code == CURLE_OK)
        tell_head(&transfer);
    pintle_transfer_outcome outcome = outcome_of(&transfer, code);
    snprintf(message, capacity, "%s",
             transfer.error[0] != '\0' ? transfer.error : curl->easy_strerror(code));
    curl->easy_reset(client->easy);
    curl->slist_free_all(headers);
    free(transfer.lines);
    return outcome;
}
