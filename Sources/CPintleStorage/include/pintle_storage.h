#ifndef PINTLE_STORAGE_H
#define PINTLE_STORAGE_H

#include <stdint.h>

/*
 * Linux's mount, lookup and directory calls that Swift can't reach: they are variadic, take structs that grow, or have
 * no wrapper in glibc 2.36. Nothing here decides anything.
 *
 * Every function returns a number from 0 up, or a negated errno; none touches errno for its caller, keeps memory or
 * changes the process. Any thread; all may block as long as the file system behind the path does. Descriptors are
 * borrowed; a returned descriptor is the caller's and is closed on exec. Names are NUL-terminated.
 */

/* How a lookup is held back: RESOLVE_* of openat2(2). */
#define PINTLE_STORAGE_BENEATH 1u     /* never above the start */
#define PINTLE_STORAGE_NO_SYMLINKS 2u /* no symbolic link anywhere on the way */
#define PINTLE_STORAGE_NO_XDEV 4u     /* no mount is crossed */
#define PINTLE_STORAGE_NO_MAGIC 8u    /* no /proc link that jumps */

/* O_PATH, which Swift's Glibc module lacks: a descriptor that names a file and can't read it. */
#define PINTLE_STORAGE_O_PATH 010000000

/** Opens `path` below `directory` with O_* `flags` (O_CLOEXEC is added) and PINTLE_STORAGE_* `resolve`. */
int32_t pintle_storage_open(int32_t directory, const char *path, int32_t flags, uint32_t mode,
                            uint32_t resolve);

/** What statx(2) says about a file, without asking a server for news. */
typedef struct pintle_storage_status {
    uint64_t device;
    uint64_t inode;
    uint64_t mount_id;
    uint64_t size;   /* bytes */
    uint64_t blocks; /* of 512 bytes */
    uint32_t mode;   /* type and permissions */
    uint32_t uid;
    uint32_t gid;
    uint32_t links;
    uint32_t is_mount_root; /* 1 or 0 */
    uint32_t reserved;
} pintle_storage_status;

/** Fills `status` for `name` in `directory`, or for `directory` itself when `name` is empty; links are not followed. */
int32_t pintle_storage_stat(int32_t directory, const char *name, pintle_storage_status *status);

/** What statfs(2) says about a file system. */
typedef struct pintle_storage_space {
    uint64_t total_bytes;
    uint64_t free_bytes;
    uint64_t available_bytes; /* to those who are not root */
    uint64_t total_inodes;    /* 0 when the file system has no such limit */
    uint64_t free_inodes;
    uint64_t type;     /* its magic number */
    uint32_t readonly; /* 1 when the mount or the file system can't be written */
    uint32_t reserved;
} pintle_storage_space;

/** Fills `space` for the file system and mount that `descriptor` is on. */
int32_t pintle_storage_statfs(int32_t descriptor, pintle_storage_space *space);

/** TMPFS_MAGIC, as `type` above. */
uint64_t pintle_storage_tmpfs_magic(void);

/** Reads directory entries (struct linux_dirent64) into `buffer`; returns bytes, 0 at the end. */
int64_t pintle_storage_entries(int32_t directory, void *buffer, uint64_t capacity);

/** Copies the tree of mounts at `source` (a descriptor, also of a file) without attaching it; returns it. */
int32_t pintle_storage_clone_tree(int32_t source);

/** How mounts inside a tree hear of others. */
#define PINTLE_STORAGE_KEEP 0u  /* as the source: a shared mount stays in its group */
#define PINTLE_STORAGE_SLAVE 1u /* hears of the source's mounts, tells nothing */

/** Sets the propagation of a whole detached tree, and makes it read-only when `readonly` is 1. */
int32_t pintle_storage_set_tree(int32_t tree, uint32_t propagation, uint32_t readonly);

/** Makes a detached tmpfs; `size` as in size= (or empty for the kernel's default), its root's mode and group. */
int32_t pintle_storage_tmpfs(const char *size, uint32_t mode, uint32_t gid);

/** Attaches a detached tree at `target`, a descriptor of a directory (or, for a tree of a file, of a file). */
int32_t pintle_storage_attach(int32_t tree, int32_t target);

/** Makes the mount at `name` in `directory` and all below it private, so that unmounting them concerns nobody else. */
int32_t pintle_storage_make_private(int32_t directory, const char *name);

/** Unmounts what is on top at `name` in `directory`, never following a link; lazily with all below it on `lazy` = 1. */
int32_t pintle_storage_unmount(int32_t directory, const char *name, uint32_t lazy);

/** Changes group and mode of `name` in `directory` unless it is a link; -1 keeps the group. */
int32_t pintle_storage_set_owner(int32_t directory, const char *name, int64_t gid, uint32_t mode);

#endif
