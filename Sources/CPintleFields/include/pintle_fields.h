/**
 * The field tables: what each struct of the ABI consists of, as data.
 *
 * From them come JSON requests of `pintle plugin call`, digests in the ledger, and marshalling between processes.
 * They describe the version of the ABI that this host was built with.
 */
#ifndef PINTLE_FIELDS_H
#define PINTLE_FIELDS_H

#include <stdint.h>

/** What a field holds, and how an array's elements are stored. */
typedef enum pintle_kind {
    PINTLE_KIND_NONE = 0,
    PINTLE_KIND_I32,
    PINTLE_KIND_I64,
    PINTLE_KIND_U64,
    PINTLE_KIND_HANDLE,
    PINTLE_KIND_FD,
    PINTLE_KIND_FLAG,
    PINTLE_KIND_TEXT,
    PINTLE_KIND_BYTES,
    PINTLE_KIND_MAP,
    PINTLE_KIND_ENUM,
    PINTLE_KIND_ARRAY,
    PINTLE_KIND_POINTER,
    PINTLE_KIND_STRUCT
} pintle_kind;

/** A constant of an enumeration. */
typedef struct pintle_enum_value {
    const char *name;
    int32_t value;
} pintle_enum_value;

/** One field of a struct. */
typedef struct pintle_field {
    const char *name;
    uint32_t offset; /* bytes from the start of the struct */
    pintle_kind kind;
    pintle_kind element; /* of an array */
    uint32_t target;     /* index into pintle_structs, for pointers and arrays of structs */
    uint32_t secret;     /* 1: never logged or recorded */
    const pintle_enum_value *values;
    uint32_t value_count;
} pintle_field;

/** A struct. Every one starts with `uint32_t size`, which is not listed. */
typedef struct pintle_struct {
    const char *name;
    uint32_t size;         /* bytes */
    uint32_t minimum_size; /* of version 1.0 */
    uint32_t field_count;
    const pintle_field *fields;
} pintle_struct;

/** How many results an operation puts. */
typedef enum pintle_result_mode {
    PINTLE_RESULT_NONE,
    PINTLE_RESULT_ONE,
    PINTLE_RESULT_MANY,
    PINTLE_RESULT_STREAM
} pintle_result_mode;

/** What an operation changes; it decides how the ledger records it. */
typedef enum pintle_changes {
    PINTLE_CHANGES_NOTHING,
    PINTLE_CHANGES_KERNEL, /* state that a reboot clears */
    PINTLE_CHANGES_DISK,   /* files that the driver keeps consistent itself */
    PINTLE_CHANGES_DURABLE /* what survives a power cut: intents are synced */
} pintle_changes;

/** An operation of an interface. */
typedef struct pintle_operation {
    const char *name;
    uint32_t number;
    uint32_t request; /* index into pintle_structs; 0 is pintle_nothing */
    uint32_t result;
    pintle_result_mode mode;
    pintle_changes changes;
    uint32_t quick;         /* 1: may be called without a hop to a driver thread */
    const char *object;     /* the request's field that names the object, or null */
    const char *capability; /* needed to offer it, or null */
} pintle_operation;

/** An interface. */
typedef struct pintle_interface_info {
    const char *id;
    const char *name;
    uint64_t table_size; /* bytes; operation n is the pointer at 8 + 8 * n */
    uint32_t operation_count;
    const pintle_operation *operations;
} pintle_interface_info;

extern const uint32_t pintle_struct_count;
extern const uint32_t pintle_interface_count;

/** The struct with an index below pintle_struct_count. */
const pintle_struct *pintle_struct_at(uint32_t index);

/** The interface with an index below pintle_interface_count. */
const pintle_interface_info *pintle_interface_at(uint32_t index);

#endif
