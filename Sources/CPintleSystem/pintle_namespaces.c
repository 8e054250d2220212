#define _GNU_SOURCE
#include "pintle_namespaces.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

struct sockets {
    int network;
    int fds[2]; /* IPv4, IPv6; -1: not made */
    int error;
};

/* Entering a namespace changes the calling thread only, and for good. */
static void *make_sockets(void *context) {
    struct sockets *sockets = context;
    static const int families[2] = {AF_INET, AF_INET6};
    if (setns(sockets->network, CLONE_NEWNET) != 0) {
        sockets->error = errno;
        return NULL;
    }
    for (int index = 0; index < 2; index++) {
        sockets->fds[index] =
            socket(families[index], SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (sockets->fds[index] < 0)
            sockets->error = errno;
    }
    return NULL;
}

/* Returns 0 or an errno. */
static int connect_within(int fd, const struct sockaddr *address, socklen_t size, int timeout) {
    if (connect(fd, address, size) == 0)
        return 0;
    if (errno != EINPROGRESS)
        return errno;
    struct pollfd wait = {.fd = fd, .events = POLLOUT};
    int ready = poll(&wait, 1, timeout);
    if (ready == 0)
        return ETIMEDOUT;
    int error = 0;
    socklen_t length = sizeof error;
    if (ready < 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0)
        return errno;
    return error;
}

int pintle_connect_loopback(int network, uint16_t port, int timeout) {
    struct sockets sockets = {.network = network, .fds = {-1, -1}};
    pthread_t thread;
    int error = pthread_create(&thread, NULL, make_sockets, &sockets);
    if (error == 0)
        pthread_join(thread, NULL);
    if (error == 0)
        error = sockets.error;
    struct sockaddr_in four = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in6 six = {
        .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int result = -1;
    if (sockets.fds[0] >= 0) {
        error = connect_within(sockets.fds[0], (struct sockaddr *)&four, sizeof four, timeout);
        if (error == 0)
            result = sockets.fds[0];
    }
    if (result < 0 && sockets.fds[1] >= 0) {
        int second = connect_within(sockets.fds[1], (struct sockaddr *)&six, sizeof six, timeout);
        if (second == 0)
            result = sockets.fds[1];
    }
    for (int index = 0; index < 2; index++) {
        if (sockets.fds[index] >= 0 && sockets.fds[index] != result)
            close(sockets.fds[index]);
    }
    if (result >= 0)
        fcntl(result, F_SETFL, fcntl(result, F_GETFL) & ~O_NONBLOCK);
    errno = error;
    return result;
}
