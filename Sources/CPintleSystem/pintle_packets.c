#define _GNU_SOURCE
#include "pintle_packets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "pintle_infra_protocol.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U /* since Linux 6.3; newer than the headers of Debian 12 */
#endif

int pintle_send_packet(int socket, const void *data, uint64_t size, const int32_t *descriptors,
                       int32_t count) {
    char control[CMSG_SPACE(sizeof(int) * PINTLE_INFRA_MAX_DESCRIPTORS)];
    struct iovec part = {(void *)(uintptr_t)data, size};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (count < 0 || count > PINTLE_INFRA_MAX_DESCRIPTORS) {
        errno = EINVAL;
        return -1;
    }
    if (count > 0) {
        size_t bytes = sizeof(int) * (size_t)count;
        memset(control, 0, sizeof control);
        message.msg_control = control;
        message.msg_controllen = CMSG_SPACE(bytes);
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(bytes);
        memcpy(CMSG_DATA(head), descriptors, bytes);
    }
    ssize_t sent;
    do
        sent = sendmsg(socket, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)size ? 0 : -1;
}

int64_t pintle_receive_packet(int socket, void *data, uint64_t capacity, int32_t *descriptors,
                              int32_t *count) {
    char control[CMSG_SPACE(sizeof(int) * PINTLE_INFRA_MAX_DESCRIPTORS)];
    struct iovec part = {data, capacity};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof control};
    *count = 0;
    ssize_t size;
    do
        size = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    while (size < 0 && errno == EINTR);
    if (size <= 0)
        return size;
    for (struct cmsghdr *head = CMSG_FIRSTHDR(&message); head != NULL;
         head = CMSG_NXTHDR(&message, head)) {
        if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS)
            continue;
        size_t found = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t index = 0; index < found; index++) {
            int fd;
            memcpy(&fd, CMSG_DATA(head) + index * sizeof(int), sizeof fd);
            if (*count < PINTLE_INFRA_MAX_DESCRIPTORS) {
                descriptors[(*count)++] = fd;
            } else {
                close(fd);
            }
        }
    }
    if (!(message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
        return size;
    while (*count > 0)
        close(descriptors[--*count]);
    errno = EMSGSIZE;
    return -1;
}

int pintle_packet_pair(int32_t *pair) {
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair);
}

int pintle_packet_connect(int directory, const char *name) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int length =
        snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", directory, name);
    if (length < 0 || (size_t)length >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

int pintle_memory_file(const char *name) {
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
    return fd >= 0 || errno != EINVAL ? fd : memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

int pintle_sealed_file(const char *name, const void *data, uint64_t size) {
    int fd = pintle_memory_file(name);
    if (fd < 0)
        return -1;
    const char *next = data;
    while (size > 0) {
        ssize_t count = write(fd, next, size);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            break;
        next += count;
        size -= (uint64_t)count;
    }
    int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    if (size == 0 && fcntl(fd, F_ADD_SEALS, seals) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}
