/* Made for major version 2 only. */
#define NO_ENTRY
#include "driver.h"
const pintle_plugin *pintle_plugin_entry_2(void);
const pintle_plugin *pintle_plugin_entry_2(void) { return &driver; }
