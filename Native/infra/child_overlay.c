/* The root file system: the image's layers below, the container's own above. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "child.h"

static const char *open_by_number(const char *path) {
    int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        pintle_fail("layer", errno, path);
    char *name = pintle_child_memory(16);
    snprintf(name, 16, "%d", fd);
    return name;
}

/*
 * fsconfig takes 255 characters, however many layers there are: so their names are short, relative to the working
 * directory. Kernels from 6.8 on take layers one by one and have no such limit.
 */
void pintle_overlay_layers(int context, const char *const *names, const char *const *paths,
                           size_t count) {
    char joined[256];
    size_t used = 0;
    bool one_by_one = true;
    for (size_t index = 0; index < count; index++) {
        size_t length = strlen(names[index]);
        if (one_by_one &&
            pintle_fsconfig(context, FSCONFIG_SET_STRING, "lowerdir+", names[index]) == 0)
            continue;
        one_by_one = false;
        if (used + length + 2 > sizeof joined)
            pintle_fail("overlay", E2BIG, paths[index]);
        if (used > 0)
            joined[used++] = ':';
        memcpy(joined + used, names[index], length + 1);
        used += length;
    }
    if (used > 0 && pintle_fsconfig(context, FSCONFIG_SET_STRING, "lowerdir", joined) != 0)
        pintle_fail("overlay", errno, "lowerdir");
}

int pintle_overlay_open(const char *directory) {
    int context = pintle_fsopen("overlay", FSOPEN_CLOEXEC);
    if (context < 0)
        pintle_fail("overlay", errno, "");
    if (chdir(directory) != 0)
        pintle_fail("overlay", errno, directory);
    (void)pintle_fsconfig(context, FSCONFIG_SET_STRING, "source", "overlay");
    return context;
}

void pintle_overlay_option(int context, const char *key, const char *value) {
    if (pintle_fsconfig(context, FSCONFIG_SET_STRING, key, value) != 0)
        pintle_fail("overlay", errno, key);
}

int pintle_overlay_finish(int context) {
    if (pintle_fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL) != 0)
        pintle_fail("overlay", errno, "create");
    int mount = pintle_fsmount(context, FSMOUNT_CLOEXEC, 0);
    if (mount < 0)
        pintle_fail("overlay", errno, "mount");
    close(context);
    if (chdir("/") != 0)
        pintle_fail("overlay", errno, "/");
    return mount;
}

/* Each directory is named by the number of its descriptor, relative to /proc/self/fd. */
int pintle_overlay_make(const struct pintle_spec *spec) {
    struct pintle_field field;
    struct pintle_reader reader = pintle_spec_fields(spec);
    int context = pintle_overlay_open("/proc/self/fd");
    size_t count = 0;
    while (pintle_spec_next(&reader, PINTLE_SPEC_LAYER, &field))
        count++;
    const char **paths = pintle_child_memory(count * sizeof *paths);
    const char **names = pintle_child_memory(count * sizeof *names);
    reader = pintle_spec_fields(spec);
    for (size_t index = 0; pintle_spec_next(&reader, PINTLE_SPEC_LAYER, &field); index++) {
        paths[index] = pintle_spec_text(&field);
        names[index] = open_by_number(paths[index]);
    }
    pintle_overlay_layers(context, names, paths, count);
    if (spec->upper != NULL)
        pintle_overlay_option(context, "upperdir", open_by_number(spec->upper));
    if (spec->work != NULL)
        pintle_overlay_option(context, "workdir", open_by_number(spec->work));
    if (spec->root_flags & PINTLE_SPEC_ROOT_VOLATILE)
        (void)pintle_fsconfig(context, FSCONFIG_SET_FLAG, "volatile", NULL);
    return pintle_overlay_finish(context);
}
