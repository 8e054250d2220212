/* The parts of control.c among themselves: control.c the requests, control_answers.c what is said, control_packets.c
 * what is heard, control_first.c the connection that is there from the beginning. */
#ifndef PINTLE_CONTROL_H
#define PINTLE_CONTROL_H

#include "infra.h"

extern struct pintle_connection pintle_connections[PINTLE_INFRA_MAX_CONNECTIONS];

/* What the simple requests say. Points into the packet. */
struct pintle_arguments {
    const char *id;
    const char *session;
    uint32_t version, flags, width, height, log_max_files;
    uint64_t log_max_bytes;
    int32_t signal;
    bool has_log_limits;
};

/* ---- control_packets.c ---- */
/* 1: a packet, whose fields live until the next one is received; 0: none now; -1: end or nonsense. */
int pintle_packet_receive(struct pintle_connection *connection, struct pintle_packet *packet,
                          int flags);
/* Closes the descriptors that nobody took. */
void pintle_packet_close(struct pintle_packet *packet);
/* 0, or the errno to answer. Puts the descriptors' roles into the packet. */
int32_t pintle_packet_arguments(struct pintle_packet *packet, struct pintle_arguments *into);

/* ---- control_answers.c ---- */
void pintle_answer_hello(struct pintle_connection *connection, uint32_t request, uint32_t version);
void pintle_answer_list(struct pintle_connection *connection, uint32_t request);
/* Tells ended processes again, to a host that could not take the event. */
void pintle_catch_up(struct pintle_connection *connection);

#endif
