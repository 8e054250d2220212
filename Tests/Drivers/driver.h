/*
 * A network driver without faults. Each file of this folder defines one thing differently before it includes this, and so
 * has one fault; PintleHostTests compiles, stamps and loads them.
 */
#ifndef PINTLE_TEST_DRIVER_H
#define PINTLE_TEST_DRIVER_H

#include <pintle/pintle.h>
#include <string.h>

#define TEXT(text) \
    { (const uint8_t *)(text), sizeof(text) - 1 }

/* What a file may change. */
#ifndef DRIVER_ID
#define DRIVER_ID "dev.pintle.test"
#endif
#ifndef DRIVER_VERSION
#define DRIVER_VERSION "1.0.0"
#endif
#ifndef DRIVER_SIZE
#define DRIVER_SIZE sizeof(pintle_plugin)
#endif
#ifndef DRIVER_MINOR
#define DRIVER_MINOR 0
#endif
#ifndef DRIVER_INTERFACE
#define DRIVER_INTERFACE PINTLE_NETWORK_ID
#endif
#ifndef DRIVER_OPEN
#define DRIVER_OPEN driver_open
#endif
#ifndef DRIVER_CAPABILITIES
#define DRIVER_CAPABILITIES \
    { 0, 0, 0 }
#endif
#ifndef TABLE_SIZE
#define TABLE_SIZE sizeof(pintle_network)
#endif
/* The shape of each operation: `static ATTACH_IS(mine) { … }`. */
#define UNUSED __attribute__((unused))
#define OPERATION(name, input, item)                                         \
    UNUSED int32_t name(UNUSED pintle_handle self, UNUSED pintle_call *call, \
                        UNUSED const pintle_##input *request,                \
                        UNUSED const pintle_##item##_sink *out)
#define ATTACH_IS(name) OPERATION(name, network_attach_request, network_attachment)
#define DETACH_IS(name) OPERATION(name, network_detach_request, nothing)
#define CHECK_IS(name) OPERATION(name, network_check_request, nothing)
#define STATUS_IS(name) OPERATION(name, nothing, network_network_status)
#define GC_IS(name) OPERATION(name, network_gc_request, network_gc_item)
#define VERSION_IS(name) OPERATION(name, nothing, network_network_version)

/* What a file defines itself comes after this header. */
#ifdef ATTACH
static ATTACH_IS(ATTACH);
#else
#define ATTACH driver_attach
#endif
#ifdef DETACH
static DETACH_IS(DETACH);
#else
#define DETACH driver_detach
#endif
#ifdef CHECK
static CHECK_IS(CHECK);
#else
#define CHECK driver_check
#endif
#ifdef STATUS
static STATUS_IS(STATUS);
#else
#define STATUS driver_status
#endif
#ifdef GC
static GC_IS(GC);
#else
#define GC driver_gc
#endif
#ifdef VERSION
static VERSION_IS(VERSION);
#else
#define VERSION driver_version
#endif
#ifndef DETACH_POINTER
#define DETACH_POINTER DETACH
#endif

UNUSED static const pintle_host *driver_host;

UNUSED static int32_t driver_fail(pintle_call *call, int32_t code, const char *reason,
                                  const char *message) {
    pintle_failure failure = {.size = sizeof failure, .code = code};
    failure.reason = (pintle_bytes){(const uint8_t *)reason, strlen(reason)};
    failure.message = (pintle_bytes){(const uint8_t *)message, strlen(message)};
    call->fail(call, &failure);
    return code;
}

UNUSED static int32_t driver_put(const pintle_network_attachment_sink *out, const char *address) {
    pintle_network_address item = {.size = sizeof item};
    item.address = (pintle_bytes){(const uint8_t *)address, strlen(address)};
    pintle_network_attachment result = {.size = sizeof result};
    result.addresses = (pintle_array){&item, 1, sizeof item};
    return out->put(out->context, &result);
}

static ATTACH_IS(driver_attach) {
    return driver_put(out, "192.0.2.1/32") ? PINTLE_CANCELLED : PINTLE_OK;
}

static DETACH_IS(driver_detach) { return PINTLE_OK; }

static CHECK_IS(driver_check) { return PINTLE_OK; }

/* Its message says whether the thread may block. */
static STATUS_IS(driver_status) {
    pintle_network_network_status result = {.size = sizeof result, .ready = 1};
    result.message = driver_host->thread_check(driver_host) ? (pintle_bytes)TEXT("may block")
                                                            : (pintle_bytes)TEXT("must not block");
    return out->put(out->context, &result) ? PINTLE_CANCELLED : PINTLE_OK;
}

static GC_IS(driver_gc) { return PINTLE_OK; }

static VERSION_IS(driver_version) {
    pintle_network_network_version result = {.size = sizeof result, .version = TEXT("1")};
    result.name = driver_host->thread_check(driver_host) ? (pintle_bytes)TEXT("may block")
                                                         : (pintle_bytes)TEXT("must not block");
    return out->put(out->context, &result) ? PINTLE_CANCELLED : PINTLE_OK;
}

/* Logs its configuration. */
UNUSED static int32_t driver_open(UNUSED pintle_call *call, const pintle_open_request *request,
                                  const pintle_open_result_sink *out) {
    driver_host = request->host;
    driver_host->log(driver_host, PINTLE_LOG_INFO, request->config);
    pintle_open_result result = {.size = sizeof result, .instance = 7};
    result.capabilities = (pintle_array)DRIVER_CAPABILITIES;
    return out->put(out->context, &result) ? PINTLE_CANCELLED : PINTLE_OK;
}

static int32_t driver_close(UNUSED pintle_handle self, UNUSED pintle_call *call) {
    driver_host->log(driver_host, PINTLE_LOG_INFO, (pintle_bytes)TEXT("closed"));
    return PINTLE_OK;
}

#ifndef DRIVER_TABLE
static const pintle_network driver_table = {
    (uint32_t)TABLE_SIZE, 0, ATTACH, DETACH_POINTER, CHECK, STATUS, GC, VERSION};
#define DRIVER_TABLE &driver_table
#endif

#ifndef DRIVER_INTERFACES
static const pintle_interface driver_interface = {sizeof driver_interface, 0,
                                                  TEXT(DRIVER_INTERFACE), DRIVER_TABLE};
#define DRIVER_INTERFACES \
    { &driver_interface, 1, sizeof driver_interface }
#endif

UNUSED static const pintle_plugin driver = {.size = (uint32_t)(DRIVER_SIZE),
                                            .abi_minor = DRIVER_MINOR,
                                            .id = TEXT(DRIVER_ID),
                                            .version = TEXT(DRIVER_VERSION),
                                            .interfaces = DRIVER_INTERFACES,
                                            .open = DRIVER_OPEN,
                                            .close = driver_close};

#ifndef ENTRY
#define ENTRY return &driver
#endif

#ifndef NO_ENTRY
const pintle_plugin *pintle_plugin_entry_1(UNUSED const pintle_range *host,
                                           UNUSED pintle_refusal *refusal) {
    ENTRY;
}
#endif

#endif
