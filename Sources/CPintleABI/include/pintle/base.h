/**
 * What every Pintle driver and host share: views, calls, statuses.
 *
 * Everything here is frozen for the life of major version 1. A struct with a `size` may grow at its end; the reader
 * copies min(size, its own size) into zeroed memory, so a field it was not given reads as zero, and zero always means
 * "as before this field existed". The promises both sides give are numbered in specs/abi/promises.md.
 */
#ifndef PINTLE_BASE_H
#define PINTLE_BASE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Names an instance of an interface. 0 names nothing. A stale one answers PINTLE_NOT_FOUND. */
typedef uint64_t pintle_handle;

/** A descriptor number. 0 means none: descriptor 0 is the host's and never crosses. */
typedef int32_t pintle_fd;

/** 0 or 1. */
typedef int32_t pintle_flag;

/**
 * A view of bytes or of UTF-8 text. Not NUL-terminated. `data` may be null only if `count` is 0.
 *
 * Memory: borrowed until the call (or the sink's `put`) it came with returns. Keep it: copy it. Frozen for ever.
 */
typedef struct pintle_bytes {
    const uint8_t *data;
    uint64_t count; /* bytes */
} pintle_bytes;

/**
 * A view of `count` elements that lie `stride` bytes apart, so that elements may grow. Each element that is a struct
 * starts with its own `size`.
 *
 * Memory: as pintle_bytes. Frozen for ever.
 */
typedef struct pintle_array {
    const void *data;
    uint64_t count;  /* elements */
    uint64_t stride; /* bytes from one element to the next */
} pintle_array;

/** One entry of a map of text to text. */
typedef struct pintle_pair {
    uint32_t size;
    uint32_t reserved0; /* zero */
    pintle_bytes key;
    pintle_bytes value;
} pintle_pair;

/** What an operation returns. Codes outside this list count as PINTLE_INTERNAL. */
typedef int32_t pintle_status;
#define PINTLE_OK 0
#define PINTLE_NOT_FOUND 1      /* the object does not exist */
#define PINTLE_ALREADY_EXISTS 2 /* the id is taken by something else */
#define PINTLE_CONFLICT 3       /* the object's state forbids it; retrying alone will not help */
#define PINTLE_INVALID 4        /* the request is wrong */
#define PINTLE_UNSUPPORTED 5    /* the driver does not do this */
#define PINTLE_DEADLINE 6       /* the call's deadline has passed */
#define PINTLE_CANCELLED 7      /* the call was cancelled */
#define PINTLE_BUSY_RETRY 8     /* try again, after `retry_after_ns` if given */
#define PINTLE_RESOURCE 9       /* memory, addresses, space or descriptors are used up */
#define PINTLE_PERMISSION 10    /* not allowed */
#define PINTLE_UNAVAILABLE 11   /* something that is needed does not answer */
#define PINTLE_INTERNAL 12      /* a fault of the driver itself */

/** Why a call failed, for `pintle_call.fail`. */
typedef struct pintle_failure {
    uint32_t size;
    int32_t code;            /* as returned afterwards */
    pintle_bytes reason;     /* one CamelCase word for machines, such as "LinkNotFound" */
    pintle_bytes message;    /* a sentence for the operator */
    int32_t os_error;        /* errno of the system call that failed; 0 when there was none */
    int32_t reserved0;       /* zero */
    uint64_t retry_after_ns; /* when a retry makes sense; 0 means unknown */
} pintle_failure;

/**
 * One call. The host makes it and owns it; it is valid until the operation returns.
 *
 * Threads: only the thread that runs the operation, and threads that it waits for.
 */
typedef struct pintle_call pintle_call;
struct pintle_call {
    uint32_t size;
    uint32_t operation;   /* the operation's number in its interface */
    uint64_t deadline_ns; /* CLOCK_MONOTONIC; 0 means none */
    uint64_t trace_high;  /* the trace id, 0 means none */
    uint64_t trace_low;
    void *context; /* the host's; opaque to the driver */
    /** 1 as soon as the call is cancelled or its deadline has passed. Cheap: poll it in loops. */
    int32_t (*is_cancelled)(pintle_call *call);
    /** A descriptor that becomes readable when the call is cancelled or late. Borrowed; 0 when none could be made. */
    pintle_fd (*cancel_fd)(pintle_call *call);
    /** Says why the call is about to fail. Copied at once; the last one counts. */
    void (*fail)(pintle_call *call, const pintle_failure *failure);
};

/** A request or a result without fields. */
typedef struct pintle_nothing {
    uint32_t size;
    uint32_t reserved0; /* zero */
} pintle_nothing;

/** Where an operation without result would put one. Never called; it gives every operation one signature. */
typedef struct pintle_nothing_sink {
    uint32_t size;
    uint32_t reserved0; /* zero */
    void *context;
    int32_t (*put)(void *context, const pintle_nothing *item);
} pintle_nothing_sink;

#ifdef __cplusplus
}
#endif

#endif
