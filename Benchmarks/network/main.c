#define _GNU_SOURCE

#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

double bench_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static double used(int who) {
    struct rusage usage;
    getrusage(who, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
}

double bench_cpu(void) { return used(RUSAGE_SELF) + used(RUSAGE_CHILDREN); }

static int compare(const void *left, const void *right) {
    const double difference = *(const double *)left - *(const double *)right;
    return difference < 0 ? -1 : difference > 0;
}

void bench_row(const char *name, double *samples, int count, double cpu) {
    qsort(samples, (size_t)count, sizeof *samples, compare);
    printf("%-58s %8.2f %8.2f %8.2f\n", name, samples[count / 2], samples[count * 99 / 100],
           cpu / count);
    fflush(stdout);
}

void bench_fail(const char *what, const char *why) {
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

/* The calling thread goes into the new namespace and back: this program has one thread. */
int bench_namespace(void) {
    const int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    if (home < 0 || unshare(CLONE_NEWNET) != 0) {
        bench_fail("new network namespace", strerror(errno));
    }
    const int result = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    if (result < 0 || setns(home, CLONE_NEWNET) != 0) {
        bench_fail("network namespace", strerror(errno));
    }
    close(home);
    return result;
}

void bench_settle(void) { sleep(3); }

int main(int count, char **arguments) {
    if (count != 4) {
        bench_fail("usage", "network DRIVER.so COUNT DIRECTORY");
    }
    if (unshare(CLONE_NEWNET) != 0) {
        bench_fail("a network namespace of our own (root?)", strerror(errno));
    }
    const int rounds = atoi(arguments[2]);
    if (rounds < 10 || rounds > 200) {
        bench_fail("COUNT", "10 to 200");
    }
    printf("%-58s %8s %8s %8s\n", "milliseconds, one at a time", "p50", "p99", "CPU");
    bench_driver(arguments[1], rounds);
    bench_cni(rounds < 30 ? rounds : 30, arguments[3]);
    return 0;
}
