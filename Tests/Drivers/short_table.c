/* Not a fault: a runtime driver whose table ends before the operations that need a capability. */
#include <pintle/pintle.h>
struct short_table {
    uint32_t size;
    uint32_t reserved0;
    int32_t (*operations[34])(void);
};
static const struct short_table runtime;
#define DRIVER_INTERFACE PINTLE_RUNTIME_ID
#define DRIVER_TABLE &runtime
#include "driver.h"

static int32_t answer(void) { return PINTLE_UNSUPPORTED; }
#define FOUR answer, answer, answer, answer
#define SIXTEEN FOUR, FOUR, FOUR, FOUR

static const struct short_table runtime = {sizeof runtime, 0, {SIXTEEN, SIXTEEN, answer, answer}};
