#define _GNU_SOURCE

#include "bench.h"

#include <pintle/pintle.h>

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static pintle_bytes text(const char *value) {
    return (pintle_bytes){(const uint8_t *)value, strlen(value)};
}

/* The host's services: a ledger that forgets nothing because it keeps nothing. The driver reads
 * it only when opened. */
static void log_line(const pintle_host *host, pintle_log_level level, pintle_bytes message) {
    (void)host;
    fprintf(stderr, "driver (%d): %.*s\n", level, (int)message.count, (const char *)message.data);
}
static int32_t put_entry(const pintle_host *host, const pintle_ledger_entry *entry) {
    (void)host, (void)entry;
    return PINTLE_OK;
}
static int32_t delete_entry(const pintle_host *host, pintle_bytes kind, pintle_bytes key) {
    (void)host, (void)kind, (void)key;
    return PINTLE_OK;
}
static int32_t list_entries(const pintle_host *host, pintle_bytes kind,
                            const pintle_ledger_entry_sink *out) {
    (void)host, (void)kind, (void)out;
    return PINTLE_OK;
}

static int32_t is_cancelled(pintle_call *call) {
    (void)call;
    return 0;
}
static void fail(pintle_call *call, const pintle_failure *failure) {
    (void)call;
    fprintf(stderr, "driver: %.*s\n", (int)failure->message.count,
            (const char *)failure->message.data);
}

static const pintle_network *network;
static pintle_handle instance;

static int32_t take_instance(void *context, const pintle_open_result *item) {
    *(pintle_handle *)context = item->instance;
    return 0;
}
static int32_t take_attachment(void *context, const pintle_network_attachment *item) {
    *(uint64_t *)context += item->addresses.count;
    return 0;
}
static int32_t take_item(void *context, const pintle_network_gc_item *item) {
    (void)context, (void)item;
    return 0;
}

static pintle_call *call(void) {
    static pintle_call value;
    value = (pintle_call){.size = sizeof value, .is_cancelled = is_cancelled, .fail = fail};
    return &value;
}

static void open_driver(const char *path, const char *config) {
    static pintle_host host = {.size = sizeof host,
                               .log = log_line,
                               .ledger_put = put_entry,
                               .ledger_delete = delete_entry,
                               .ledger_list = list_entries};
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (library == NULL) {
        bench_fail(path, dlerror());
    }
    pintle_plugin_entry_1_function entry;
    *(void **)&entry = dlsym(library, "pintle_plugin_entry_1");
    const pintle_range range = {.size = sizeof range, .max_minor = PINTLE_ABI_MINOR};
    pintle_refusal refusal = {.size = sizeof refusal};
    const pintle_plugin *plugin = entry == NULL ? NULL : entry(&range, &refusal);
    if (plugin == NULL || plugin->interfaces.count != 1) {
        bench_fail(path, "is no network driver");
    }
    network = ((const pintle_interface *)plugin->interfaces.data)->table;
    const pintle_open_request request = {.size = sizeof request,
                                         .interface_id = text(PINTLE_NETWORK_ID),
                                         .config = text(config),
                                         .instance_id = text("1a2b3c4d"),
                                         .host = &host};
    const pintle_open_result_sink sink = {
        .size = sizeof sink, .context = &instance, .put = take_instance};
    if (plugin->open(call(), &request, &sink) != PINTLE_OK) {
        bench_fail(path, "could not be opened");
    }
}

static double attach(const char *id, int namespace, int ports) {
    pintle_network_port_mapping mappings[1] = {{.size = sizeof mappings[0],
                                                .protocol = text("tcp"),
                                                .container_port = 80,
                                                .host_port = 20000 + atoi(id)}};
    const pintle_network_attach_request request = {
        .size = sizeof request,
        .attachment_id = text(id),
        .sandbox_id = text(id),
        .interface = text("eth0"),
        .netns_fd = namespace,
        .port_mappings = {mappings, (uint64_t)ports, sizeof mappings[0]}};
    uint64_t addresses = 0;
    const pintle_network_attachment_sink sink = {
        .size = sizeof sink, .context = &addresses, .put = take_attachment};
    const double start = bench_now();
    const int32_t status = network->attach(instance, call(), &request, &sink);
    const double end = bench_now();
    if (status != PINTLE_OK || addresses == 0) {
        bench_fail("attach", id);
    }
    return end - start;
}

static double detach(const char *id, int namespace, int ending) {
    const pintle_network_detach_request request = {.size = sizeof request,
                                                   .attachment_id = text(id),
                                                   .sandbox_id = text(id),
                                                   .interface = text("eth0"),
                                                   .netns_fd = namespace,
                                                   .namespace_ending = ending};
    const pintle_nothing_sink sink = {.size = sizeof sink};
    const double start = bench_now();
    const int32_t status = network->detach(instance, call(), &request, &sink);
    const double end = bench_now();
    if (status != PINTLE_OK) {
        bench_fail("detach", id);
    }
    return end - start;
}

static void measure(const char *name, int count, int ports, int ending) {
    double attached[200];
    double detached[200];
    int namespaces[200];
    char row[96];
    for (int round = 0; round < count; round++) {
        namespaces[round] = bench_namespace();
    }
    double cpu = bench_cpu();
    for (int round = 0; round < count; round++) {
        char id[16];
        snprintf(id, sizeof id, "%d", round);
        attached[round] = attach(id, namespaces[round], ports);
    }
    cpu = bench_cpu() - cpu;
    snprintf(row, sizeof row, "pintle, %s: attach", name);
    bench_row(row, attached, count, cpu);
    cpu = bench_cpu();
    for (int round = 0; round < count; round++) {
        char id[16];
        snprintf(id, sizeof id, "%d", round);
        detached[round] = detach(id, namespaces[round], ending);
    }
    cpu = bench_cpu() - cpu;
    snprintf(row, sizeof row, "pintle, %s: detach%s", name,
             ending ? ", the namespace ends" : ", link deleted");
    bench_row(row, detached, count, cpu);
    for (int round = 0; round < count; round++) {
        close(namespaces[round]);
    }
    bench_settle();
}

void bench_driver(const char *path, int count) {
    open_driver(path, "{\"subnets\": [\"10.244.0.0/16\"]}");
    measure("masquerade", count, 0, 1);
    measure("masquerade and a host port", count, 1, 1);
    measure("masquerade", count < 30 ? count : 30, 0, 0);
    const pintle_network_gc_request request = {.size = sizeof request};
    const pintle_network_gc_item_sink sink = {.size = sizeof sink, .put = take_item};
    if (network->gc(instance, call(), &request, &sink) != PINTLE_OK) {
        bench_fail("gc", "failed");
    }
}
