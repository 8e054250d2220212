#ifndef PINTLE_NL_INTERNAL_H
#define PINTLE_NL_INTERNAL_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

/* Declares struct addrinfo, which libnl's headers mention without declaring it. */
#include <netdb.h>

#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "pintle_nl.h"

/** The largest answer read at once: the kernel fills at most this much of a dump per read. */
#define PINTLE_NL_BUFFER_SIZE 32768

struct pintle_nl_socket {
    struct nl_sock *socket;
    uint32_t sequence; /* of the last request */
    unsigned char buffer[PINTLE_NL_BUFFER_SIZE];
};

/** Called for each message of an answer that is not an acknowledgement. */
typedef void (*pintle_nl_on_message)(void *context, struct nlmsghdr *header);

/**
 * Appends `message` to `batch` and frees it, whatever the outcome. `message` may be null: -ENOMEM.
 */
int32_t pintle_nl_batch_append(pintle_nl_batch *batch, struct nl_msg *message, int32_t tolerated);

/** Sends one dump request, which it frees, and hands each item to `on_message`. */
int32_t pintle_nl_dump(pintle_nl_socket *socket, struct nl_msg *request,
                       pintle_nl_on_message on_message, void *context);

/** Reads one RTM_NEWLINK message. Returns 0 when it is not one. */
int pintle_nl_read_link(struct nlmsghdr *header, pintle_nl_link *link);

/**
 * Reads one RTM_NEWROUTE message. Returns 0 when it is not one, or of another family than IPv4 and
 * IPv6.
 */
int pintle_nl_read_route(struct nlmsghdr *header, pintle_nl_route *route);

/** Negative errno of a libnl error code. */
int32_t pintle_nl_errno(int error);

/** The length in bytes of an address of `family`. */
int pintle_nl_length(int family);

#endif
