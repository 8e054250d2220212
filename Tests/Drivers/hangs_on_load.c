/* Loading it never ends. */
#include "driver.h"
#include <unistd.h>
__attribute__((constructor)) static void hang(void) {
    for (;;)
        sleep(1);
}
