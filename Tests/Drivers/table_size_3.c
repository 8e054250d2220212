/* The table's size is 3. */
#define TABLE_SIZE 3
#include "driver.h"
