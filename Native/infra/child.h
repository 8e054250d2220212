/*
 * What a new process does between its clone and its program.
 *
 * Files: child.c the order of things, child_spec.c reading the specification, child_mounts.c the file
 * system, child_overlay.c its root, child_layers.c layers in a user namespace, child_nodes.c devices and protected paths, child_paths.c paths
 * inside it, child_users.c users, child_limits.c what the program may do. Nothing here runs in the
 * infra process itself except pintle_capabilities_clear.
 */
#ifndef PINTLE_CHILD_H
#define PINTLE_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "infra.h"
#include "wire.h"

enum { PINTLE_SPEC_GROUPS = 1024 };

struct pintle_capability_sets {
    uint64_t bounding, effective, permitted, inheritable, ambient;
};

/* The parsed specification. Everything points into `bytes`, which is private memory. */
struct pintle_spec {
    const uint8_t *bytes;
    size_t size;
    char **arguments; /* NULL-terminated */
    char **environment;
    size_t environment_count;
    const char *directory, *user, *apparmor, *upper, *work;
    uint32_t root_flags, user_flags, uid, gid, umask;
    uint32_t first_id; /* of the node's ids, what is 0 in the pod's user namespace */
    bool has_users;
    bool has_uid, has_gid, has_umask, has_capabilities, no_new_privileges, has_root;
    uint32_t groups[PINTLE_SPEC_GROUPS];
    size_t group_count;
    struct pintle_capability_sets capabilities;
    const uint8_t *seccomp;
    size_t seccomp_size;
    const char *home; /* from the container's /etc/passwd */
};

/* ---- child.c ---- */
/* Tells the infra process and ends. `stage` says what was done, `detail` with what. */
_Noreturn void pintle_fail(const char *stage, int error, const char *detail);
/* Zeroed private memory that lives until exec; fails the start when there is none. */
void *pintle_child_memory(size_t size);

/* ---- child_spec.c ---- */
void pintle_spec_load(struct pintle_spec *spec, int fd);
/* Iterates over the fields with one tag: returns false at the end. */
bool pintle_spec_next(struct pintle_reader *reader, uint16_t tag, struct pintle_field *field);
struct pintle_reader pintle_spec_fields(const struct pintle_spec *spec);
/* The field's text; fails the start when it isn't one. */
const char *pintle_spec_text(const struct pintle_field *field);
uint32_t pintle_spec_u32(const struct pintle_field *field);
uint64_t pintle_spec_u64(const struct pintle_field *field);

/* ---- child_paths.c ---- */
/* Whom what is made belongs to. */
void pintle_path_owner(uint32_t id);
/* Opens with O_PATH below root; links can't lead out of it. -1 and errno when it is not there. */
int pintle_path_open(int root, const char *path);
/* The same for reading a regular file. */
int pintle_path_open_file(int root, const char *path);
/* Opens what a mount goes onto, making it (a directory or an empty file) when it is missing. */
int pintle_path_make(int root, const char *path, bool directory);
/* Whether no part of the path is a link. */
bool pintle_path_is_plain(int root, const char *path);
/* Opens the directory that holds the path's last part, making it when it is missing; `name` gets that part. */
int pintle_path_parent(int root, const char *path, char name[256]);

/* ---- child_mounts.c ---- */
/* Everything that needs the host's view: layers, sources, new file systems. */
void pintle_mounts_prepare(const struct pintle_spec *spec);
/* Puts it together in a mount namespace of its own. Returns the root, opened with O_PATH. */
int pintle_mounts_assemble(const struct pintle_spec *spec);
/* Hides and protects paths, makes the root read-only, and makes it the root. */
void pintle_mounts_enter(const struct pintle_spec *spec, int root);
/* The helpers of these files. `detail` is what a failure names. */
int pintle_overlay_make(const struct pintle_spec *spec);
int pintle_overlay_open(const char *directory);
void pintle_overlay_option(int context, const char *key, const char *value);
/* Adds the layers with these names, relative to the working directory, topmost first. */
void pintle_overlay_layers(int context, const char *const *names, const char *const *paths,
                           size_t count);
int pintle_overlay_finish(int context);
/* Shifts a detached mount's owners by the pod's user namespace. */
void pintle_mount_map(int mount, bool recursive, const char *detail);

/* ---- child_layers.c ---- */
/* Directories on top of each other, opened while the host's file system is in view, put together afterwards. */
struct pintle_layers {
    size_t count;
    int *mounts;
    const char **paths;
    int container; /* the directory that holds `upper` and `work`, or -1 */
    const char *sub_path;
};

void pintle_layers_open(struct pintle_layers *layers, const struct pintle_reader *fields,
                        uint16_t tag, bool is_mapped);
/* The directory with the container's own layer. */
void pintle_layers_open_upper(struct pintle_layers *layers, const struct pintle_spec *spec);
/* Puts them together, in a mount namespace of the caller's own. Returns a detached mount. */
int pintle_layers_join(const struct pintle_layers *layers, const struct pintle_spec *spec);
void pintle_mount_change(int mount, uint64_t attributes, uint64_t propagation, bool recursive,
                         const char *detail);
void pintle_mount_attach(int mount, int place, const char *detail);
void pintle_make_device(const struct pintle_spec *spec, int root,
                        const struct pintle_field *device);
void pintle_make_link(int root, const struct pintle_field *link);
void pintle_mask(int root, const char *path);
void pintle_make_readonly(int root, const char *path);
/* Binds the terminal over /dev/console. */
void pintle_mounts_console(int root, int terminal);

/* ---- child_users.c ---- */
/* Fills in uid, gid, groups and home from the container's files. */
void pintle_users_resolve(struct pintle_spec *spec, int root);

/* ---- child_limits.c ---- */
void pintle_limits_apply(const struct pintle_spec *spec);
/* Becomes the user; capabilities, no_new_privs and seccomp in the order in which the kernel lets them be set. */
void pintle_identity_apply(const struct pintle_spec *spec);
void pintle_capabilities_clear(void);

#endif
