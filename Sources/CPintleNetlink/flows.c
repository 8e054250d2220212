#include "internal.h"

#include "pintle_nl_packet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

/* What the kernel compares of a flow's first direction, from its CTA_FILTER_F_*
 * (net/netfilter/nf_internals.h). */
#define FILTER_PROTOCOL (1U << 3)
#define FILTER_DESTINATION_PORT (1U << 5)

static int put_tuple(struct nl_msg *message, uint8_t protocol, uint16_t port) {
    struct nlattr *tuple = nla_nest_start(message, CTA_TUPLE_ORIG | NLA_F_NESTED);
    struct nlattr *inner =
        tuple == NULL ? NULL : nla_nest_start(message, CTA_TUPLE_PROTO | NLA_F_NESTED);
    if (inner == NULL || nla_put_u8(message, CTA_PROTO_NUM, protocol) < 0 ||
        nla_put_u16(message, CTA_PROTO_DST_PORT, htons(port)) < 0) {
        return -ENOMEM;
    }
    nla_nest_end(message, inner);
    nla_nest_end(message, tuple);
    struct nlattr *filter = nla_nest_start(message, CTA_FILTER | NLA_F_NESTED);
    if (filter == NULL ||
        nla_put_u32(message, CTA_FILTER_ORIG_FLAGS, FILTER_PROTOCOL | FILTER_DESTINATION_PORT) <
            0 ||
        nla_put_u32(message, CTA_FILTER_REPLY_FLAGS, 0) < 0) {
        return -ENOMEM;
    }
    nla_nest_end(message, filter);
    return 0;
}

static int32_t request(struct nl_sock *socket, int32_t family, uint8_t protocol, uint16_t port) {
    const struct nfgenmsg body = {
        .nfgen_family = (uint8_t)family, .version = NFNETLINK_V0, .res_id = 0};
    struct nl_msg *message = nlmsg_alloc_simple((NFNL_SUBSYS_CTNETLINK << 8) | IPCTNL_MSG_CT_DELETE,
                                                NLM_F_REQUEST | NLM_F_ACK);
    if (message == NULL) {
        return -ENOMEM;
    }
    if (nlmsg_append(message, (void *)(uintptr_t)&body, sizeof body, NLMSG_ALIGNTO) < 0 ||
        put_tuple(message, protocol, port) < 0) {
        nlmsg_free(message);
        return -ENOMEM;
    }
    struct nlmsghdr *header = nlmsg_hdr(message);
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    union {
        struct nlmsghdr header;
        unsigned char bytes[1024];
    } answer;
    ssize_t size = sendto(nl_socket_get_fd(socket), header, header->nlmsg_len, 0,
                          (struct sockaddr *)&kernel, sizeof kernel);
    nlmsg_free(message);
    if (size >= 0) {
        size = recv(nl_socket_get_fd(socket), &answer, sizeof answer, 0);
    }
    if (size < 0) {
        return -errno;
    }
    if (!nlmsg_ok(&answer.header, (int)size) || answer.header.nlmsg_type != NLMSG_ERROR) {
        return -EPROTO;
    }
    const struct nlmsgerr *error = nlmsg_data(&answer.header);
    return error->error == -ENOENT ? 0 : error->error;
}

int32_t pintle_nl_forget_flows(int32_t family, uint8_t protocol, uint16_t port) {
    struct nl_sock *socket = nl_socket_alloc();
    if (socket == NULL) {
        return -ENOMEM;
    }
    int error = nl_connect(socket, NETLINK_NETFILTER);
    int32_t result = error < 0 ? pintle_nl_errno(error) : request(socket, family, protocol, port);
    nl_socket_free(socket);
    return result;
}
