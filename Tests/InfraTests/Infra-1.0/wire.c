#include "wire.h"

#include <string.h>

#include "pintle_infra_protocol.h"

enum { field_head = 8 };

int pintle_read_field(struct pintle_reader *reader, struct pintle_field *field) {
    if (reader->left == 0)
        return 0;
    if (reader->left < field_head)
        return -1;
    memcpy(&field->tag, reader->next, 2);
    memcpy(&field->flags, reader->next + 2, 2);
    memcpy(&field->length, reader->next + 4, 4);
    if (field->length > reader->left - field_head)
        return -1;
    field->data = reader->next + field_head;
    reader->next += field_head + field->length;
    reader->left -= field_head + field->length;
    return 1;
}

const char *pintle_field_text(const struct pintle_field *field, size_t limit) {
    if (field->length == 0 || field->length - 1 > limit)
        return NULL;
    if (memchr(field->data, 0, field->length) != field->data + field->length - 1)
        return NULL;
    return (const char *)field->data;
}

static bool copy_exactly(const struct pintle_field *field, void *value, size_t size) {
    if (field->length != size)
        return false;
    memcpy(value, field->data, size);
    return true;
}

bool pintle_field_u32(const struct pintle_field *field, uint32_t *value) {
    return copy_exactly(field, value, sizeof *value);
}

bool pintle_field_i32(const struct pintle_field *field, int32_t *value) {
    return copy_exactly(field, value, sizeof *value);
}

bool pintle_field_u64(const struct pintle_field *field, uint64_t *value) {
    return copy_exactly(field, value, sizeof *value);
}

void pintle_write_begin(struct pintle_writer *writer, uint8_t *data, size_t capacity, uint16_t kind,
                        uint32_t request) {
    struct pintle_infra_header header = {.kind = kind, .request = request};
    *writer = (struct pintle_writer){.data = data, .capacity = capacity, .length = sizeof header};
    memcpy(data, &header, sizeof header);
}

void pintle_write_bytes(struct pintle_writer *writer, uint16_t tag, const void *data,
                        size_t length) {
    if (length > UINT32_MAX || writer->capacity - writer->length < field_head ||
        writer->capacity - writer->length - field_head < length) {
        writer->overflow = true;
        return;
    }
    uint8_t *at = writer->data + writer->length;
    uint16_t flags = 0;
    uint32_t short_length = (uint32_t)length;
    memcpy(at, &tag, 2);
    memcpy(at + 2, &flags, 2);
    memcpy(at + 4, &short_length, 4);
    if (length > 0)
        memcpy(at + field_head, data, length);
    writer->length += field_head + length;
}

void pintle_write_text(struct pintle_writer *writer, uint16_t tag, const char *text) {
    pintle_write_bytes(writer, tag, text, strlen(text) + 1);
}

void pintle_write_u32(struct pintle_writer *writer, uint16_t tag, uint32_t value) {
    pintle_write_bytes(writer, tag, &value, sizeof value);
}

void pintle_write_i32(struct pintle_writer *writer, uint16_t tag, int32_t value) {
    pintle_write_bytes(writer, tag, &value, sizeof value);
}

void pintle_write_u64(struct pintle_writer *writer, uint16_t tag, uint64_t value) {
    pintle_write_bytes(writer, tag, &value, sizeof value);
}

size_t pintle_write_end(struct pintle_writer *writer) {
    if (writer->overflow)
        return 0;
    uint32_t length = (uint32_t)(writer->length - sizeof(struct pintle_infra_header));
    memcpy(writer->data + offsetof(struct pintle_infra_header, length), &length, sizeof length);
    return writer->length;
}
