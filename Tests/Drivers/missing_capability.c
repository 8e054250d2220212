/* A storage driver whose manifest declares staging, which its table lacks. */
#include <pintle/pintle.h>
struct storage_table {
    uint32_t size;
    uint32_t reserved0;
    int32_t (*operations[12])(void);
};
static const struct storage_table storage;
#define DRIVER_INTERFACE PINTLE_STORAGE_ID
#define DRIVER_TABLE &storage
#include "driver.h"

static int32_t answer(void) { return PINTLE_UNSUPPORTED; }

/* Numbers 5, 6 and 10 are stage, unstage and expand. */
static const struct storage_table storage = {
    sizeof storage,
    0,
    {answer, answer, answer, answer, answer, 0, 0, answer, answer, answer, 0, answer}};
