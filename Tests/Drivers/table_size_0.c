/* The table's size is 0. */
#define TABLE_SIZE 0
#include "driver.h"
