/* Packets as they come in: every length is checked, every descriptor is owned by somebody. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control.h"

static uint8_t received[PINTLE_INFRA_MAX_PACKET];

int pintle_packet_take(struct pintle_packet *packet, uint8_t role) {
    for (size_t index = 0; index < packet->descriptor_count; index++) {
        if (packet->roles[index] != role || packet->descriptors[index] < 0)
            continue;
        int fd = packet->descriptors[index];
        packet->descriptors[index] = -1;
        return fd;
    }
    return -1;
}

void pintle_packet_close(struct pintle_packet *packet) {
    for (size_t index = 0; index < packet->descriptor_count; index++) {
        if (packet->descriptors[index] >= 0)
            close(packet->descriptors[index]);
    }
}

static void take_descriptors(struct msghdr *message, struct pintle_packet *packet) {
    for (struct cmsghdr *head = CMSG_FIRSTHDR(message); head != NULL;
         head = CMSG_NXTHDR(message, head)) {
        if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS)
            continue;
        size_t count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t index = 0; index < count; index++) {
            int fd;
            memcpy(&fd, CMSG_DATA(head) + index * sizeof(int), sizeof fd);
            if (packet->descriptor_count < PINTLE_INFRA_MAX_DESCRIPTORS) {
                packet->descriptors[packet->descriptor_count++] = fd;
            } else {
                close(fd);
            }
        }
    }
}

int pintle_packet_receive(struct pintle_connection *connection, struct pintle_packet *packet,
                          int flags) {
    char control[CMSG_SPACE(sizeof(int) * PINTLE_INFRA_MAX_DESCRIPTORS)];
    struct iovec part = {received, sizeof received};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof control};
    *packet = (struct pintle_packet){0};
    ssize_t count = recvmsg(connection->source.fd, &message, MSG_CMSG_CLOEXEC | flags);
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (count <= 0)
        return -1;
    take_descriptors(&message, packet);
    memcpy(&packet->header, received, sizeof packet->header);
    bool whole = (size_t)count >= sizeof packet->header &&
                 !(message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) &&
                 packet->header.length == (size_t)count - sizeof packet->header;
    if (!whole) {
        pintle_packet_close(packet);
        return -1;
    }
    packet->fields =
        (struct pintle_reader){received + sizeof packet->header, packet->header.length};
    return 1;
}

static int32_t read_argument(const struct pintle_field *field, struct pintle_packet *packet,
                             struct pintle_arguments *into) {
    bool valid = true;
    switch (field->tag) {
    case PINTLE_INFRA_ID:
        valid = (into->id = pintle_field_text(field, PINTLE_INFRA_MAX_ID)) != NULL;
        break;
    case PINTLE_INFRA_SESSION:
        valid = (into->session = pintle_field_text(field, PINTLE_INFRA_MAX_ID)) != NULL;
        break;
    case PINTLE_INFRA_VERSION:
        valid = pintle_field_u32(field, &into->version);
        break;
    case PINTLE_INFRA_FLAGS:
        valid = pintle_field_u32(field, &into->flags);
        break;
    case PINTLE_INFRA_WIDTH:
        valid = pintle_field_u32(field, &into->width);
        break;
    case PINTLE_INFRA_HEIGHT:
        valid = pintle_field_u32(field, &into->height);
        break;
    case PINTLE_INFRA_EXIT_SIGNAL:
        valid = pintle_field_i32(field, &into->signal);
        break;
    case PINTLE_INFRA_LOG_MAX_BYTES:
        valid = pintle_field_u64(field, &into->log_max_bytes);
        into->has_log_limits = true;
        break;
    case PINTLE_INFRA_LOG_MAX_FILES:
        valid = pintle_field_u32(field, &into->log_max_files);
        break;
    case PINTLE_INFRA_ROLES:
        valid = field->length == packet->descriptor_count;
        if (valid && field->length > 0)
            memcpy(packet->roles, field->data, field->length);
        break;
    default:
        return field->flags & PINTLE_INFRA_FIELD_REQUIRED ? EOPNOTSUPP : 0;
    }
    return valid ? 0 : EINVAL;
}

int32_t pintle_packet_arguments(struct pintle_packet *packet, struct pintle_arguments *into) {
    struct pintle_reader fields = packet->fields;
    struct pintle_field field;
    int more;
    *into = (struct pintle_arguments){0};
    while ((more = pintle_read_field(&fields, &field)) > 0) {
        int32_t error = read_argument(&field, packet, into);
        if (error != 0)
            return error;
    }
    return more < 0 ? EINVAL : 0;
}
