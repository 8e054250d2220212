/* The connection that the infra process is born with: greeting and configuration, before anything else. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control.h"

/* Enters the pod's cgroups first, so that nothing of it is ever done in the host's. */
static int32_t configure(struct pintle_packet *packet, const char **stage) {
    struct pintle_pod_settings settings = {0};
    struct pintle_reader fields = packet->fields;
    struct pintle_field field;
    const char *text;
    int32_t score;
    int more;
    while ((more = pintle_read_field(&fields, &field)) > 0) {
        *stage = "packet";
        switch (field.tag) {
        case PINTLE_INFRA_JOIN:
            *stage = "cgroup";
            if ((text = pintle_field_text(&field, PATH_MAX)) == NULL)
                return EINVAL;
            if (pintle_write_file(text, "0") != 0)
                return errno;
            break;
        case PINTLE_INFRA_JOIN_DIRECTORY:
            *stage = "cgroup";
            if ((text = pintle_field_text(&field, PATH_MAX)) == NULL)
                return EINVAL;
            if (pintle_pod_enter_cgroup(text) != 0)
                return errno;
            break;
        case PINTLE_INFRA_OOM_SCORE:
            if (!pintle_field_i32(&field, &score))
                return EINVAL;
            char number[16];
            snprintf(number, sizeof number, "%d", (int)score);
            (void)pintle_write_file("/proc/self/oom_score_adj", number);
            break;
        case PINTLE_INFRA_HOSTNAME:
            if ((settings.hostname = pintle_field_text(&field, 64)) == NULL)
                return EINVAL;
            break;
        case PINTLE_INFRA_SHM_BYTES:
            if (!pintle_field_u64(&field, &settings.shm_bytes))
                return EINVAL;
            break;
        case PINTLE_INFRA_FLAGS:
            if (!pintle_field_u32(&field, &settings.flags))
                return EINVAL;
            break;
        case PINTLE_INFRA_SYSCTL:
            break;
        default:
            if (field.flags & PINTLE_INFRA_FIELD_REQUIRED)
                return EOPNOTSUPP;
        }
    }
    *stage = "packet";
    if (more < 0)
        return EINVAL;
    int32_t error = pintle_pod_prepare(&settings, stage);
    if (error != 0)
        return error;
    *stage = "sysctl";
    fields = packet->fields;
    while (pintle_read_field(&fields, &field) > 0) {
        if (field.tag != PINTLE_INFRA_SYSCTL)
            continue;
        if ((text = pintle_field_text(&field, 1024)) == NULL)
            return EINVAL;
        if ((error = pintle_pod_sysctl(text)) != 0)
            return error;
    }
    return 0;
}

bool pintle_control_first(void) {
    struct pintle_connection *connection = &pintle_connections[0];
    struct pintle_packet packet;
    struct pintle_arguments arguments;
    const char *stage = "packet";
    if (pintle_packet_receive(connection, &packet, 0) != 1)
        return false;
    pintle_packet_close(&packet);
    if (packet.header.kind != PINTLE_INFRA_HELLO ||
        pintle_packet_arguments(&packet, &arguments) != 0)
        return false;
    uint32_t hello = packet.header.request, version = arguments.version;
    if (pintle_packet_receive(connection, &packet, 0) != 1)
        return false;
    pintle_packet_close(&packet);
    if (packet.header.kind != PINTLE_INFRA_CONFIGURE)
        return false;
    uint32_t request = packet.header.request;
    int32_t error = configure(&packet, &stage);
    if (error == 0 && !pintle_control_listen()) {
        stage = "listen";
        error = errno;
    }
    pintle_answer_hello(connection, hello, version);
    pintle_reply(connection, request, error, error == 0 ? NULL : stage, NULL);
    if (error != 0)
        return false;
    fcntl(connection->source.fd, F_SETFL, O_NONBLOCK);
    fcntl(connection->source.fd, F_SETFD, FD_CLOEXEC);
    pintle_source_watch(&connection->source, EPOLLIN);
    return true;
}
