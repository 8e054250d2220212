#include "internal.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/rtnetlink.h>
#include <netlink/route/link.h>
#include <netlink/route/link/veth.h>

#define MAC_SIZE 6

static int has_name(const char *name) {
    const size_t length = strnlen(name, PINTLE_NL_NAME_SIZE);
    return length > 0 && length < PINTLE_NL_NAME_SIZE;
}

/* A message about the link `name`, or `index`. Null without memory. */
static struct nl_msg *link_message(int type, int flags, const char *name, int32_t index,
                                   uint32_t set, uint32_t clear) {
    struct nl_msg *message = nlmsg_alloc_simple(type, flags);
    struct ifinfomsg body = {
        .ifi_family = AF_UNSPEC, .ifi_index = index, .ifi_flags = set, .ifi_change = set | clear};
    if (message == NULL) {
        return NULL;
    }
    if (nlmsg_append(message, &body, sizeof body, NLMSG_ALIGNTO) < 0 ||
        (name != NULL && nla_put_string(message, IFLA_IFNAME, name) < 0)) {
        nlmsg_free(message);
        return NULL;
    }
    return message;
}

int32_t pintle_nl_get_link(pintle_nl_batch *batch, const char *name) {
    if (!has_name(name)) {
        return -EINVAL;
    }
    return pintle_nl_batch_append(batch, link_message(RTM_GETLINK, 0, name, 0, 0, 0), 0);
}

int32_t pintle_nl_delete_link(pintle_nl_batch *batch, const char *name, int32_t tolerated) {
    if (!has_name(name)) {
        return -EINVAL;
    }
    return pintle_nl_batch_append(batch, link_message(RTM_DELLINK, 0, name, 0, 0, 0), tolerated);
}

static void set_mac(struct rtnl_link *link, const uint8_t *mac) {
    struct nl_addr *address = mac == NULL ? NULL : nl_addr_build(AF_LLC, mac, MAC_SIZE);
    if (address != NULL) {
        rtnl_link_set_addr(link, address);
        nl_addr_put(address);
    }
}

int32_t pintle_nl_add_bridge(pintle_nl_batch *batch, const char *name, const uint8_t *mac,
                             uint32_t mtu, int32_t tolerated) {
    struct rtnl_link *link = has_name(name) ? rtnl_link_alloc() : NULL;
    struct nl_msg *message = NULL;
    if (link == NULL) {
        return has_name(name) ? -ENOMEM : -EINVAL;
    }
    rtnl_link_set_name(link, name);
    set_mac(link, mac);
    if (mtu != 0) {
        rtnl_link_set_mtu(link, mtu);
    }
    int error = rtnl_link_set_type(link, "bridge");
    if (error == 0) {
        error = rtnl_link_build_add_request(link, NLM_F_CREATE | NLM_F_EXCL, &message);
    }
    rtnl_link_put(link);
    return error < 0 ? pintle_nl_errno(error) : pintle_nl_batch_append(batch, message, tolerated);
}

static void describe_end(struct rtnl_link *link, const char *name, uint32_t mtu) {
    rtnl_link_set_name(link, name);
    if (mtu != 0) {
        rtnl_link_set_mtu(link, mtu);
    }
    /* The kernel's default is a queue per processor, each an object in sysfs: veth gains nothing
     * from them. */
    rtnl_link_set_num_tx_queues(link, 1);
    rtnl_link_set_num_rx_queues(link, 1);
}

int32_t pintle_nl_add_veth(pintle_nl_batch *batch, const pintle_nl_veth *veth) {
    if (!has_name(veth->name) || !has_name(veth->peer_name)) {
        return -EINVAL;
    }
    struct rtnl_link *link = rtnl_link_veth_alloc();
    struct nl_msg *message = NULL;
    if (link == NULL) {
        return -ENOMEM;
    }
    struct rtnl_link *peer = rtnl_link_veth_get_peer(link);
    describe_end(link, veth->name, veth->mtu);
    describe_end(peer, veth->peer_name, veth->mtu);
    rtnl_link_set_master(link, veth->controller);
    rtnl_link_set_ns_fd(peer, veth->peer_netns);
    set_mac(link, veth->mac);
    set_mac(peer, veth->peer_mac);
    rtnl_link_put(peer);
    int error = rtnl_link_build_add_request(link, NLM_F_CREATE | NLM_F_EXCL, &message);
    rtnl_link_put(link);
    return error < 0 ? pintle_nl_errno(error) : pintle_nl_batch_append(batch, message, 0);
}

static int put_hairpin(struct nl_msg *message, int32_t hairpin) {
    struct nlattr *info = nla_nest_start(message, IFLA_LINKINFO);
    if (info == NULL || nla_put_string(message, IFLA_INFO_SLAVE_KIND, "bridge") < 0) {
        return -ENOMEM;
    }
    struct nlattr *data = nla_nest_start(message, IFLA_INFO_SLAVE_DATA);
    if (data == NULL || nla_put_u8(message, IFLA_BRPORT_MODE, hairpin > 0) < 0) {
        return -ENOMEM;
    }
    nla_nest_end(message, data);
    nla_nest_end(message, info);
    return 0;
}

static int put_ipv4(struct nl_msg *message, const pintle_nl_change *change) {
    struct nlattr *family = nla_nest_start(message, AF_INET);
    struct nlattr *settings = family == NULL ? NULL : nla_nest_start(message, IFLA_INET_CONF);
    if (settings == NULL ||
        (change->announce_ipv4 && nla_put_u32(message, IPV4_DEVCONF_ARP_NOTIFY, 1) < 0) ||
        (change->route_localnet && nla_put_u32(message, IPV4_DEVCONF_ROUTE_LOCALNET, 1) < 0)) {
        return -ENOMEM;
    }
    nla_nest_end(message, settings);
    nla_nest_end(message, family);
    return 0;
}

static int put_ipv6(struct nl_msg *message) {
    struct nlattr *family = nla_nest_start(message, AF_INET6);
    if (family == NULL ||
        nla_put_u8(message, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE) < 0) {
        return -ENOMEM;
    }
    nla_nest_end(message, family);
    return 0;
}

static int put_families(struct nl_msg *message, const pintle_nl_change *change) {
    const int ipv4 = change->announce_ipv4 || change->route_localnet;
    if (!ipv4 && !change->no_ipv6_link_address) {
        return 0;
    }
    struct nlattr *families = nla_nest_start(message, IFLA_AF_SPEC);
    if (families == NULL || (ipv4 && put_ipv4(message, change) < 0) ||
        (change->no_ipv6_link_address && put_ipv6(message) < 0)) {
        return -ENOMEM;
    }
    nla_nest_end(message, families);
    return 0;
}

static int put_change(struct nl_msg *message, const pintle_nl_change *change) {
    if ((change->mtu != 0 && nla_put_u32(message, IFLA_MTU, change->mtu) < 0) ||
        (change->mac != NULL && nla_put(message, IFLA_ADDRESS, MAC_SIZE, change->mac) < 0) ||
        (change->controller != 0 &&
         nla_put_u32(message, IFLA_MASTER, (uint32_t)change->controller) < 0) ||
        (change->hairpin != 0 && put_hairpin(message, change->hairpin) < 0)) {
        return -ENOMEM;
    }
    return put_families(message, change);
}

int32_t pintle_nl_change_link(pintle_nl_batch *batch, const pintle_nl_change *change) {
    if (change->name != NULL ? !has_name(change->name) : change->index == 0) {
        return -EINVAL;
    }
    struct nl_msg *message =
        link_message(RTM_NEWLINK, 0, change->name, change->name == NULL ? change->index : 0,
                     change->flags_set, change->flags_clear);
    if (message != NULL && put_change(message, change) < 0) {
        nlmsg_free(message);
        message = NULL;
    }
    return pintle_nl_batch_append(batch, message, 0);
}

static void read_info(struct nlattr *info, pintle_nl_link *link) {
    struct nlattr *found[IFLA_INFO_MAX + 1];
    if (nla_parse_nested(found, IFLA_INFO_MAX, info, NULL) < 0) {
        return;
    }
    if (found[IFLA_INFO_KIND] != NULL) {
        (void)nla_strlcpy(link->kind, found[IFLA_INFO_KIND], sizeof link->kind);
    }
    struct nlattr *port[IFLA_BRPORT_MAX + 1];
    if (found[IFLA_INFO_SLAVE_DATA] != NULL &&
        nla_parse_nested(port, IFLA_BRPORT_MAX, found[IFLA_INFO_SLAVE_DATA], NULL) == 0 &&
        port[IFLA_BRPORT_MODE] != NULL) {
        link->hairpin = nla_get_u8(port[IFLA_BRPORT_MODE]) != 0;
    }
}

int pintle_nl_read_link(struct nlmsghdr *header, pintle_nl_link *link) {
    struct nlattr *found[IFLA_MAX + 1];
    if (header->nlmsg_type != RTM_NEWLINK ||
        nlmsg_parse(header, sizeof(struct ifinfomsg), found, IFLA_MAX, NULL) < 0) {
        return 0;
    }
    const struct ifinfomsg *body = nlmsg_data(header);
    memset(link, 0, sizeof *link);
    link->index = body->ifi_index;
    link->flags = body->ifi_flags;
    link->peer_namespace =
        found[IFLA_LINK_NETNSID] != NULL ? nla_get_s32(found[IFLA_LINK_NETNSID]) : -1;
    link->peer = found[IFLA_LINK] != NULL ? nla_get_s32(found[IFLA_LINK]) : 0;
    link->controller = found[IFLA_MASTER] != NULL ? nla_get_s32(found[IFLA_MASTER]) : 0;
    link->mtu = found[IFLA_MTU] != NULL ? nla_get_u32(found[IFLA_MTU]) : 0;
    if (found[IFLA_IFNAME] != NULL) {
        (void)nla_strlcpy(link->name, found[IFLA_IFNAME], sizeof link->name);
    }
    if (found[IFLA_ADDRESS] != NULL && nla_len(found[IFLA_ADDRESS]) == MAC_SIZE) {
        memcpy(link->mac, nla_data(found[IFLA_ADDRESS]), MAC_SIZE);
        link->has_mac = 1;
    }
    if (found[IFLA_LINKINFO] != NULL) {
        read_info(found[IFLA_LINKINFO], link);
    }
    return 1;
}

struct link_visitor {
    pintle_nl_on_link on_link;
    void *context;
};

static void visit_link(void *context, struct nlmsghdr *header) {
    const struct link_visitor *visitor = context;
    pintle_nl_link link;
    if (pintle_nl_read_link(header, &link)) {
        visitor->on_link(visitor->context, &link);
    }
}

int32_t pintle_nl_each_link(pintle_nl_socket *socket, pintle_nl_on_link on_link, void *context) {
    struct link_visitor visitor = {on_link, context};
    return pintle_nl_dump(socket, link_message(RTM_GETLINK, 0, NULL, 0, 0, 0), visit_link,
                          &visitor);
}
