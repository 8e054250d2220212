/* It prints to standard output. */
#include "driver.h"
#include <stdio.h>
__attribute__((constructor)) static void print(void) {
    puts("{\"problems\": [\"printed\"]}");
    fflush(stdout);
}
