/* Nothing is wrong. */
#include "driver.h"
