/** The seam between the entry function that a driver exports and its definition in Swift. */
#ifndef PINTLE_SDK_H
#define PINTLE_SDK_H

#include <pintle/pintle.h>

/**
 * The driver's definition: `Plugin.definition` of PintleSDK as an integer. A driver in Swift defines this function;
 * it is weak so that programs without a driver link too. Called once, while the library is loaded.
 */
extern uint64_t pintle_driver(void) __attribute__((weak));

#endif
