/*
 * Layers whose owners are shifted, and images that are mounted as volumes. Overlay wants directories that are mounted
 * where the caller is, so they get a place on a file system of their own, which is gone when they have been joined.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "child.h"

static const char workshop[] = "/root";

static int open_clone(const char *path, bool is_mapped) {
    int mount = pintle_open_tree(AT_FDCWD, path, OPEN_TREE_CLONE);
    if (mount < 0)
        pintle_fail("layer", errno, path);
    if (is_mapped)
        pintle_mount_map(mount, false, path);
    return mount;
}

void pintle_layers_open(struct pintle_layers *layers, const struct pintle_reader *fields,
                        uint16_t tag, bool is_mapped) {
    struct pintle_reader reader = *fields;
    struct pintle_field field;
    layers->container = -1;
    while (pintle_spec_next(&reader, tag, &field))
        layers->count++;
    if (layers->count == 0)
        pintle_fail("layer", ENOENT, "");
    layers->mounts = pintle_child_memory(layers->count * sizeof *layers->mounts);
    layers->paths = pintle_child_memory(layers->count * sizeof *layers->paths);
    reader = *fields;
    for (size_t index = 0; pintle_spec_next(&reader, tag, &field); index++) {
        layers->paths[index] = pintle_spec_text(&field);
        layers->mounts[index] = open_clone(layers->paths[index], is_mapped);
    }
}

static const char *last_part(const char *path) {
    const char *slash = path == NULL ? NULL : strrchr(path, '/');
    if (slash == NULL || slash == path || slash[1] == 0)
        pintle_fail("specification", EINVAL, "layer");
    return slash + 1;
}

void pintle_layers_open_upper(struct pintle_layers *layers, const struct pintle_spec *spec) {
    char directory[4096];
    size_t length = (size_t)(last_part(spec->upper) - spec->upper) - 1;
    if (length >= sizeof directory || spec->work == NULL ||
        strncmp(spec->work, spec->upper, length + 1) != 0)
        pintle_fail("specification", EINVAL, "layer");
    memcpy(directory, spec->upper, length);
    directory[length] = 0;
    /* Not shifted: overlay itself writes there as the node's root, for whoever owns what is written. */
    layers->container = open_clone(directory, false);
}

static void open_workshop(void) {
    if (pintle_mount("layers", workshop, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
                     "mode=700,size=1m,nr_inodes=4096") != 0)
        pintle_fail("layer", errno, "tmpfs");
}

static void close_workshop(void) {
    if (pintle_unmount(workshop, PINTLE_UNMOUNT_DETACH) != 0)
        pintle_fail("layer", errno, "umount");
}

/* Mounts it in the workshop and gives its name there. */
static const char *place(int mount, const char *name, const char *detail) {
    char path[64];
    snprintf(path, sizeof path, "%s/%s", workshop, name);
    if (mkdir(path, 0700) != 0)
        pintle_fail("layer", errno, name);
    int directory = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        pintle_fail("layer", errno, name);
    pintle_mount_attach(mount, directory, detail);
    close(directory);
    close(mount);
    return name;
}

static int join(const struct pintle_layers *layers, const struct pintle_spec *spec) {
    char path[1024];
    const char **names = pintle_child_memory(layers->count * sizeof *names);
    for (size_t index = 0; index < layers->count; index++) {
        char *name = pintle_child_memory(24);
        snprintf(name, 24, "%zu", index);
        names[index] = place(layers->mounts[index], name, layers->paths[index]);
    }
    int context = pintle_overlay_open(workshop);
    pintle_overlay_layers(context, names, layers->paths, layers->count);
    if (spec != NULL) {
        place(layers->container, "own", spec->upper);
        snprintf(path, sizeof path, "own/%s", last_part(spec->upper));
        pintle_overlay_option(context, "upperdir", path);
        snprintf(path, sizeof path, "own/%s", last_part(spec->work));
        pintle_overlay_option(context, "workdir", path);
        if (spec->root_flags & PINTLE_SPEC_ROOT_VOLATILE)
            (void)pintle_fsconfig(context, FSCONFIG_SET_FLAG, "volatile", NULL);
    }
    return pintle_overlay_finish(context);
}

/* The part of a mount that is asked for; links of the image can't lead out of it. */
static int cut(int mount, const char *sub_path) {
    char path[64];
    snprintf(path, sizeof path, "%s/whole", workshop);
    place(mount, "whole", sub_path);
    int whole = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int part = whole < 0 ? -1 : pintle_path_open(whole, sub_path);
    if (part < 0)
        pintle_fail("image sub path", errno, sub_path);
    int result = pintle_open_tree(part, "", AT_EMPTY_PATH | OPEN_TREE_CLONE);
    if (result < 0)
        pintle_fail("image sub path", errno, sub_path);
    close(part);
    close(whole);
    return result;
}

int pintle_layers_join(const struct pintle_layers *layers, const struct pintle_spec *spec) {
    /* One directory needs nothing to be joined with. */
    bool is_single = layers->count == 1 && spec == NULL;
    bool is_part = layers->sub_path != NULL && layers->sub_path[0] != 0;
    if (is_single && !is_part)
        return layers->mounts[0];
    open_workshop();
    int mount = is_single ? layers->mounts[0] : join(layers, spec);
    if (is_part)
        mount = cut(mount, layers->sub_path);
    close_workshop();
    return mount;
}
