#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

/** More than one attach needs by far. */
#define REQUESTS_MAX 64

struct pintle_nl_batch {
    size_t size;     /* bytes used of `bytes` */
    size_t capacity; /* bytes */
    unsigned char *bytes;
    int32_t count;
    int32_t tolerated[REQUESTS_MAX];
};

pintle_nl_batch *pintle_nl_batch_new(void) { return calloc(1, sizeof(pintle_nl_batch)); }

void pintle_nl_batch_free(pintle_nl_batch *batch) {
    free(batch->bytes);
    free(batch);
}

static int reserve(pintle_nl_batch *batch, size_t more) {
    if (batch->size + more <= batch->capacity) {
        return 0;
    }
    size_t capacity = batch->capacity == 0 ? 2048 : batch->capacity;
    while (capacity < batch->size + more) {
        capacity *= 2;
    }
    unsigned char *bytes = realloc(batch->bytes, capacity);
    if (bytes == NULL) {
        return -ENOMEM;
    }
    batch->bytes = bytes;
    batch->capacity = capacity;
    return 0;
}

int32_t pintle_nl_batch_append(pintle_nl_batch *batch, struct nl_msg *message, int32_t tolerated) {
    if (message == NULL) {
        return -ENOMEM;
    }
    struct nlmsghdr *header = nlmsg_hdr(message);
    const size_t size = NLMSG_ALIGN(header->nlmsg_len);
    int result = batch->count < REQUESTS_MAX ? reserve(batch, size) : -EINVAL;
    if (result == 0) {
        header->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
        memset(batch->bytes + batch->size, 0, size);
        memcpy(batch->bytes + batch->size, header, header->nlmsg_len);
        batch->size += size;
        batch->tolerated[batch->count++] = tolerated;
    }
    nlmsg_free(message);
    return result;
}

static int32_t transmit(pintle_nl_socket *socket, void *bytes, size_t size) {
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    ssize_t sent;
    do {
        sent = sendto(nl_socket_get_fd(socket->socket), bytes, size, 0, (struct sockaddr *)&kernel,
                      sizeof kernel);
    } while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : 0;
}

/* Reads one datagram of answers. Its length, or a negative errno. */
static ssize_t receive(pintle_nl_socket *socket) {
    ssize_t got;
    do {
        got = recv(nl_socket_get_fd(socket->socket), socket->buffer, sizeof socket->buffer, 0);
    } while (got < 0 && errno == EINTR);
    return got < 0 ? -errno : got;
}

/* Copies the kernel's own words, which follow the acknowledgement when it has any. */
static void read_message(struct nlmsghdr *header, pintle_nl_failure *failure) {
    failure->message[0] = '\0';
    if ((header->nlmsg_flags & NLM_F_ACK_TLVS) == 0) {
        return;
    }
    const struct nlmsgerr *body = nlmsg_data(header);
    size_t skipped = sizeof *body;
    if ((header->nlmsg_flags & NLM_F_CAPPED) == 0) {
        skipped += NLMSG_ALIGN(body->msg.nlmsg_len) - NLMSG_HDRLEN;
    }
    if ((size_t)nlmsg_datalen(header) <= skipped) {
        return;
    }
    struct nlattr *first = (struct nlattr *)(void *)((unsigned char *)nlmsg_data(header) + skipped);
    struct nlattr *found = nla_find(first, nlmsg_datalen(header) - (int)skipped, NLMSGERR_ATTR_MSG);
    if (found != NULL) {
        (void)nla_strlcpy(failure->message, found, sizeof failure->message);
    }
}

static void number(pintle_nl_batch *batch, uint32_t first) {
    size_t offset = 0;
    for (int32_t request = 0; request < batch->count; request++) {
        struct nlmsghdr *header = (struct nlmsghdr *)(void *)(batch->bytes + offset);
        header->nlmsg_seq = first + (uint32_t)request;
        offset += NLMSG_ALIGN(header->nlmsg_len);
    }
}

struct pending {
    pintle_nl_batch *batch;
    uint32_t first; /* sequence number of the first request */
    int32_t acknowledged;
    int32_t result;
    const pintle_nl_answers *answers;
    pintle_nl_failure *failure;
};

static void pass_on(const pintle_nl_answers *answers, struct nlmsghdr *header) {
    pintle_nl_link link;
    pintle_nl_route route;
    if (answers == NULL) {
        return;
    }
    if (answers->on_link != NULL && pintle_nl_read_link(header, &link)) {
        answers->on_link(answers->context, &link);
    }
    if (answers->on_route != NULL && pintle_nl_read_route(header, &route)) {
        answers->on_route(answers->context, &route);
    }
}

static void take(struct pending *pending, struct nlmsghdr *header) {
    const uint32_t request = header->nlmsg_seq - pending->first;
    if (request >= (uint32_t)pending->batch->count) {
        return; /* of an earlier batch that was given up */
    }
    if (header->nlmsg_type != NLMSG_ERROR) {
        pass_on(pending->answers, header);
        return;
    }
    if (nlmsg_datalen(header) < (int)sizeof(struct nlmsgerr)) {
        return;
    }
    pending->acknowledged++;
    const struct nlmsgerr *body = nlmsg_data(header);
    if (body->error == 0 || -body->error == pending->batch->tolerated[request] ||
        pending->result != 0) {
        return;
    }
    pending->result = body->error;
    pending->failure->request = (int32_t)request;
    pending->failure->error = -body->error;
    read_message(header, pending->failure);
}

int32_t pintle_nl_batch_send(pintle_nl_batch *batch, pintle_nl_socket *socket,
                             const pintle_nl_answers *answers, pintle_nl_failure *failure) {
    struct pending pending = {batch, socket->sequence + 1, 0, 0, answers, failure};
    int32_t result = 0;
    if (batch->count > 0) {
        socket->sequence += (uint32_t)batch->count;
        number(batch, pending.first);
        result = transmit(socket, batch->bytes, batch->size);
    }
    while (result == 0 && pending.acknowledged < batch->count) {
        ssize_t got = receive(socket);
        int rest = (int)got;
        for (struct nlmsghdr *header = (void *)socket->buffer; nlmsg_ok(header, rest);
             header = nlmsg_next(header, &rest)) {
            take(&pending, header);
        }
        result = got < 0 ? (int32_t)got : 0;
    }
    batch->size = 0;
    batch->count = 0;
    if (result != 0) {
        failure->request = -1;
        failure->error = -result;
        failure->message[0] = '\0';
        return result;
    }
    return pending.result;
}

/* Handles one datagram of a dump: 1 when the dump goes on, 0 at its end, or a negative errno. */
static int32_t take_dump(pintle_nl_socket *socket, ssize_t got, pintle_nl_on_message on_message,
                         void *context) {
    int rest = (int)got;
    for (struct nlmsghdr *header = (void *)socket->buffer; nlmsg_ok(header, rest);
         header = nlmsg_next(header, &rest)) {
        if (header->nlmsg_seq != socket->sequence) {
            continue;
        }
        if (header->nlmsg_type == NLMSG_DONE) {
            return 0;
        }
        if (header->nlmsg_type == NLMSG_ERROR) {
            const struct nlmsgerr *body = nlmsg_data(header);
            return nlmsg_datalen(header) < (int)sizeof *body ? -EPROTO : body->error;
        }
        on_message(context, header);
    }
    return 1;
}

int32_t pintle_nl_dump(pintle_nl_socket *socket, struct nl_msg *request,
                       pintle_nl_on_message on_message, void *context) {
    if (request == NULL) {
        return -ENOMEM;
    }
    struct nlmsghdr *header = nlmsg_hdr(request);
    header->nlmsg_flags |= NLM_F_REQUEST | NLM_F_DUMP;
    header->nlmsg_seq = ++socket->sequence;
    int32_t result = transmit(socket, header, header->nlmsg_len);
    nlmsg_free(request);
    if (result != 0) {
        return result;
    }
    do {
        ssize_t got = receive(socket);
        result = got < 0 ? (int32_t)got : take_dump(socket, got, on_message, context);
    } while (result > 0);
    return result;
}
