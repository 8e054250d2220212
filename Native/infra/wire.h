/* Reading and writing of packets: every access is bounds-checked, nothing is allocated. */
#ifndef PINTLE_WIRE_H
#define PINTLE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A view of one field; it lives as long as the bytes it was read from. */
struct pintle_field {
    uint16_t tag;
    uint16_t flags;
    uint32_t length;
    const uint8_t *data;
};

struct pintle_reader {
    const uint8_t *next;
    size_t left;
};

/* 1: a field was read; 0: the end; -1: malformed. */
int pintle_read_field(struct pintle_reader *reader, struct pintle_field *field);

/* The field as a C string of at most `limit` bytes, or NULL when it is longer or not exactly one string. */
const char *pintle_field_text(const struct pintle_field *field, size_t limit);

/* Whether the field has the size of the type; `value` is untouched otherwise. */
bool pintle_field_u32(const struct pintle_field *field, uint32_t *value);
bool pintle_field_i32(const struct pintle_field *field, int32_t *value);
bool pintle_field_u64(const struct pintle_field *field, uint64_t *value);

/* A packet being written; `overflow` is set, and nothing written, when a field does not fit. */
struct pintle_writer {
    uint8_t *data;
    size_t capacity;
    size_t length;
    bool overflow;
};

void pintle_write_begin(struct pintle_writer *writer, uint8_t *data, size_t capacity, uint16_t kind,
                        uint32_t request);
void pintle_write_bytes(struct pintle_writer *writer, uint16_t tag, const void *data,
                        size_t length);
void pintle_write_text(struct pintle_writer *writer, uint16_t tag, const char *text);
void pintle_write_u32(struct pintle_writer *writer, uint16_t tag, uint32_t value);
void pintle_write_i32(struct pintle_writer *writer, uint16_t tag, int32_t value);
void pintle_write_u64(struct pintle_writer *writer, uint16_t tag, uint64_t value);
/* Fills in the header's length. Returns the packet's size, 0 when it overflowed. */
size_t pintle_write_end(struct pintle_writer *writer);

#endif
