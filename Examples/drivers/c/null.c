/* A network driver that makes no link: every pod "has" 192.0.2.1. Copy it and put your network where it says so. */
#include <pintle/network.h>
#include <pintle/plugin.h>
#include <pthread.h>
#include <string.h>

#define TEXT(literal) {(const uint8_t *)(literal), sizeof(literal) - 1}
static const pintle_bytes kind = TEXT("attachment");

/* Open instances. A handle is a number that is never used again, so a stale one is found out. */
static struct {
    pintle_handle handle;
    const pintle_host *host;
} instances[16];
static pintle_handle last;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static int32_t fail(pintle_call *call, int32_t code, const char *reason, const char *message) {
    pintle_failure failure = {.size = sizeof failure, .code = code};
    failure.reason = (pintle_bytes){(const uint8_t *)reason, strlen(reason)};
    failure.message = (pintle_bytes){(const uint8_t *)message, strlen(message)};
    call->fail(call, &failure);
    return code;
}

/* Finds the instance and checks the request's size: what lies past the fields we know must be zero. */
static int32_t begin(pintle_handle self, pintle_call *call, const void *request, uint32_t mine, const pintle_host **host) {
    *host = 0;
    pthread_mutex_lock(&lock);
    for (int i = 0; i < 16; i++)
        if (self && instances[i].handle == self) *host = instances[i].host;
    pthread_mutex_unlock(&lock);
    if (!*host) return fail(call, PINTLE_NOT_FOUND, "NoSuchInstance", "no open instance has this handle");
    uint32_t size = *(const uint32_t *)request;
    if (size < mine) return fail(call, PINTLE_INVALID, "BadRequest", "the request is too short");
    for (uint32_t i = mine; i < size; i++)
        if (((const uint8_t *)request)[i]) return fail(call, PINTLE_UNSUPPORTED, "BadRequest", "an unknown field is set");
    return PINTLE_OK;
}
#define BEGIN(host)                                                                                \
    const pintle_host *host;                                                                       \
    int32_t begun = begin(self, call, request, sizeof *request, &host);                            \
    if (begun != PINTLE_OK) return begun

static int same(pintle_bytes a, pintle_bytes b) { return a.count == b.count && !(a.count && memcmp(a.data, b.data, a.count)); }

static int32_t attach(pintle_handle self, pintle_call *call, const pintle_network_attach_request *request, const pintle_network_attachment_sink *out) {
    BEGIN(host);
    if (!request->attachment_id.count) return fail(call, PINTLE_INVALID, "NoAttachmentID", "attachment_id is empty");
    /* Here a real network would make links in request->netns_fd, and undo them when something fails. */
    pintle_ledger_entry entry = {.size = sizeof entry, .kind = kind, .key = request->attachment_id, .owner = request->sandbox_id};
    int32_t status = host->ledger_put(host, &entry);
    if (status != PINTLE_OK) return fail(call, status, "NotRecorded", "the attachment belongs to another sandbox or the ledger is full");
    pintle_network_interface link = {.size = sizeof link, .name = request->interface, .sandbox = 1};
    pintle_network_address address = {.size = sizeof address, .address = TEXT("192.0.2.1/32"), .interface = 1};
    pintle_network_attachment result = {.size = sizeof result};
    result.interfaces = (pintle_array){&link, 1, sizeof link};
    result.addresses = (pintle_array){&address, 1, sizeof address};
    if (out->put(out->context, &result) == 0) return PINTLE_OK;
    host->ledger_delete(host, kind, request->attachment_id);
    return fail(call, PINTLE_CANCELLED, "SinkStopped", "the host does not want the result");
}

static int32_t detach(pintle_handle self, pintle_call *call, const pintle_network_detach_request *request, const pintle_nothing_sink *out) {
    (void)out;
    BEGIN(host);
    return host->ledger_delete(host, kind, request->attachment_id); /* a missing one is a success */
}

/* Looks through the ledger for an attachment that is, or is not, in a list; copies its key. */
typedef struct search { pintle_array list; int wanted, found; uint8_t key[1024]; uint64_t count; } search;

static int32_t look(void *context, const pintle_ledger_entry *entry) {
    search *search = context;
    int listed = 0;
    for (uint64_t i = 0; i < search->list.count; i++)
        listed |= same(entry->key, *(const pintle_bytes *)((const char *)search->list.data + i * search->list.stride));
    if (listed != search->wanted || entry->key.count > sizeof search->key) return 0;
    memcpy(search->key, entry->key.data, search->count = entry->key.count);
    return search->found = 1;
}

static int32_t find(const pintle_host *host, search *search) {
    pintle_ledger_entry_sink sink = {.size = sizeof sink, .context = search, .put = look};
    return search->found = 0, host->ledger_list(host, kind, &sink);
}

static int32_t check(pintle_handle self, pintle_call *call, const pintle_network_check_request *request, const pintle_nothing_sink *out) {
    (void)out;
    BEGIN(host);
    search search = {.list = {&request->attachment_id, 1, sizeof(pintle_bytes)}, .wanted = 1};
    int32_t status = find(host, &search);
    if (status != PINTLE_OK || search.found) return status;
    return fail(call, PINTLE_NOT_FOUND, "NotAttached", "there is no such attachment");
}

static int32_t status(pintle_handle self, pintle_call *call, const pintle_nothing *request, const pintle_network_network_status_sink *out) {
    BEGIN(host);
    pintle_network_network_status result = {.size = sizeof result, .ready = 1};
    return out->put(out->context, &result) == 0 ? PINTLE_OK : PINTLE_CANCELLED;
}

static int32_t gc(pintle_handle self, pintle_call *call, const pintle_network_gc_request *request, const pintle_network_gc_item_sink *out) {
    BEGIN(host);
    search search = {.list = request->valid_attachments};
    for (;;) {
        if (call->is_cancelled(call)) return fail(call, PINTLE_CANCELLED, "Cancelled", "the call was cancelled");
        int32_t status = find(host, &search);
        if (status != PINTLE_OK || !search.found) return status;
        pintle_bytes key = {search.key, search.count};
        pintle_network_gc_item item = {.size = sizeof item, .kind = kind, .name = key, .attachment_id = key};
        status = host->ledger_delete(host, kind, key);
        if (status != PINTLE_OK || out->put(out->context, &item)) return status ? status : PINTLE_CANCELLED;
    }
}

static int32_t version(pintle_handle self, pintle_call *call, const pintle_nothing *request, const pintle_network_network_version_sink *out) {
    BEGIN(host);
    static const pintle_bytes protocols[] = {TEXT("1.1.0")};
    pintle_network_network_version result = {.size = sizeof result, .name = TEXT("null"), .version = TEXT("1.0.0")};
    result.protocols = (pintle_array){protocols, 1, sizeof *protocols};
    return out->put(out->context, &result) == 0 ? PINTLE_OK : PINTLE_CANCELLED;
}

static int32_t open_instance(pintle_call *call, const pintle_open_request *request, const pintle_open_result_sink *out) {
    pintle_open_result result = {.size = sizeof result};
    pthread_mutex_lock(&lock);
    for (int i = 0; i < 16 && !result.instance; i++) {
        if (instances[i].handle) continue;
        instances[i].host = request->host;
        instances[i].handle = result.instance = ++last;
    }
    pthread_mutex_unlock(&lock);
    if (!result.instance) return fail(call, PINTLE_RESOURCE, "TooManyInstances", "16 instances are open");
    return out->put(out->context, &result) == 0 ? PINTLE_OK : PINTLE_CANCELLED;
}

static int32_t close_instance(pintle_handle self, pintle_call *call) {
    int found = 0;
    pthread_mutex_lock(&lock);
    for (int i = 0; i < 16; i++)
        if (self && instances[i].handle == self) instances[i].handle = 0, found = 1;
    pthread_mutex_unlock(&lock);
    return found ? PINTLE_OK : fail(call, PINTLE_NOT_FOUND, "NoSuchInstance", "no open instance has this handle");
}

static const pintle_network network = {sizeof network, 0, attach, detach, check, status, gc, version};
static const pintle_interface interfaces[] = {{sizeof(pintle_interface), 0, TEXT(PINTLE_NETWORK_ID), &network}};
static const pintle_plugin plugin = {sizeof plugin, PINTLE_ABI_MINOR, TEXT("com.example.null.c"), TEXT("1.0.0"), {interfaces, 1, sizeof *interfaces}, open_instance, close_instance};

const pintle_plugin *pintle_plugin_entry_1(const pintle_range *host, pintle_refusal *refusal) {
    if (host->min_minor <= PINTLE_ABI_MINOR && PINTLE_ABI_MINOR <= host->max_minor) return &plugin;
    refusal->field = (pintle_bytes)TEXT("abi_minor");
    refusal->expected = (pintle_bytes)TEXT("a host of 1.0");
    refusal->found = (pintle_bytes)TEXT("another one");
    return 0;
}
