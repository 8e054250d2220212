#ifndef PINTLE_LIB_NETLINK_SHIM_H
#define PINTLE_LIB_NETLINK_SHIM_H

#include <netlink/netlink.h>

#endif
