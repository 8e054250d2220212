/* The specification is copied into private memory once and read from there only. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "child.h"

void *pintle_child_memory(size_t size) {
    void *memory =
        mmap(NULL, size ? size : 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        pintle_fail("memory", errno, "");
    return memory;
}

static void read_all(struct pintle_spec *spec, int fd) {
    struct stat info;
    if (fstat(fd, &info) != 0)
        pintle_fail("specification", errno, "");
    if (info.st_size <= 0 || info.st_size > PINTLE_INFRA_MAX_SPEC)
        pintle_fail("specification", EFBIG, "");
    uint8_t *bytes = pintle_child_memory((size_t)info.st_size);
    size_t size = 0;
    while (size < (size_t)info.st_size) {
        ssize_t count = pread(fd, bytes + size, (size_t)info.st_size - size, (off_t)size);
        if (count <= 0)
            pintle_fail("specification", count < 0 ? errno : EIO, "");
        size += (size_t)count;
    }
    spec->bytes = bytes;
    spec->size = size;
}

struct pintle_reader pintle_spec_fields(const struct pintle_spec *spec) {
    return (struct pintle_reader){spec->bytes, spec->size};
}

bool pintle_spec_next(struct pintle_reader *reader, uint16_t tag, struct pintle_field *field) {
    int more;
    while ((more = pintle_read_field(reader, field)) > 0) {
        if (field->tag == tag)
            return true;
    }
    if (more < 0)
        pintle_fail("specification", EINVAL, "");
    return false;
}

const char *pintle_spec_text(const struct pintle_field *field) {
    const char *text = pintle_field_text(field, PINTLE_INFRA_MAX_SPEC);
    if (text == NULL)
        pintle_fail("specification", EINVAL, "");
    return text;
}

uint32_t pintle_spec_u32(const struct pintle_field *field) {
    uint32_t value = 0;
    if (!pintle_field_u32(field, &value))
        pintle_fail("specification", EINVAL, "");
    return value;
}

uint64_t pintle_spec_u64(const struct pintle_field *field) {
    uint64_t value = 0;
    if (!pintle_field_u64(field, &value))
        pintle_fail("specification", EINVAL, "");
    return value;
}

static char **collect(const struct pintle_spec *spec, uint16_t tag, size_t spare, size_t *count) {
    struct pintle_field field;
    struct pintle_reader reader = pintle_spec_fields(spec);
    size_t found = 0;
    while (pintle_spec_next(&reader, tag, &field))
        found++;
    char **list = pintle_child_memory((found + spare + 1) * sizeof *list);
    reader = pintle_spec_fields(spec);
    for (size_t index = 0; pintle_spec_next(&reader, tag, &field); index++) {
        list[index] = (char *)(uintptr_t)pintle_spec_text(&field);
    }
    if (count != NULL)
        *count = found;
    return list;
}

static void read_field(struct pintle_spec *spec, const struct pintle_field *field) {
    switch (field->tag) {
    case PINTLE_SPEC_LAYER:
        spec->has_root = true;
        break;
    case PINTLE_SPEC_UPPER:
        spec->upper = pintle_spec_text(field);
        break;
    case PINTLE_SPEC_WORK:
        spec->work = pintle_spec_text(field);
        break;
    case PINTLE_SPEC_ROOT_FLAGS:
        spec->root_flags = pintle_spec_u32(field);
        break;
    case PINTLE_SPEC_DIRECTORY:
        spec->directory = pintle_spec_text(field);
        break;
    case PINTLE_SPEC_USER:
        spec->user = pintle_spec_text(field);
        break;
    case PINTLE_SPEC_USER_FLAGS:
        spec->user_flags = pintle_spec_u32(field);
        break;
    case PINTLE_SPEC_APPARMOR:
        spec->apparmor = pintle_spec_text(field);
        break;
    case PINTLE_SPEC_NO_NEW_PRIVILEGES:
        spec->no_new_privileges = pintle_spec_u32(field) != 0;
        break;
    case PINTLE_SPEC_UID:
        spec->uid = pintle_spec_u32(field);
        spec->has_uid = true;
        break;
    case PINTLE_SPEC_GID:
        spec->gid = pintle_spec_u32(field);
        spec->has_gid = true;
        break;
    case PINTLE_SPEC_UMASK:
        spec->umask = pintle_spec_u32(field);
        spec->has_umask = true;
        break;
    case PINTLE_SPEC_GROUP:
        if (spec->group_count == PINTLE_SPEC_GROUPS)
            pintle_fail("groups", E2BIG, "");
        spec->groups[spec->group_count++] = pintle_spec_u32(field);
        break;
    case PINTLE_SPEC_USERS:
        spec->first_id = pintle_spec_u32(field);
        spec->has_users = true;
        if (pintle_pod.users < 0)
            pintle_fail("user namespace", ENOENT, "");
        break;
    case PINTLE_SPEC_CAPABILITIES:
        if (field->length != sizeof spec->capabilities)
            pintle_fail("capabilities", EINVAL, "");
        memcpy(&spec->capabilities, field->data, sizeof spec->capabilities);
        spec->has_capabilities = true;
        break;
    case PINTLE_SPEC_SECCOMP:
        spec->seccomp = field->data;
        spec->seccomp_size = field->length;
        break;
    default:
        if (field->tag > PINTLE_SPEC_USERS && field->flags & PINTLE_INFRA_FIELD_REQUIRED) {
            pintle_fail("specification", EOPNOTSUPP, "");
        }
    }
}

void pintle_spec_load(struct pintle_spec *spec, int fd) {
    read_all(spec, fd);
    struct pintle_reader reader = pintle_spec_fields(spec);
    struct pintle_field field;
    int more;
    while ((more = pintle_read_field(&reader, &field)) > 0)
        read_field(spec, &field);
    if (more < 0)
        pintle_fail("specification", EINVAL, "");
    spec->arguments = collect(spec, PINTLE_SPEC_ARGUMENT, 0, NULL);
    /* One more for HOME. */
    spec->environment = collect(spec, PINTLE_SPEC_ENVIRONMENT, 1, &spec->environment_count);
    if (spec->arguments[0] == NULL)
        pintle_fail("arguments", EINVAL, "");
}
