/* What all containers of a pod share. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "infra.h"

struct pintle_pod pintle_pod = {-1, -1, -1, -1, -1, -1, false};

int pintle_write_file(const char *path, const char *text) {
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0)
        return -1;
    size_t length = strlen(text);
    ssize_t written = write(file, text, length);
    int error = errno;
    close(file);
    errno = error;
    return written == (ssize_t)length ? 0 : -1;
}

int pintle_pod_enter_cgroup(const char *directory) {
    int cgroup = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (cgroup < 0)
        return -1;
    pid_t pid = pintle_clone(CLONE_PARENT, NULL, cgroup);
    if (pid > 0)
        _exit(0);
    close(cgroup);
    if (pid == 0)
        setsid();
    return pid < 0 ? -1 : 0;
}

static int loopback_up(void) {
    struct ifreq request = {.ifr_name = "lo"};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    int error = ioctl(fd, SIOCGIFFLAGS, &request) == 0 ? 0 : errno;
    request.ifr_flags |= IFF_UP | IFF_RUNNING;
    if (error == 0 && ioctl(fd, SIOCSIFFLAGS, &request) != 0)
        error = errno;
    close(fd);
    return error;
}

static int fill_root(const struct pintle_pod_settings *settings) {
    if (mkdir("/root", 0755) != 0 || mkdir("/empty", 0555) != 0 || mkdir("/shm", 0755) != 0)
        return errno;
    if (mknod("/null", S_IFCHR | 0666, makedev(1, 3)) != 0)
        return errno;
    if (settings->shm_bytes == 0)
        return 0;
    char options[64];
    snprintf(options, sizeof options, "mode=1777,size=%llu",
             (unsigned long long)settings->shm_bytes);
    if (pintle_mount("shm", "/shm", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, options) != 0)
        return errno;
    pintle_pod.has_shm = true;
    return 0;
}

/*
 * The creator made a mount namespace for us. It becomes the place where containers' mount namespaces are copied from:
 * with two mounts in it instead of all of the host's, and nothing of the host to be held or seen. We ourselves go
 * back to the host's, where logs and cgroups are.
 */
static int prepare_mounts(const struct pintle_pod_settings *settings) {
    pintle_pod.host_mounts = PINTLE_INFRA_FD_MOUNTS;
    if (pintle_mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        return errno;
    pintle_pod.pod_mounts = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
    if (pintle_pod.pod_mounts < 0)
        return errno;
    /* The descriptor belongs to the host's mounts; its path leads to the same place in ours. */
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", PINTLE_INFRA_FD_DIRECTORY);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0)
        return errno;
    path[length] = 0;
    if (pintle_mount("pod", path, "tmpfs", MS_NOSUID | MS_NOEXEC,
                     "mode=755,size=64k,nr_inodes=16") != 0)
        return errno;
    if (chdir(path) != 0 || pintle_pivot_root(".", ".") != 0 ||
        pintle_unmount(".", PINTLE_UNMOUNT_DETACH) != 0)
        return errno;
    if (chdir("/") != 0)
        return errno;
    int error = fill_root(settings);
    if (pintle_setns(pintle_pod.host_mounts, CLONE_NEWNS) != 0)
        return errno;
    return error;
}

/* Reaps by ignoring SIGCHLD, and holds nothing: no capabilities, no descriptors, the pod's empty root. */
static _Noreturn void run_shared_init(void) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NAME, "pintle-pause");
    signal(SIGCHLD, SIG_IGN);
    if (pintle_setns(pintle_pod.pod_mounts, CLONE_NEWNS) != 0)
        _exit(1);
    pintle_close_range(0, ~0u, 0);
    for (int capability = 0; capability < 64; capability++)
        prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
    pintle_capabilities_clear();
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    for (;;)
        pause();
}

static int prepare_shared_pids(void) {
    pid_t pid = pintle_clone(CLONE_NEWPID, &pintle_pod.shared_init, -1);
    if (pid < 0)
        return errno;
    if (pid == 0)
        run_shared_init();
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/ns/pid", (int)pid);
    pintle_pod.shared_pids = open(path, O_RDONLY | O_CLOEXEC);
    return pintle_pod.shared_pids < 0 ? errno : 0;
}

int pintle_pod_prepare(const struct pintle_pod_settings *settings, const char **stage) {
    int error = 0;
    *stage = "user namespace";
    if (settings->flags & PINTLE_INFRA_FLAG_USERS) {
        pintle_pod.users = PINTLE_INFRA_FD_USERS;
        if (fcntl(pintle_pod.users, F_SETFD, FD_CLOEXEC) != 0)
            return errno;
    }
    *stage = "mounts";
    if ((error = prepare_mounts(settings)) != 0)
        return error;
    *stage = "loopback";
    if (settings->flags & PINTLE_INFRA_FLAG_LOOPBACK && (error = loopback_up()) != 0)
        return error;
    *stage = "hostname";
    if (settings->hostname != NULL &&
        sethostname(settings->hostname, strlen(settings->hostname)) != 0)
        return errno;
    *stage = "pid namespace";
    pintle_pod.own_pids = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
    if (pintle_pod.own_pids < 0)
        return errno;
    if (settings->flags & PINTLE_INFRA_FLAG_SHARED_PID)
        error = prepare_shared_pids();
    return error;
}

void pintle_pod_end(void) {
    if (pintle_pod.shared_init < 0)
        return;
    pintle_pidfd_signal(pintle_pod.shared_init, SIGKILL);
    waitid(PINTLE_WAIT_PIDFD, (id_t)pintle_pod.shared_init, &(siginfo_t){0}, WEXITED);
}

/* As root of the pod's users, who owns the parameter: ids in its value are those of the pod then. */
static int write_as_pod(const char *path, const char *value) {
    int status;
    pid_t pid = pintle_clone(0, NULL, -1);
    if (pid < 0)
        return errno;
    if (pid == 0) {
        if (pintle_setns(pintle_pod.users, CLONE_NEWUSER) != 0 || setresgid(0, 0, 0) != 0 ||
            setresuid(0, 0, 0) != 0 || pintle_write_file(path, value) != 0)
            _exit(errno & 0xff);
        _exit(0);
    }
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR)
            return errno;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
}

int pintle_pod_sysctl(const char *assignment) {
    char path[512] = "/proc/sys/";
    size_t used = strlen(path);
    const char *equals = strchr(assignment, '=');
    if (equals == NULL || (size_t)(equals - assignment) >= sizeof path - used)
        return EINVAL;
    memcpy(path + used, assignment, (size_t)(equals - assignment));
    path[used + (size_t)(equals - assignment)] = 0;
    if (strstr(path, "..") != NULL)
        return EINVAL;
    if (pintle_pod.users >= 0)
        return write_as_pod(path, equals + 1);
    return pintle_write_file(path, equals + 1) == 0 ? 0 : errno;
}
