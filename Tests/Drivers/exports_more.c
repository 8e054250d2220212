/* It exports a second symbol. Compiled without the version script. */
#include "driver.h"
int more;
