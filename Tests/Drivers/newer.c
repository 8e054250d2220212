/* Not a fault: a driver of a later 1.N. Its descriptor, interfaces, table and results are longer than ours. */
#define NO_ENTRY
#include "driver.h"

static VERSION_IS(newer_version) {
    struct {
        pintle_network_network_version known;
        uint64_t later[4];
    } result = {.known = {.size = sizeof result, .name = TEXT("newer"), .version = TEXT("1")},
                .later = {1, 2, 3, 4}};
    return out->put(out->context, &result.known) ? PINTLE_CANCELLED : PINTLE_OK;
}

static const struct {
    pintle_network known;
    int32_t (*later[3])(void);
} newer_table = {{sizeof newer_table, 0, driver_attach, driver_detach, driver_check, driver_status,
                  driver_gc, newer_version},
                 {(int32_t(*)(void))1, (int32_t(*)(void))2, (int32_t(*)(void))3}};

static const struct {
    pintle_interface known;
    uint64_t later;
} newer_interfaces[] = {
    {{sizeof *newer_interfaces, 0, TEXT(PINTLE_NETWORK_ID), &newer_table}, 5},
    {{sizeof *newer_interfaces, 0, TEXT("pintle.admission/1"), &newer_table}, 5}};

static struct {
    pintle_plugin known;
    uint64_t later[2];
} newer = {{.size = sizeof newer,
            .id = TEXT(DRIVER_ID),
            .version = TEXT(DRIVER_VERSION),
            .interfaces = {newer_interfaces, 2, sizeof *newer_interfaces},
            .open = driver_open,
            .close = driver_close},
           {6, 7}};

/* It speaks 1.0 to 1.3 and picks the highest that the host speaks too. */
const pintle_plugin *pintle_plugin_entry_1(const pintle_range *host, pintle_refusal *refusal) {
    if (host->min_minor > 3) {
        refusal->field = (pintle_bytes)TEXT("min_minor");
        refusal->expected = (pintle_bytes)TEXT("3 or less");
        refusal->found = (pintle_bytes)TEXT("more");
        return 0;
    }
    newer.known.abi_minor = host->max_minor < 3 ? host->max_minor : 3;
    return &newer.known;
}
