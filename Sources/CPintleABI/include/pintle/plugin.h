/**
 * How a driver is found, negotiated and opened, and what the host offers it.
 *
 * A driver exports one function, pintle_plugin_entry_1, and nothing else.
 */
#ifndef PINTLE_PLUGIN_H
#define PINTLE_PLUGIN_H

#include <pintle/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The version of the ABI that these headers describe. */
#define PINTLE_ABI_MAJOR 1
#define PINTLE_ABI_MINOR 0

/** The versions of major 1 that the host speaks, both ends included. */
typedef struct pintle_range {
    uint32_t size;
    uint32_t min_minor;
    uint32_t max_minor;
    uint32_t reserved0; /* zero */
} pintle_range;

/**
 * Why a driver refuses a host. The host provides it zeroed but for `size`; the driver fills it in.
 *
 * Memory: the views point to constants of the driver.
 */
typedef struct pintle_refusal {
    uint32_t size;
    uint32_t reserved0;    /* zero */
    pintle_bytes field;    /* what did not fit, such as "max_minor" */
    pintle_bytes expected; /* what would have */
    pintle_bytes found;    /* what was given */
} pintle_refusal;

/** How urgent a line of the log is. */
typedef int32_t pintle_log_level;
#define PINTLE_LOG_TRACE 0
#define PINTLE_LOG_DEBUG 1
#define PINTLE_LOG_INFO 2
#define PINTLE_LOG_WARNING 3
#define PINTLE_LOG_ERROR 4

/** An entry of the host's ledger. */
typedef struct pintle_ledger_entry {
    uint32_t size;
    uint32_t reserved0; /* zero */
    pintle_bytes kind;  /* a word of the driver's, such as "address" */
    pintle_bytes key;   /* unique within its kind */
    pintle_bytes owner; /* the id of the object it belongs to */
} pintle_ledger_entry;

/** Where ledger_list puts entries; views are borrowed during `put`, non-zero means stop. */
typedef struct pintle_ledger_entry_sink {
    uint32_t size;
    uint32_t reserved0; /* zero */
    void *context;
    int32_t (*put)(void *context, const pintle_ledger_entry *item);
} pintle_ledger_entry_sink;

/**
 * What the host offers an instance. Valid from open until the instance is closed.
 *
 * Threads: [any] for every function. None of them calls back into the driver, but for sinks.
 */
typedef struct pintle_host pintle_host;
struct pintle_host {
    uint32_t size;
    uint32_t abi_minor; /* the minor version that was agreed on */
    void *context;      /* the host's; opaque to the driver */
    /** Writes a line to the node's log, marked with the driver's id. [quick] */
    void (*log)(const pintle_host *host, pintle_log_level level, pintle_bytes message);
    /** CLOCK_MONOTONIC in nanoseconds; a test harness may run it faster. [quick] */
    uint64_t (*now)(const pintle_host *host);
    /** A directory that is the driver's own and survives restarts. Borrowed; 0 when there is none. */
    pintle_fd (*state_dir)(const pintle_host *host);
    /** Adds to a counter that the node exports as `pintle_driver_<name>`. [quick] */
    void (*metric)(const pintle_host *host, pintle_bytes name, int64_t add);
    /** Reports an event on the node: CamelCase reason, sentence. [quick] */
    void (*event)(const pintle_host *host, pintle_log_level level, pintle_bytes reason,
                  pintle_bytes message);
    /** 1 when the calling thread may block, 0 when it must not (the thread of a [quick] call). [quick] */
    int32_t (*thread_check)(const pintle_host *host);
    /** The table of a host extension, or null. [quick] */
    const void *(*get_extension)(const pintle_host *host, pintle_bytes id);
    /** Stores an entry. Durable on return. PINTLE_OK; PINTLE_CONFLICT when another owner has the key; PINTLE_RESOURCE. */
    int32_t (*ledger_put)(const pintle_host *host, const pintle_ledger_entry *entry);
    /** Deletes an entry; a missing one is a success. Durable on return. */
    int32_t (*ledger_delete)(const pintle_host *host, pintle_bytes kind, pintle_bytes key);
    /** Puts every entry of one kind, in the order of their keys. */
    int32_t (*ledger_list)(const pintle_host *host, pintle_bytes kind,
                           const pintle_ledger_entry_sink *out);
};

/** An interface that a driver offers. */
typedef struct pintle_interface {
    uint32_t size;
    uint32_t reserved0; /* zero */
    pintle_bytes id;    /* such as "pintle.network/1" */
    const void *table;  /* pintle_network and so on: starts with its `size` */
} pintle_interface;

/** What an instance is opened with. */
typedef struct pintle_open_request {
    uint32_t size;
    uint32_t reserved0;        /* zero */
    pintle_bytes interface_id; /* one of the descriptor's interfaces */
    pintle_bytes config; /* JSON, valid against the manifest's config_schema, defaults filled in */
    pintle_bytes instance_id; /* 8 hexadecimal digits that names of kernel objects carry */
    const pintle_host *host;  /* valid until the instance is closed */
} pintle_open_request;

/** An open instance. */
typedef struct pintle_open_result {
    uint32_t size;
    uint32_t reserved0; /* zero */
    pintle_handle instance;
    pintle_array capabilities; /* of pintle_bytes: what this kernel and configuration allow */
} pintle_open_result;

/** Where `open` puts its result. */
typedef struct pintle_open_result_sink {
    uint32_t size;
    uint32_t reserved0; /* zero */
    void *context;
    int32_t (*put)(void *context, const pintle_open_result *item);
} pintle_open_result_sink;

/** What a driver is: constant data that the entry function returns. */
typedef struct pintle_plugin {
    uint32_t size;
    uint32_t abi_minor;      /* the version the driver picked from the host's range */
    pintle_bytes id;         /* the manifest's id */
    pintle_bytes version;    /* the manifest's version */
    pintle_array interfaces; /* of pintle_interface */
    /** Opens an instance. This is where work starts. Threads: [instance-serial] [may-block]. */
    int32_t (*open)(pintle_call *call, const pintle_open_request *request,
                    const pintle_open_result_sink *out);
    /** Closes an instance. Objects that it made stay. Threads: [instance-serial] [may-block], no call is running. */
    int32_t (*close)(pintle_handle self, pintle_call *call);
} pintle_plugin;

/**
 * The one function that a driver exports. It only answers: no allocation, no I/O, no locks.
 *
 * Threads: [any], any number of times.
 * @param host     the versions the host speaks
 * @param refusal  filled in when the answer is null
 * @return constant data, or null when no version fits
 */
#if defined(__GNUC__)
__attribute__((visibility("default")))
#endif
const pintle_plugin *
pintle_plugin_entry_1(const pintle_range *host, pintle_refusal *refusal);

/** The type of pintle_plugin_entry_1, for the host's dlsym. */
typedef const pintle_plugin *(*pintle_plugin_entry_1_function)(const pintle_range *host,
                                                               pintle_refusal *refusal);

#ifdef __cplusplus
}
#endif

#endif
