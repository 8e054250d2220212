/* The table's size is 4 GB. */
#define TABLE_SIZE 0xffffffff
#include "driver.h"
