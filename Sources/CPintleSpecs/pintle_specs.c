#include "pintle_specs.h"

/* #embed is C23; the compiler has it in C11 as well and would only remark on it. */
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char meta_v1[] = {
#embed "../../specs/api/meta.v1.json"
};
static const unsigned char core_v1[] = {
#embed "../../specs/api/core.v1.json"
};
static const unsigned char coordination_v1[] = {
#embed "../../specs/api/coordination.v1.json"
};

static const pintle_spec specs[] = {
    {"meta.v1", meta_v1, sizeof meta_v1},
    {"core.v1", core_v1, sizeof core_v1},
    {"coordination.v1", coordination_v1, sizeof coordination_v1},
};

const pintle_spec *pintle_spec_at(size_t index) {
    return index < sizeof specs / sizeof specs[0] ? &specs[index] : NULL;
}
