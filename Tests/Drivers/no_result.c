/* It puts no result where one is promised. */
#define ATTACH bad_attach
#include "driver.h"
static ATTACH_IS(bad_attach) { return PINTLE_OK; }
