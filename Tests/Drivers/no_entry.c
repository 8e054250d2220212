/* The entry function has another name. */
#define NO_ENTRY
#include "driver.h"
const pintle_plugin *pintle_plugin_entry(void);
const pintle_plugin *pintle_plugin_entry(void) { return &driver; }
