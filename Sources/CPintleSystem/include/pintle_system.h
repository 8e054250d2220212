/**
 * @file pintle_system.h
 * @brief All shims over Linux: what Swift can't call, or can't call safely.
 */
#ifndef PINTLE_SYSTEM_H
#define PINTLE_SYSTEM_H

#include "pintle_devices.h"
#include "pintle_infra_protocol.h"
#include "pintle_namespaces.h"
#include "pintle_nullability.h"
#include "pintle_packets.h"
#include "pintle_spawn.h"
#include "pintle_wait.h"

#endif
