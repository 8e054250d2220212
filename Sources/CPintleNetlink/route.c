#include "internal.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/rtnetlink.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>

static struct nl_addr *copy(const pintle_nl_address *address) {
    struct nl_addr *result =
        nl_addr_build(address->family, address->bytes, (size_t)pintle_nl_length(address->family));
    if (result != NULL) {
        nl_addr_set_prefixlen(result, address->prefix);
    }
    return result;
}

static int add_hop(struct rtnl_route *route, int32_t index, const pintle_nl_address *gateway) {
    struct rtnl_nexthop *hop = rtnl_route_nh_alloc();
    if (hop == NULL) {
        return -ENOMEM;
    }
    rtnl_route_nh_set_ifindex(hop, index);
    if (gateway != NULL) {
        struct nl_addr *address = copy(gateway);
        if (address == NULL) {
            rtnl_route_nh_free(hop);
            return -ENOMEM;
        }
        rtnl_route_nh_set_gateway(hop, address);
        nl_addr_put(address);
    }
    rtnl_route_add_nexthop(route, hop);
    return 0;
}

static int describe(struct rtnl_route *route, int32_t index, const pintle_nl_address *destination,
                    const pintle_nl_address *gateway) {
    struct nl_addr *address = copy(destination);
    if (address == NULL) {
        return -ENOMEM;
    }
    int error = rtnl_route_set_family(route, (uint8_t)destination->family);
    if (error == 0) {
        error = rtnl_route_set_dst(route, address);
    }
    nl_addr_put(address);
    rtnl_route_set_table(route, RT_TABLE_MAIN);
    rtnl_route_set_scope(route, gateway == NULL && destination->family == AF_INET
                                    ? RT_SCOPE_LINK
                                    : RT_SCOPE_UNIVERSE);
    return error < 0 ? pintle_nl_errno(error) : add_hop(route, index, gateway);
}

int32_t pintle_nl_replace_route(pintle_nl_batch *batch, int32_t index,
                                const pintle_nl_address *destination,
                                const pintle_nl_address *gateway) {
    struct nl_msg *message = NULL;
    struct rtnl_route *route = rtnl_route_alloc();
    if (route == NULL) {
        return -ENOMEM;
    }
    int error = describe(route, index, destination, gateway);
    if (error == 0) {
        error = rtnl_route_build_add_request(route, NLM_F_CREATE | NLM_F_REPLACE, &message);
        error = error < 0 ? pintle_nl_errno(error) : 0;
    }
    rtnl_route_put(route);
    return error < 0 ? error : pintle_nl_batch_append(batch, message, 0);
}

static void read_address(struct nlattr *value, int family, int prefix, pintle_nl_address *address) {
    const int length = pintle_nl_length(family);
    address->family = family;
    address->prefix = prefix;
    if (value != NULL && nla_len(value) == length) {
        memcpy(address->bytes, nla_data(value), (size_t)length);
    }
}

int pintle_nl_read_route(struct nlmsghdr *header, pintle_nl_route *route) {
    struct nlattr *found[RTA_MAX + 1];
    if (header->nlmsg_type != RTM_NEWROUTE ||
        nlmsg_parse(header, sizeof(struct rtmsg), found, RTA_MAX, NULL) < 0) {
        return 0;
    }
    const struct rtmsg *body = nlmsg_data(header);
    if (body->rtm_family != AF_INET && body->rtm_family != AF_INET6) {
        return 0;
    }
    memset(route, 0, sizeof *route);
    read_address(found[RTA_DST], body->rtm_family, body->rtm_dst_len, &route->destination);
    if (found[RTA_GATEWAY] != NULL) {
        read_address(found[RTA_GATEWAY], body->rtm_family, 8 * pintle_nl_length(body->rtm_family),
                     &route->gateway);
    }
    route->index = found[RTA_OIF] != NULL ? nla_get_s32(found[RTA_OIF]) : 0;
    route->is_main = (found[RTA_TABLE] != NULL ? nla_get_u32(found[RTA_TABLE]) : body->rtm_table) ==
                     RT_TABLE_MAIN;
    route->is_local = body->rtm_type == RTN_LOCAL || body->rtm_type == RTN_BROADCAST ||
                      body->rtm_type == RTN_ANYCAST || body->rtm_type == RTN_MULTICAST;
    route->metric = found[RTA_PRIORITY] != NULL ? nla_get_s32(found[RTA_PRIORITY]) : 0;
    return 1;
}

static struct nl_msg *get_message(int family, int length) {
    struct rtmsg body = {.rtm_family = (uint8_t)family, .rtm_dst_len = (uint8_t)length};
    struct nl_msg *message = nlmsg_alloc_simple(RTM_GETROUTE, 0);
    if (message != NULL && nlmsg_append(message, &body, sizeof body, NLMSG_ALIGNTO) < 0) {
        nlmsg_free(message);
        return NULL;
    }
    return message;
}

int32_t pintle_nl_get_route(pintle_nl_batch *batch, const pintle_nl_address *address) {
    const int length = pintle_nl_length(address->family);
    struct nl_msg *message = get_message(address->family, 8 * length);
    if (message != NULL && nla_put(message, RTA_DST, length, address->bytes) < 0) {
        nlmsg_free(message);
        message = NULL;
    }
    return pintle_nl_batch_append(batch, message, 0);
}

struct route_visitor {
    pintle_nl_on_route on_route;
    void *context;
};

static void visit_route(void *context, struct nlmsghdr *header) {
    const struct route_visitor *visitor = context;
    pintle_nl_route route;
    if (pintle_nl_read_route(header, &route)) {
        visitor->on_route(visitor->context, &route);
    }
}

int32_t pintle_nl_each_route(pintle_nl_socket *socket, pintle_nl_on_route on_route, void *context) {
    struct route_visitor visitor = {on_route, context};
    return pintle_nl_dump(socket, get_message(AF_UNSPEC, 0), visit_route, &visitor);
}
