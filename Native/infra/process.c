/* The table of processes: containers and exec sessions, from their clone until their end is acknowledged. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "infra.h"

struct pintle_process pintle_processes[PINTLE_INFRA_MAX_PROCESSES];

/* Entries at and after this one were never used: their memory is not even touched. */
int pintle_process_limit;

/* How long output may still come after the end: from processes that left the container's first process behind, and
 * when a slow client is still taking it. */
static const uint64_t drain_time = 2000000000u;
static const uint64_t slow_drain_time = 10000000000u;

struct pintle_process *pintle_process_find(const char *id) {
    for (int index = 0; index < pintle_process_limit; index++) {
        struct pintle_process *process = &pintle_processes[index];
        if (process->phase != PINTLE_PHASE_FREE && strcmp(process->id, id) == 0)
            return process;
    }
    return NULL;
}

struct pintle_process *pintle_process_allocate(void) {
    for (int index = 0; index < PINTLE_INFRA_MAX_PROCESSES; index++) {
        struct pintle_process *process = &pintle_processes[index];
        if (process->phase != PINTLE_PHASE_FREE)
            continue;
        if (index >= pintle_process_limit)
            pintle_process_limit = index + 1;
        memset(process, 0, offsetof(struct pintle_process, input_bytes));
        memset(&process->log, 0, offsetof(struct pintle_log, held));
        process->phase = PINTLE_PHASE_STARTING;
        process->pidfd = -1;
        process->log.fd = -1;
        pintle_source_init(&process->end, PINTLE_SOURCE_END, process, -1);
        pintle_source_init(&process->setup, PINTLE_SOURCE_SETUP, process, -1);
        pintle_source_init(&process->output[0], PINTLE_SOURCE_OUTPUT, process, -1);
        pintle_source_init(&process->output[1], PINTLE_SOURCE_OUTPUT, process, -1);
        pintle_source_init(&process->input, PINTLE_SOURCE_INPUT, process, -1);
        return process;
    }
    return NULL;
}

static void close_all(struct pintle_process *process) {
    if (process->backlog != NULL || process->log.held_length[0] + process->log.held_length[1] > 0)
        pintle_stream_retry(process, true);
    pintle_client_drop_all(process);
    pintle_source_close(&process->end);
    pintle_source_close(&process->setup);
    pintle_source_close(&process->output[0]);
    pintle_source_close(&process->output[1]);
    pintle_source_close(&process->input);
    pintle_log_close(&process->log);
    process->pidfd = -1;
}

void pintle_process_free(struct pintle_process *process) {
    close_all(process);
    process->phase = PINTLE_PHASE_FREE;
}

static uint64_t read_oom_kills(const char *path) {
    char text[1024];
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return 0;
    ssize_t count = read(file, text, sizeof text - 1);
    close(file);
    if (count <= 0)
        return 0;
    text[count] = 0;
    const char *line = strstr(text, "oom_kill ");
    return line == NULL ? 0 : strtoull(line + 9, NULL, 10);
}

/* One look at a cgroup's processes. Returns how many it signalled. */
static int signal_listed(const char *path, int number) {
    char text[4096];
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return 0;
    int signalled = 0;
    size_t kept = 0;
    for (;;) {
        ssize_t count = read(file, text + kept, sizeof text - 1 - kept);
        if (count <= 0)
            break;
        size_t length = kept + (size_t)count;
        text[length] = 0;
        char *line = text;
        for (char *end = strchr(line, '\n'); end != NULL; end = strchr(line, '\n')) {
            int pid = atoi(line);
            if (pid > 1 && kill(pid, number) == 0)
                signalled++;
            line = end + 1;
        }
        kept = length - (size_t)(line - text);
        memmove(text, line, kept);
    }
    close(file);
    return signalled;
}

/* New processes may appear while the list is read, so it is read until it stays empty, but not for ever. */
static void kill_cgroup(const char *path) {
    if (path[0] == 0)
        return;
    for (int round = 0; round < 20 && signal_listed(path, SIGKILL) > 0; round++)
        usleep(500);
}

int pintle_process_signal(struct pintle_process *process, int number, bool whole_cgroup) {
    if (process->phase == PINTLE_PHASE_EXITED || process->phase == PINTLE_PHASE_DRAINING)
        return 0;
    if (whole_cgroup && process->cgroup_procs[0] != 0) {
        signal_listed(process->cgroup_procs, number);
        return 0;
    }
    return pintle_pidfd_signal(process->pidfd, number) == 0 || errno == ESRCH ? 0 : errno;
}

static void record_end(struct pintle_process *process, const siginfo_t *info) {
    process->finished_at = pintle_now_real();
    if (info->si_code == CLD_EXITED) {
        process->exit_code = info->si_status & 255;
    } else {
        process->exit_signal = info->si_status;
        process->exit_code = 128 + info->si_status;
    }
    if (process->oom_file[0] != 0)
        process->oom_kills = read_oom_kills(process->oom_file);
}

/* It never ran its program: tell whoever asked, and forget it. */
static void report_failure(struct pintle_process *process) {
    const char *stage = process->failure_stage[0] ? process->failure_stage : "setup";
    int32_t status = process->failure ? process->failure : EIO;
    if (process->requester != NULL) {
        pintle_reply(process->requester, process->request, status, stage, process->failure_detail);
    }
    pintle_process_free(process);
}

void pintle_process_ended(struct pintle_process *process) {
    siginfo_t info = {0};
    if (waitid(PINTLE_WAIT_PIDFD, (id_t)process->pidfd, &info,
               WEXITED | WNOHANG | PINTLE_WAIT_ALL) != 0 &&
        errno != ECHILD)
        return;
    if (info.si_pid == 0 && errno != ECHILD)
        return;
    /* What it said last may still be waiting. */
    if (process->setup.fd >= 0)
        pintle_start_heard(process);
    record_end(process, &info);
    pintle_source_close(&process->end);
    process->pidfd = -1;
    if (!process->is_session)
        kill_cgroup(process->cgroup_procs);
    if (process->phase != PINTLE_PHASE_RUNNING) {
        report_failure(process);
        return;
    }
    process->phase = PINTLE_PHASE_DRAINING;
    bool slow = pintle_client_any_waiting(process) || process->log.error != 0;
    process->drain_until = pintle_now_monotonic() + (slow ? slow_drain_time : drain_time);
    pintle_stream_drain(process);
    pintle_process_try_finish(process);
}

static bool drained(const struct pintle_process *process) {
    if (pintle_client_any_waiting(process) || process->backlog != NULL)
        return false;
    for (int stream = 0; stream < 2; stream++) {
        if (process->output[stream].fd < 0 &&
            (process->log.partial[stream] || process->log.held_length[stream] > 0))
            return false;
    }
    /* A session's output has been read as far as there was any: whatever it left running is not waited for. */
    return process->is_session || (process->output[0].fd < 0 && process->output[1].fd < 0);
}

void pintle_process_try_finish(struct pintle_process *process) {
    if (process->phase != PINTLE_PHASE_DRAINING)
        return;
    if (!drained(process) && pintle_now_monotonic() < process->drain_until)
        return;
    for (int stream = 0; stream < 2; stream++)
        pintle_log_finish(&process->log, stream);
    close_all(process);
    process->phase = PINTLE_PHASE_EXITED;
    pintle_event_exited(process);
    if (process->is_session && process->requester == NULL)
        pintle_process_free(process);
}

/* What a running process' log waits for: room on the disk, or the end of a line. */
static uint64_t log_timer(struct pintle_process *process, uint64_t now) {
    struct pintle_log *log = &process->log;
    bool ending = process->phase == PINTLE_PHASE_DRAINING && log->error != 0;
    if (process->backlog == NULL && !ending) {
        uint64_t due = pintle_log_timer(log, now);
        pintle_stream_tell(process);
        return due;
    }
    if (log->retry_at > now)
        return log->retry_at;
    pintle_stream_retry(process, false);
    pintle_stream_update(process);
    return log->error == 0 ? UINT64_MAX : log->retry_at;
}

uint64_t pintle_process_timers(void) {
    uint64_t due = UINT64_MAX;
    uint64_t now = pintle_now_monotonic();
    for (int index = 0; index < pintle_process_limit; index++) {
        struct pintle_process *process = &pintle_processes[index];
        if (process->phase != PINTLE_PHASE_DRAINING && process->phase != PINTLE_PHASE_RUNNING)
            continue;
        uint64_t log_due = log_timer(process, now);
        if (log_due < due)
            due = log_due;
        if (process->phase != PINTLE_PHASE_DRAINING)
            continue;
        pintle_process_try_finish(process);
        if (process->phase == PINTLE_PHASE_DRAINING && process->drain_until < due)
            due = process->drain_until;
    }
    return due;
}

bool pintle_process_any_alive(void) {
    for (int index = 0; index < pintle_process_limit; index++) {
        enum pintle_phase phase = pintle_processes[index].phase;
        if (phase != PINTLE_PHASE_FREE && phase != PINTLE_PHASE_EXITED)
            return true;
    }
    return false;
}
