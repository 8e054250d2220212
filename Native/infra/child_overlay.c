/* The root file system: the image's layers below, the container's own above. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "child.h"

static int open_layer(const char *path) {
    int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        pintle_fail("layer", errno, path);
    return fd;
}

static void set_directory(int context, const char *key, const char *path) {
    char name[16];
    snprintf(name, sizeof name, "%d", open_layer(path));
    if (pintle_fsconfig(context, FSCONFIG_SET_STRING, key, name) != 0)
        pintle_fail("overlay", errno, path);
}

/*
 * fsconfig takes 255 characters, however many layers there are: each is named by the number of its descriptor, relative
 * to /proc/self/fd. Kernels from 6.8 on take layers one by one and have no such limit.
 */
static void set_layers(int context, const struct pintle_spec *spec) {
    char joined[256];
    char name[16];
    size_t used = 0;
    bool one_by_one = true;
    struct pintle_field field;
    struct pintle_reader reader = pintle_spec_fields(spec);
    while (pintle_spec_next(&reader, PINTLE_SPEC_LAYER, &field)) {
        const char *path = pintle_spec_text(&field);
        int length = snprintf(name, sizeof name, "%d", open_layer(path));
        if (one_by_one && pintle_fsconfig(context, FSCONFIG_SET_STRING, "lowerdir+", name) == 0)
            continue;
        one_by_one = false;
        if (used + (size_t)length + 2 > sizeof joined)
            pintle_fail("overlay", E2BIG, path);
        if (used > 0)
            joined[used++] = ':';
        memcpy(joined + used, name, (size_t)length + 1);
        used += (size_t)length;
    }
    if (used > 0 && pintle_fsconfig(context, FSCONFIG_SET_STRING, "lowerdir", joined) != 0) {
        pintle_fail("overlay", errno, "lowerdir");
    }
}

int pintle_overlay_make(const struct pintle_spec *spec) {
    int context = pintle_fsopen("overlay", FSOPEN_CLOEXEC);
    if (context < 0)
        pintle_fail("overlay", errno, "");
    if (chdir("/proc/self/fd") != 0)
        pintle_fail("overlay", errno, "/proc/self/fd");
    (void)pintle_fsconfig(context, FSCONFIG_SET_STRING, "source", "overlay");
    set_layers(context, spec);
    if (spec->upper != NULL)
        set_directory(context, "upperdir", spec->upper);
    if (spec->work != NULL)
        set_directory(context, "workdir", spec->work);
    if (spec->root_flags & PINTLE_SPEC_ROOT_VOLATILE)
        (void)pintle_fsconfig(context, FSCONFIG_SET_FLAG, "volatile", NULL);
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
