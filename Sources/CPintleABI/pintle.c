/* The headers are the target; this file makes it one that SwiftPM can build, and proves that they compile. */
#include <pintle/pintle.h>
