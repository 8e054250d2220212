/*
 * The pod's infra process: one thread, one epoll loop, fixed tables.
 *
 * Files: main.c starts it, pod.c makes the pod's namespaces ready, loop.c waits, control.c speaks with hosts,
 * process.c keeps the table, start.c starts processes, child*.c is what a new process does before its program runs,
 * stream.c and client.c move standard streams, log.c writes CRI logs.
 */
#ifndef PINTLE_INFRA_H
#define PINTLE_INFRA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "kernel.h"
#include "pintle_infra_protocol.h"
#include "wire.h"

/* ---- loop.c ---- */

enum pintle_source_kind {
    PINTLE_SOURCE_LISTENER,
    PINTLE_SOURCE_CONNECTION,
    PINTLE_SOURCE_END,    /* a process' pidfd */
    PINTLE_SOURCE_SETUP,  /* what a new process says before exec */
    PINTLE_SOURCE_OUTPUT, /* a process writes */
    PINTLE_SOURCE_INPUT,  /* a process can read more */
    PINTLE_SOURCE_CLIENT_IN,
    PINTLE_SOURCE_CLIENT_OUT
};

/* Something in the epoll set; its owner embeds it. fd is -1 when there is none. */
struct pintle_source {
    enum pintle_source_kind kind;
    int fd;
    uint32_t events;
    bool watched;
    bool always_ready; /* a regular file: epoll refuses it, it never blocks */
    void *owner;
};

void pintle_source_init(struct pintle_source *source, enum pintle_source_kind kind, void *owner,
                        int fd);
/* Waits for `events` (errors and hang-ups are always waited for) from now on. */
void pintle_source_watch(struct pintle_source *source, uint32_t events);
/* Takes it out of the set, errors included. */
void pintle_source_unwatch(struct pintle_source *source);
/* Takes it out and closes the descriptor. */
void pintle_source_close(struct pintle_source *source);
/* Runs until the pod is shut down. Returns the process' exit status. */
int pintle_loop_run(void);
bool pintle_loop_init(void);

uint64_t pintle_now_monotonic(void); /* nanoseconds */
int64_t pintle_now_real(void);       /* nanoseconds since 1970 */

/* ---- log.c ---- */

enum {
    PINTLE_LOG_PATH = 1024,
    PINTLE_LOG_LINE = 16384 /* longer lines are split, as containerd does */
};

struct pintle_log {
    int fd;    /* -1: no log, or it could not be opened */
    int error; /* why it can't be written now; 0 when it can */
    int told;  /* the error that hosts were told last */
    uint64_t size;
    uint64_t max_bytes;
    uint64_t dropped;
    uint64_t retry_at; /* when writing is tried again after an error */
    uint64_t flush_at; /* when what is held is written, whether its line has ended or not */
    uint32_t max_files;
    bool partial[2]; /* the stream's last line had no newline yet */
    size_t held_length[2];
    char path[PINTLE_LOG_PATH];
    /* The beginning of each stream's next line. Last, so that what was never used is never touched. */
    uint8_t held[2][PINTLE_LOG_LINE];
};

void pintle_log_open(struct pintle_log *log);
void pintle_log_close(struct pintle_log *log);
/*
 * Returns how many bytes were taken: less than `length` when the disk is full; the rest is to be brought again after
 * `retry_at`. What can't be written for another reason is taken, and counted as dropped. stream: 0 stdout, 1 stderr.
 */
size_t pintle_log_write(struct pintle_log *log, int stream, const uint8_t *data, size_t length);
/* Writes what has been held long enough. Returns when it is to be called again, UINT64_MAX never. */
uint64_t pintle_log_timer(struct pintle_log *log, uint64_t now);
/* The stream has ended: ends a line that is still open. Returns false when that must wait for room on the disk. */
bool pintle_log_finish(struct pintle_log *log, int stream);
/* Counts what is held as dropped. */
void pintle_log_abandon(struct pintle_log *log);
/* Gives back memory that only a busy log needs. */
void pintle_log_cool(void);
/* logname.c: renames the file as kubelet does and removes the oldest. Returns an errno. */
int pintle_log_rotate_names(const char *path, uint32_t max_files);
/* logtime.c: `2006-01-02T15:04:05.000000000Z` into at least 31 bytes; returns the length. */
size_t pintle_log_timestamp(char *text, int64_t nanoseconds);
/* `20060102-150405` into at least 16 bytes. */
void pintle_log_suffix(char *text, int64_t nanoseconds);
/* The seconds since 1970 that such a text of 15 digits and `-` says. */
int64_t pintle_log_suffix_seconds(const char *text);

/* ---- process.c ---- */

enum {
    PINTLE_ID = PINTLE_INFRA_MAX_ID + 1,
    PINTLE_PATH = 512,
    PINTLE_GROUPS = 64,
    PINTLE_INPUT = 4096
};

enum pintle_phase {
    PINTLE_PHASE_FREE,
    PINTLE_PHASE_STARTING, /* cloned, program not running yet */
    PINTLE_PHASE_FAILED,   /* said why it can't start, about to end */
    PINTLE_PHASE_RUNNING,
    PINTLE_PHASE_DRAINING, /* ended, output still being read */
    PINTLE_PHASE_EXITED    /* final; held until acknowledged */
};

struct pintle_connection;

struct pintle_process {
    enum pintle_phase phase;
    bool is_session;
    bool tty;
    bool stdin_once;
    bool ready_to_exec;
    bool input_ends; /* close standard input once what is pending is written */
    pid_t pid;
    int pidfd;
    int32_t exit_code;
    int32_t exit_signal;
    uint64_t oom_kills;
    int64_t started_at;
    int64_t finished_at;
    uint64_t drain_until;
    uint32_t width, height;
    uint32_t uid, gid, group_count;
    uint32_t groups[PINTLE_GROUPS];
    struct pintle_source end, setup, output[2], input;
    size_t input_start, input_length;
    /* Who asked for it; NULL when that connection is gone. */
    struct pintle_connection *requester;
    uint32_t request;
    int32_t failure;
    char failure_stage[32];
    char failure_detail[PINTLE_PATH];
    char id[PINTLE_ID];
    char container[PINTLE_ID];
    char cgroup_procs[PINTLE_PATH];
    char oom_file[PINTLE_PATH];
    /* What the log has not taken, since the disk is full; nothing is read as long as it is there. */
    uint8_t *backlog;
    size_t backlog_start, backlog_length;
    int backlog_stream;
    uint8_t input_bytes[PINTLE_INPUT];
    struct pintle_log log;
};

extern struct pintle_process pintle_processes[PINTLE_INFRA_MAX_PROCESSES];
extern int pintle_process_limit; /* how many entries are to be looked at */

/* NULL when there is none. Failed ones are found too. */
struct pintle_process *pintle_process_find(const char *id);
/* A zeroed entry with its sources set up, or NULL when the table is full. */
struct pintle_process *pintle_process_allocate(void);
void pintle_process_free(struct pintle_process *process);
/* Its pidfd is readable: reap it. */
void pintle_process_ended(struct pintle_process *process);
/* Goes from draining to exited when nothing is left to read or the time is over. */
void pintle_process_try_finish(struct pintle_process *process);
int pintle_process_signal(struct pintle_process *process, int number, bool whole_cgroup);
/* When the next process must be looked at, in monotonic nanoseconds; UINT64_MAX never. Does what is due. */
uint64_t pintle_process_timers(void);
bool pintle_process_any_alive(void);

/* ---- start.c ---- */

struct pintle_packet;
void pintle_start(struct pintle_connection *connection, struct pintle_packet *packet,
                  bool is_session);
/* The new process said something on its setup socket. */
void pintle_start_heard(struct pintle_process *process);

/* ---- child.c: runs in the new process ---- */

struct pintle_child {
    int setup; /* socket to the infra process; closed by exec */
    int spec;
    int streams[3]; /* -1: /dev/null, or the terminal */
    int target;     /* for a session: pidfd of the container; else -1 */
    bool tty;
    uint32_t width, height;
};

_Noreturn void pintle_child_run(const struct pintle_child *child);

/* What a new process tells the infra process. */
enum {
    PINTLE_SETUP_FAILED = 1,
    PINTLE_SETUP_TERMINAL = 2,
    PINTLE_SETUP_IDENTITY = 3,
    PINTLE_SETUP_READY = 4
};

struct pintle_setup_message {
    uint32_t kind;
    int32_t error;
    uint32_t uid, gid, group_count;
    uint32_t groups[PINTLE_GROUPS];
    char stage[32];
    char detail[PINTLE_PATH];
};

/* ---- stream.c ---- */

enum { PINTLE_CHUNK = 65536 }; /* the most that is read from a container at once */

void pintle_stream_readable(struct pintle_process *process, struct pintle_source *source);
void pintle_stream_input_writable(struct pintle_process *process);
/* Reads what is there without waiting. Returns true when every stream has ended. */
bool pintle_stream_drain(struct pintle_process *process);
/* Brings what the log did not take again, and drops it for good when `last`. */
void pintle_stream_retry(struct pintle_process *process, bool last);
/* Tells hosts when the log stopped or went on. */
void pintle_stream_tell(struct pintle_process *process);
/* When memory for busy logs is given back; does it when it is due. */
uint64_t pintle_stream_timers(void);
/* Watches or leaves alone the output, depending on clients that hold data. */
void pintle_stream_update(struct pintle_process *process);

/* ---- client.c ---- */

struct pintle_client {
    bool used;
    bool reading; /* in the middle of reading a file */
    struct pintle_process *process;
    struct pintle_source in, out, err;
    uint8_t *buffer; /* holds what a slow client has not taken; mapped while it is needed */
    size_t start, length;
    struct pintle_source *waiting; /* out or err: where the buffer goes */
    uint64_t stuck_at;
    char session[PINTLE_ID];
};

extern struct pintle_client pintle_clients[PINTLE_INFRA_MAX_CLIENTS];

/* Takes the descriptors (-1 = none), also when it fails. Returns 0 or an errno. */
int pintle_client_add(struct pintle_process *process, const char *session, int in, int out,
                      int err);
struct pintle_client *pintle_client_find(const char *session);
void pintle_client_drop(struct pintle_client *client);
void pintle_client_drop_all(struct pintle_process *process);
void pintle_client_readable(struct pintle_client *client);
void pintle_client_writable(struct pintle_client *client, struct pintle_source *source,
                            uint32_t events);
/* Gives output to every client of a process. */
void pintle_client_fan_out(struct pintle_process *process, int stream, const uint8_t *data,
                           size_t length);
/* Whether some client of it has data that it has not taken. */
bool pintle_client_any_waiting(const struct pintle_process *process);
/* Reads clients' input again after a pause. */
void pintle_client_resume_input(struct pintle_process *process);
uint64_t pintle_client_timers(void);

/* ---- control.c ---- */

struct pintle_connection {
    struct pintle_source source;
    bool greeted;
    uint32_t minor; /* the version of the protocol that both sides know */
    bool lagging;   /* an event did not fit: tell all exits again when it is writable */
};

struct pintle_packet {
    struct pintle_infra_header header;
    struct pintle_reader fields;
    int descriptors[PINTLE_INFRA_MAX_DESCRIPTORS];
    uint8_t roles[PINTLE_INFRA_MAX_DESCRIPTORS];
    size_t descriptor_count;
};

/* The descriptor with this role, now the caller's, or -1. */
int pintle_packet_take(struct pintle_packet *packet, uint8_t role);
bool pintle_control_init(void);
/* The connection at PINTLE_INFRA_FD_CONTROL: greeting and configuration, before anything else. */
bool pintle_control_first(void);
bool pintle_control_listen(void);
void pintle_control_accept(void);
void pintle_control_heard(struct pintle_connection *connection, uint32_t events);
void pintle_reply(struct pintle_connection *connection, uint32_t request, int32_t status,
                  const char *stage, const char *detail);
/* The answer to START or EXEC once the program runs. */
void pintle_reply_started(struct pintle_process *process);
void pintle_event_exited(struct pintle_process *process);
/* The log stopped or went on. */
void pintle_event_log(struct pintle_process *process);
void pintle_event_detached(const char *session);
/* Answers a shutdown when nothing runs any more. Returns true when the infra process should end. */
bool pintle_control_shut_down(void);
bool pintle_control_shutting_down(void);

/* ---- pod.c ---- */

struct pintle_pod {
    int host_mounts; /* the host's mount namespace */
    int pod_mounts; /* the pod's: a root with /root, /empty, /null and /shm, where containers' mounts begin */
    int own_pids;    /* the infra process' PID namespace */
    int shared_pids; /* the pod's, or -1 */
    int shared_init; /* pidfd of its init, or -1 */
    int users;       /* the pod's user namespace, or -1; the infra process is never in it */
    bool has_shm;
};

extern struct pintle_pod pintle_pod;

struct pintle_pod_settings {
    uint64_t shm_bytes;
    uint32_t flags;
    const char *hostname;
};

/* Each returns 0 or an errno and names the step in `stage`. */
int pintle_pod_prepare(const struct pintle_pod_settings *settings, const char **stage);
int pintle_pod_sysctl(const char *assignment);
/* Goes on as a copy born in this cgroup v2 directory: moving a process there waits for RCU, milliseconds. */
int pintle_pod_enter_cgroup(const char *directory);
/* Ends what the pod's shared PID namespace holds. */
void pintle_pod_end(void);
int pintle_write_file(const char *path, const char *text);

#endif
