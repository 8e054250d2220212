/* Starts the infra process of a pod. Its creator is Sources/CPintleSystem/pintle_spawn.c. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "infra.h"

/* Signals of terminals and of shutdowns that are meant for others: only SIGKILL ends a pod from outside. */
static void ignore_signals(void) {
    static const int ignored[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM, SIGTSTP,
                                  SIGTTIN, SIGTTOU, SIGPIPE, SIGUSR1, SIGUSR2};
    for (size_t index = 0; index < sizeof ignored / sizeof *ignored; index++)
        signal(ignored[index], SIG_IGN);
}

static bool is_socket(int fd) {
    int type = 0;
    socklen_t size = sizeof type;
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET;
}

int main(void) {
    if (!is_socket(PINTLE_INFRA_FD_CONTROL)) {
        fputs("pintle-infra holds a pod's namespaces; pintle starts it, there is no other use for "
              "it\n",
              stderr);
        return 2;
    }
    setsid();
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    ignore_signals();
    umask(0022);
    if (chdir("/") != 0 || !pintle_loop_init() || !pintle_control_init() || !pintle_control_first())
        return 1;
    close(PINTLE_INFRA_FD_DIRECTORY);
    /* A session keyring of the pod's own instead of the one of whoever started the host. */
    syscall(SYS_keyctl, 1, NULL);
    int status = pintle_loop_run();
    pintle_pod_end();
    return status;
}
