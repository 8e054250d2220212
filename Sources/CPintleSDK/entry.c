#include "pintle_sdk.h"

static const pintle_plugin *pintle_definition;

/* At load time, so that the entry function only answers (promise PD-2). */
__attribute__((constructor)) static void pintle_define(void) {
    if (pintle_driver) {
        pintle_definition = (const pintle_plugin *)(uintptr_t)pintle_driver();
    }
}

static pintle_bytes pintle_text(const char *text, uint64_t count) {
    pintle_bytes view = {(const uint8_t *)text, count};
    return view;
}

const pintle_plugin *pintle_plugin_entry_1(const pintle_range *host, pintle_refusal *refusal) {
    if (host && host->size >= 12 && host->min_minor == 0) {
        return pintle_definition;
    }
    if (refusal && refusal->size >= sizeof *refusal) {
        refusal->field = pintle_text("min_minor", 9);
        refusal->expected = pintle_text("0", 1);
        refusal->found = pintle_text("more", 4);
    }
    return 0;
}
