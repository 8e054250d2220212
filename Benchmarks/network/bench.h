#ifndef BENCH_H
#define BENCH_H

#include <stdint.h>

/** Milliseconds of CLOCK_MONOTONIC. */
double bench_now(void);

/** Prints one row: p50, p99 and the CPU of this process and its children, in milliseconds each. */
void bench_row(const char *name, double *samples, int count, double cpu);

/** CPU milliseconds used so far by this process and the children it has waited for. */
double bench_cpu(void);

/** Says what failed and exits. */
_Noreturn void bench_fail(const char *what, const char *why);

/** A descriptor of a new network namespace; the caller closes it. */
int bench_namespace(void);

/**
 * Waits until the kernel has ended the namespaces that were closed: it holds its link lock for most
 * of that time.
 */
void bench_settle(void);

/** Measures the driver in `path`. */
void bench_driver(const char *path, int count);

/** Measures the CNI plugins, which keep their addresses in `directory`. */
void bench_cni(int count, const char *directory);

#endif
