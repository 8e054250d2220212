#define _GNU_SOURCE

#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PLUGINS "/usr/lib/cni"

/* Runs one CNI plugin as a container runtime does: settings in the environment, configuration
 * and result by pipes. */
static void run(const char *plugin, const char *command, const char *id, int namespace,
                const char *config, char *answer, size_t size) {
    char path[64];
    char netns[64];
    int in[2];
    int out[2];
    snprintf(path, sizeof path, PLUGINS "/%s", plugin);
    snprintf(netns, sizeof netns, "/proc/%d/fd/%d", (int)getpid(), namespace);
    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0) {
        bench_fail("pipe", strerror(errno));
    }
    const pid_t child = vfork();
    if (child == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        setenv("CNI_COMMAND", command, 1);
        setenv("CNI_CONTAINERID", id, 1);
        setenv("CNI_NETNS", netns, 1);
        setenv("CNI_IFNAME", "eth0", 1);
        setenv("CNI_PATH", PLUGINS, 1);
        execl(path, path, (char *)NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    if (write(in[1], config, strlen(config)) < 0) {
        bench_fail(plugin, strerror(errno));
    }
    close(in[1]);
    size_t used = 0;
    ssize_t got;
    while ((got = read(out[0], answer + used, size - used - 1)) > 0) {
        used += (size_t)got;
    }
    answer[used] = '\0';
    close(out[0]);
    int status = 0;
    if (waitpid(child, &status, 0) != child || status != 0) {
        bench_fail(plugin, answer);
    }
}

static void bridge_config(char *config, size_t size, const char *directory, int masquerade) {
    snprintf(
        config, size,
        "{\"cniVersion\":\"1.0.0\",\"name\":\"bench\",\"type\":\"bridge\",\"bridge\":\"cni0\","
        "\"isGateway\":true,"
        "\"hairpinMode\":true,\"ipMasq\":%s,\"ipam\":{\"type\":\"host-local\",\"dataDir\":\"%s\","
        "\"ranges\":[[{\"subnet\":\"10.99.0.0/16\"}]],\"routes\":[{\"dst\":\"0.0.0.0/0\"}]}}",
        masquerade ? "true" : "false", directory);
}

static void portmap_config(char *config, size_t size, int port, const char *previous) {
    snprintf(config, size,
             "{\"cniVersion\":\"1.0.0\",\"name\":\"bench\",\"type\":\"portmap\",\"snat\":true,"
             "\"runtimeConfig\":"
             "{\"portMappings\":[{\"hostPort\":%d,\"containerPort\":80,\"protocol\":\"tcp\"}]},"
             "\"prevResult\":%s}",
             port, previous);
}

static void measure(const char *name, int count, const char *directory, int masquerade, int ports) {
    double attached[200];
    double detached[200];
    int namespaces[200];
    static char previous[200][8192];
    char config[1024];
    char chained[16384];
    char answer[8192];
    char row[96];
    bridge_config(config, sizeof config, directory, masquerade);
    for (int round = 0; round < count; round++) {
        namespaces[round] = bench_namespace();
    }
    double cpu = bench_cpu();
    for (int round = 0; round < count; round++) {
        char id[16];
        snprintf(id, sizeof id, "c%d", round);
        const double start = bench_now();
        run("bridge", "ADD", id, namespaces[round], config, previous[round],
            sizeof previous[round]);
        if (ports) {
            portmap_config(chained, sizeof chained, 20000 + round, previous[round]);
            run("portmap", "ADD", id, namespaces[round], chained, answer, sizeof answer);
        }
        attached[round] = bench_now() - start;
    }
    cpu = bench_cpu() - cpu;
    snprintf(row, sizeof row, "%s: ADD", name);
    bench_row(row, attached, count, cpu);
    cpu = bench_cpu();
    for (int round = 0; round < count; round++) {
        char id[16];
        snprintf(id, sizeof id, "c%d", round);
        const double start = bench_now();
        if (ports) {
            portmap_config(chained, sizeof chained, 20000 + round, previous[round]);
            run("portmap", "DEL", id, namespaces[round], chained, answer, sizeof answer);
        }
        run("bridge", "DEL", id, namespaces[round], config, answer, sizeof answer);
        detached[round] = bench_now() - start;
    }
    cpu = bench_cpu() - cpu;
    snprintf(row, sizeof row, "%s: DEL", name);
    bench_row(row, detached, count, cpu);
    for (int round = 0; round < count; round++) {
        close(namespaces[round]);
    }
    bench_settle();
}

void bench_cni(int count, const char *directory) {
    if (access(PLUGINS "/bridge", X_OK) != 0) {
        bench_fail(PLUGINS "/bridge", "is missing: apt install containernetworking-plugins");
    }
    measure("CNI bridge, host-local", count, directory, 0, 0);
    measure("CNI bridge, host-local, ipMasq", count, directory, 1, 0);
    measure("CNI bridge, host-local, ipMasq, portmap", count, directory, 1, 1);
}
