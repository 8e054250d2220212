#include "internal.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/route/addr.h>

static int is_valid(const pintle_nl_address *address) {
    return (address->family == AF_INET || address->family == AF_INET6) && address->prefix >= 0 &&
           address->prefix <= 8 * pintle_nl_length(address->family);
}

static struct rtnl_addr *describe(int32_t index, const pintle_nl_address *address) {
    struct rtnl_addr *result = rtnl_addr_alloc();
    struct nl_addr *local =
        nl_addr_build(address->family, address->bytes, (size_t)pintle_nl_length(address->family));
    int error = result == NULL || local == NULL ? -NLE_NOMEM : 0;
    if (error == 0) {
        rtnl_addr_set_ifindex(result, index);
        error = rtnl_addr_set_local(result, local);
    }
    if (error == 0) {
        rtnl_addr_set_prefixlen(result, address->prefix);
    }
    if (local != NULL) {
        nl_addr_put(local);
    }
    if (error != 0 && result != NULL) {
        rtnl_addr_put(result);
        result = NULL;
    }
    return result;
}

int32_t pintle_nl_add_address(pintle_nl_batch *batch, int32_t index,
                              const pintle_nl_address *address, int32_t prefix_route,
                              int32_t tolerated) {
    struct nl_msg *message = NULL;
    if (!is_valid(address)) {
        return -EINVAL;
    }
    struct rtnl_addr *request = describe(index, address);
    if (request == NULL) {
        return -ENOMEM;
    }
    unsigned int flags = prefix_route ? 0U : IFA_F_NOPREFIXROUTE;
    if (address->family == AF_INET6) {
        flags |= IFA_F_NODAD;
    }
    if (flags != 0) {
        rtnl_addr_set_flags(request, flags);
    }
    int error = rtnl_addr_build_add_request(request, NLM_F_CREATE | NLM_F_EXCL, &message);
    rtnl_addr_put(request);
    return error < 0 ? pintle_nl_errno(error) : pintle_nl_batch_append(batch, message, tolerated);
}

int32_t pintle_nl_delete_address(pintle_nl_batch *batch, int32_t index,
                                 const pintle_nl_address *address, int32_t tolerated) {
    struct nl_msg *message = NULL;
    if (!is_valid(address)) {
        return -EINVAL;
    }
    struct rtnl_addr *request = describe(index, address);
    if (request == NULL) {
        return -ENOMEM;
    }
    int error = rtnl_addr_build_delete_request(request, 0, &message);
    rtnl_addr_put(request);
    return error < 0 ? pintle_nl_errno(error) : pintle_nl_batch_append(batch, message, tolerated);
}

int32_t pintle_nl_replace_neighbour(pintle_nl_batch *batch, int32_t index,
                                    const pintle_nl_address *address, const uint8_t *mac) {
    struct ndmsg body = {
        .ndm_family = (uint8_t)address->family, .ndm_ifindex = index, .ndm_state = NUD_REACHABLE};
    if (!is_valid(address)) {
        return -EINVAL;
    }
    struct nl_msg *message = nlmsg_alloc_simple(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE);
    if (message != NULL &&
        (nlmsg_append(message, &body, sizeof body, NLMSG_ALIGNTO) < 0 ||
         nla_put(message, NDA_DST, pintle_nl_length(address->family), address->bytes) < 0 ||
         nla_put(message, NDA_LLADDR, 6, mac) < 0)) {
        nlmsg_free(message);
        message = NULL;
    }
    return pintle_nl_batch_append(batch, message, ENOBUFS);
}

struct address_visitor {
    int32_t index;
    pintle_nl_on_address on_address;
    void *context;
};

static void visit_address(void *context, struct nlmsghdr *header) {
    const struct address_visitor *visitor = context;
    struct nlattr *found[IFA_MAX + 1];
    if (header->nlmsg_type != RTM_NEWADDR ||
        nlmsg_parse(header, sizeof(struct ifaddrmsg), found, IFA_MAX, NULL) < 0) {
        return;
    }
    const struct ifaddrmsg *body = nlmsg_data(header);
    const struct nlattr *value = found[IFA_LOCAL] != NULL ? found[IFA_LOCAL] : found[IFA_ADDRESS];
    if (value == NULL || nla_len(value) != pintle_nl_length(body->ifa_family) ||
        (visitor->index != 0 && (int32_t)body->ifa_index != visitor->index)) {
        return;
    }
    pintle_nl_address address = {.family = body->ifa_family, .prefix = body->ifa_prefixlen};
    memcpy(address.bytes, nla_data(value), (size_t)nla_len(value));
    visitor->on_address(visitor->context, (int32_t)body->ifa_index, &address);
}

int32_t pintle_nl_each_address(pintle_nl_socket *socket, int32_t index,
                               pintle_nl_on_address on_address, void *context) {
    struct address_visitor visitor = {index, on_address, context};
    struct ifaddrmsg body = {.ifa_family = AF_UNSPEC, .ifa_index = (uint32_t)index};
    struct nl_msg *request = nlmsg_alloc_simple(RTM_GETADDR, 0);
    if (request != NULL && nlmsg_append(request, &body, sizeof body, NLMSG_ALIGNTO) < 0) {
        nlmsg_free(request);
        request = NULL;
    }
    return pintle_nl_dump(socket, request, visit_address, &visitor);
}
