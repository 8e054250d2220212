/* Users and groups of the container's own files. They are the image's: any bytes, any size. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "child.h"

enum { file_limit = 4194304, columns = 7, user_namespace_size = 65536 };

/* The file as one string, or an empty one when it is missing. */
static char *read_file(int root, const char *path) {
    struct stat info;
    int fd = pintle_path_open_file(root, path);
    if (fd < 0 || fstat(fd, &info) != 0)
        return pintle_child_memory(1);
    if (info.st_size > file_limit)
        pintle_fail("user", EFBIG, path);
    char *text = pintle_child_memory((size_t)info.st_size + 1);
    size_t length = 0;
    while (length < (size_t)info.st_size) {
        ssize_t count = read(fd, text + length, (size_t)info.st_size - length);
        if (count <= 0)
            break;
        length += (size_t)count;
    }
    close(fd);
    return text;
}

/* Cuts the next line into its columns; missing ones are empty. Returns false at the end. */
static bool next_line(char **cursor, char *fields[columns]) {
    char *line = *cursor;
    if (*line == 0)
        return false;
    char *end = strchrnul(line, '\n');
    *cursor = *end ? end + 1 : end;
    *end = 0;
    for (int index = 0; index < columns; index++) {
        fields[index] = line;
        char *colon = index + 1 < columns ? strchr(line, ':') : NULL;
        line = colon ? colon + 1 : line + strlen(line);
        if (colon)
            *colon = 0;
    }
    return true;
}

static bool number(const char *text, uint32_t *value) {
    char *end;
    if (text[0] < '0' || text[0] > '9')
        return false;
    errno = 0;
    unsigned long long parsed = strtoull(text, &end, 10);
    if (errno != 0 || *end != 0 || parsed >= UINT32_MAX)
        return false;
    *value = (uint32_t)parsed;
    return true;
}

static void add_group(struct pintle_spec *spec, uint32_t gid) {
    for (size_t index = 0; index < spec->group_count; index++) {
        if (spec->groups[index] == gid)
            return;
    }
    if (spec->group_count == PINTLE_SPEC_GROUPS)
        pintle_fail("groups", E2BIG, "");
    spec->groups[spec->group_count++] = gid;
}

static bool is_member(const char *members, const char *name) {
    size_t length = strlen(name);
    while (*members) {
        size_t part = strcspn(members, ",");
        if (part == length && memcmp(members, name, length) == 0)
            return true;
        members += part;
        if (*members == ',')
            members++;
    }
    return false;
}

/* Finds the user by name or number. Returns its name, or NULL when only the number is known. */
static const char *find_user(struct pintle_spec *spec, char *passwd, const char *wanted) {
    char *fields[columns];
    uint32_t uid, gid;
    uint32_t wanted_uid = spec->uid;
    bool by_number = spec->has_uid || number(wanted, &wanted_uid);
    for (char *cursor = passwd; next_line(&cursor, fields);) {
        if (!number(fields[2], &uid) || !number(fields[3], &gid))
            continue;
        if (by_number ? uid != wanted_uid : strcmp(fields[0], wanted) != 0)
            continue;
        spec->uid = uid;
        if (!spec->has_gid)
            spec->gid = gid;
        spec->home = fields[5];
        return fields[0];
    }
    if (!by_number)
        pintle_fail("user", ENOENT, wanted);
    spec->uid = wanted_uid;
    if (!spec->has_gid)
        spec->gid = 0;
    return NULL;
}

static void find_groups(struct pintle_spec *spec, char *group, const char *wanted,
                        const char *user) {
    char *fields[columns];
    uint32_t gid;
    bool found = wanted == NULL || spec->has_gid;
    if (!found && number(wanted, &gid)) {
        spec->gid = gid;
        found = true;
    }
    for (char *cursor = group; next_line(&cursor, fields);) {
        if (!number(fields[2], &gid))
            continue;
        if (!found && strcmp(fields[0], wanted) == 0) {
            spec->gid = gid;
            found = true;
        }
        bool counts = spec->user_flags & PINTLE_SPEC_USER_IMAGE_GROUPS && user != NULL;
        if (counts && is_member(fields[3], user))
            add_group(spec, gid);
    }
    if (!found)
        pintle_fail("group", ENOENT, wanted);
}

void pintle_users_resolve(struct pintle_spec *spec, int root) {
    char name[256] = "0";
    const char *wanted_group = NULL;
    if (spec->user != NULL && spec->user[0] != 0) {
        if (strlen(spec->user) >= sizeof name)
            pintle_fail("user", ENAMETOOLONG, "");
        strcpy(name, spec->user);
        char *colon = strchr(name, ':');
        if (colon != NULL) {
            *colon = 0;
            if (colon[1] != 0)
                wanted_group = colon + 1;
        }
    }
    const char *user = find_user(spec, read_file(root, "/etc/passwd"), name[0] ? name : "0");
    find_groups(spec, read_file(root, "/etc/group"), wanted_group, user);
    add_group(spec, spec->gid);
    for (size_t index = 0; spec->has_users && index < spec->group_count; index++) {
        if (spec->groups[index] >= user_namespace_size)
            pintle_fail("group", ERANGE, "outside the pod's user namespace");
    }
    if (spec->has_users && spec->uid >= user_namespace_size)
        pintle_fail("user", ERANGE, "outside the pod's user namespace");
}
