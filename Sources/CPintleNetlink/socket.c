#include "internal.h"

#include "pintle_netns.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <linux/netlink.h>

int32_t pintle_nl_errno(int error) {
    switch (-error) {
    case NLE_SUCCESS:
        return 0;
    case NLE_NOMEM:
        return -ENOMEM;
    case NLE_PERM:
        return -EPERM;
    case NLE_NOACCESS:
        return -EACCES;
    case NLE_INVAL:
        return -EINVAL;
    case NLE_RANGE:
        return -ERANGE;
    case NLE_AF_NOSUPPORT:
        return -EAFNOSUPPORT;
    default:
        return -EIO;
    }
}

int pintle_nl_length(int family) { return family == AF_INET6 ? 16 : 4; }

static int32_t open_here(pintle_nl_socket **out) {
    pintle_nl_socket *result = malloc(sizeof *result);
    if (result == NULL) {
        return -ENOMEM;
    }
    result->sequence = 0;
    result->socket = nl_socket_alloc();
    if (result->socket == NULL) {
        free(result);
        return -ENOMEM;
    }
    int error = nl_connect(result->socket, NETLINK_ROUTE);
    if (error < 0) {
        nl_socket_free(result->socket);
        free(result);
        return pintle_nl_errno(error);
    }
    /* Better messages, shorter answers, dumps that obey their filter: each is a help, none is
     * needed. */
    const int on = 1;
    const int descriptor = nl_socket_get_fd(result->socket);
    (void)setsockopt(descriptor, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
    (void)setsockopt(descriptor, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
    (void)setsockopt(descriptor, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof on);
    *out = result;
    return 0;
}

struct opening {
    int32_t result;
    pintle_nl_socket *socket;
};

static void open_inside(void *context) {
    struct opening *opening = context;
    opening->result = open_here(&opening->socket);
}

int32_t pintle_nl_socket_open(int32_t netns, pintle_nl_socket **out) {
    if (netns < 0) {
        return open_here(out);
    }
    struct opening opening = {.result = 0, .socket = NULL};
    int32_t result = pintle_netns_run(netns, 65536, open_inside, &opening);
    if (result == 0) {
        result = opening.result;
    }
    if (result == 0) {
        *out = opening.socket;
    }
    return result;
}

void pintle_nl_socket_close(pintle_nl_socket *socket) {
    nl_socket_free(socket->socket);
    free(socket);
}
