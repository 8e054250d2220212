/* A network that makes no link: every pod "has" 192.0.2.1. A template: see README.md. */
#include <pintle/network.h>
#include <pintle/plugin.h>
#include <string.h>

#define TEXT(text) \
    { (const uint8_t *)(text), sizeof(text) - 1 }
static const pintle_bytes kind = TEXT("attachment");

/* The open instance: one at a time. A handle is never used again, so a stale one is found out. */
static _Atomic(pintle_handle) current;
static const pintle_host *host;

static int32_t fail(pintle_call *call, int32_t code, const char *reason, const char *message) {
    pintle_failure failure = {.size = sizeof failure, .code = code};
    failure.reason = (pintle_bytes){(const uint8_t *)reason, strlen(reason)};
    failure.message = (pintle_bytes){(const uint8_t *)message, strlen(message)};
    call->fail(call, &failure);
    return code;
}

/* What every operation begins with: is the handle ours, and do we know all of the request? */
static int32_t begin(pintle_handle self, pintle_call *call, const void *request, uint32_t ours) {
    if (!self || self != current)
        return fail(call, PINTLE_NOT_FOUND, "NoSuchInstance", "the handle is stale");
    for (uint32_t at = ours; at < *(const uint32_t *)request; at++)
        if (((const uint8_t *)request)[at])
            return fail(call, PINTLE_UNSUPPORTED, "BadRequest", "a field is newer than the driver");
    return PINTLE_OK;
}

/* Defines one operation of the table; all have the same shape. */
#define USED(parameter) parameter __attribute__((unused))
#define OPERATION(name, input, item)                                                \
    static int32_t name##_body(pintle_call *, const input *, const item##_sink *);  \
    static int32_t name(pintle_handle self, pintle_call *c, const input *r,         \
                        const item##_sink *o) {                                     \
        int32_t status = begin(self, c, r, sizeof *r);                              \
        return status ? status : name##_body(c, r, o);                              \
    }                                                                               \
    static int32_t name##_body(USED(pintle_call *call), USED(const input *request), \
                               USED(const item##_sink *out))

OPERATION(attach, pintle_network_attach_request, pintle_network_attachment) {
    pintle_bytes id = request->attachment_id;
    pintle_ledger_entry entry = {sizeof entry, 0, kind, id, request->sandbox_id};
    int32_t status = host->ledger_put(host, &entry);
    if (status)
        return fail(call, status, "NotRecorded", "the host did not record the attachment");
    /* Here a network makes links in request->netns_fd, and undoes everything when that fails. */
    pintle_network_interface link = {.size = sizeof link, .name = request->interface, .sandbox = 1};
    pintle_network_address address = {sizeof address, 0, TEXT("192.0.2.1/32"), {0, 0}, 1, 0};
    pintle_network_attachment result = {.size = sizeof result};
    result.interfaces = (pintle_array){&link, 1, sizeof link};
    result.addresses = (pintle_array){&address, 1, sizeof address};
    return out->put(out->context, &result) ? PINTLE_CANCELLED : PINTLE_OK;
}

OPERATION(detach, pintle_network_detach_request, pintle_nothing) {
    return host->ledger_delete(host, kind, request->attachment_id); /* gone already: a success */
}

/* Finds the first entry that is, or is not, among some attachments. */
typedef struct search {
    pintle_array among;
    int wanted, found;
    pintle_bytes key;
    uint8_t bytes[1024];
} search;

static int32_t look(void *context, const pintle_ledger_entry *entry) {
    search *search = context;
    int listed = 0;
    for (uint64_t i = 0; i < search->among.count; i++) {
        const char *element = (const char *)search->among.data + i * search->among.stride;
        pintle_bytes id = ((const pintle_network_attachment_ref *)element)->attachment_id;
        listed |= id.count == entry->key.count && !memcmp(id.data, entry->key.data, id.count);
    }
    if (listed != search->wanted || entry->key.count > sizeof search->bytes)
        return 0;
    memcpy(search->bytes, entry->key.data, entry->key.count);
    search->key = (pintle_bytes){search->bytes, entry->key.count};
    return search->found = 1; /* no more */
}

OPERATION(check, pintle_network_check_request, pintle_nothing) {
    pintle_network_attachment_ref ref = {.attachment_id = request->attachment_id};
    search search = {.among = {&ref, 1, sizeof ref}, .wanted = 1};
    pintle_ledger_entry_sink sink = {sizeof sink, 0, &search, look};
    int32_t status = host->ledger_list(host, kind, &sink);
    if (status || search.found)
        return status;
    return fail(call, PINTLE_NOT_FOUND, "NotAttached", "there is no such attachment");
}

OPERATION(gc, pintle_network_gc_request, pintle_network_gc_item) {
    while (!call->is_cancelled(call)) {
        search search = {.among = request->valid};
        pintle_ledger_entry_sink sink = {sizeof sink, 0, &search, look};
        int32_t status = host->ledger_list(host, kind, &sink);
        if (status || !search.found)
            return status;
        pintle_network_gc_item item = {sizeof item, 0, kind, search.key, search.key};
        if ((status = host->ledger_delete(host, kind, search.key)))
            return status;
        if (out->put(out->context, &item))
            break;
    }
    return PINTLE_CANCELLED;
}

OPERATION(status, pintle_nothing, pintle_network_network_status) {
    pintle_network_network_status result = {.size = sizeof result, .ready = 1};
    return out->put(out->context, &result) ? PINTLE_CANCELLED : PINTLE_OK;
}

OPERATION(version, pintle_nothing, pintle_network_network_version) {
    pintle_bytes cni = TEXT("1.1.0");
    pintle_network_network_version result = {
        sizeof result, 0, TEXT("null"), TEXT("1.0.0"), {&cni, 1, sizeof cni}};
    return out->put(out->context, &result) ? PINTLE_CANCELLED : PINTLE_OK;
}

static int32_t open_instance(pintle_call *call, const pintle_open_request *request,
                             const pintle_open_result_sink *out) {
    static pintle_handle last;
    if (current)
        return fail(call, PINTLE_RESOURCE, "OneInstance", "an instance is open already");
    host = request->host;
    pintle_open_result result = {.size = sizeof result, .instance = current = ++last};
    return out->put(out->context, &result) ? PINTLE_CANCELLED : PINTLE_OK;
}

static int32_t close_instance(pintle_handle self, pintle_call *call) {
    if (self && self == current)
        return current = 0, PINTLE_OK;
    return fail(call, PINTLE_NOT_FOUND, "NoSuchInstance", "the handle is stale");
}

static const pintle_network table = {sizeof table, 0, attach, detach, check, status, gc, version};
static const pintle_interface interface = {sizeof interface, 0, TEXT(PINTLE_NETWORK_ID), &table};
#define ID TEXT("com.example.null.c"), TEXT("1.0.0")
static const pintle_plugin plugin = {
    sizeof plugin, 0, ID, {&interface, 1, sizeof interface}, open_instance, close_instance};

const pintle_plugin *pintle_plugin_entry_1(const pintle_range *range, pintle_refusal *refusal) {
    (void)refusal; /* every host of major version 1 speaks 1.0 */
    return range->min_minor == 0 ? &plugin : 0;
}
