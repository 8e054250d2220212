// Shared declarations of pintle-unpack, the helper of the image store that takes archives apart.
//
// Usage: pintle-unpack MODE BYTES ENTRIES DEVICES [DIGEST]
//
//   MODE     layer    standard input is an image layer; overlayfs' lower directory is made of it
//            archive  standard input is an archive of images; plain files are made of it
//            pack     the directory is written to standard output as a layer
//   BYTES    most bytes of contents, and of the uncompressed stream
//   ENTRIES  most files, directories and links
//   DEVICES  1 allows device nodes
//   DIGEST   the 64 digits of the SHA-256 digest that the uncompressed stream must have
//
// Descriptors: 0 input, 1 output, 2 unused, 3 the directory (for layer and archive empty), 4 a pipe
// for one line:
//
//   done DIGEST BYTES ENTRIES
//   fail REASON ERRNO SENTENCE      REASON is one of malicious, limit, corrupt, digest, disk,
//   sandbox
//
// The program must be started as root. It gives up everything but the directory before it reads the
// first byte.
#ifndef PINTLE_UNPACK_H
#define PINTLE_UNPACK_H

#include <stdint.h>
#include <sys/types.h>

struct archive;
struct archive_entry;

enum { PINTLE_DIRECTORY_FD = 3, PINTLE_REPORT_FD = 4, PINTLE_DEEPEST = 256, PINTLE_LONGEST = 4096 };

typedef enum pintle_mode { PINTLE_LAYER, PINTLE_ARCHIVE, PINTLE_PACK } pintle_mode;

typedef struct pintle_options {
    pintle_mode mode;
    uint64_t bytes;
    uint64_t entries;
    int devices;
    const char *digest;
} pintle_options;

typedef struct pintle_totals {
    uint64_t bytes;
    uint64_t entries;
} pintle_totals;

// --- report.c: the last thing the program does

_Noreturn void pintle_done(const char *digest, pintle_totals totals);
_Noreturn void pintle_fail(const char *reason, int error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

// --- sandbox.c

// Leaves the process alone with the directory, which becomes its root, and returns a descriptor of
// it.
int pintle_enter_sandbox(const pintle_options *options);

// --- stream.c: the input, uncompressed and hashed on its way

typedef struct pintle_stream pintle_stream;

pintle_stream *pintle_stream_open(int fd, uint64_t limit);
// A reader of the tar archive in the stream.
struct archive *pintle_stream_archive(pintle_stream *stream);
// Reads what is left and writes the digest of everything, 64 digits and a terminator.
void pintle_stream_finish(pintle_stream *stream, char *digest);

// --- paths.c

// The directory that things are made in, with the parent of the last one kept open.
typedef struct pintle_place {
    int root;
    int parent;
    char parent_path[PINTLE_LONGEST];
} pintle_place;

// Writes the path of an entry without leading "./", doubled and trailing "/"; empty for the root
// itself. Refuses absolute paths and "..".
void pintle_clean_path(const char *raw, char *clean);
// Opens the parent of a clean path, making what is missing, and points `name` to the last
// component. The descriptor stays the place's, until the next call.
int pintle_open_parent(pintle_place *place, const char *clean, const char **name);
// Closes the parent kept open.
void pintle_forget_parent(pintle_place *place);
// Opens something below the root without leaving it; negative errno on failure.
int pintle_open_beneath(int root, const char *path, int flags);

// --- entries.c

// Makes everything in the archive.
pintle_totals pintle_extract(struct archive *archive, int root, const pintle_options *options);

// --- attributes.c

// Gives owner, mode, extended attributes and modification time of an entry to a file or directory.
void pintle_set_attributes(int fd, struct archive_entry *entry, const char *path, int with_time);
// The same for what can't be opened: links and special files, which have no extended attributes
// here.
void pintle_set_link_attributes(int parent, const char *name, struct archive_entry *entry,
                                const char *path);

// --- directories.c: modification times of directories, set at the end

void pintle_remember_directory(const char *path, struct archive_entry *entry);
void pintle_restore_directories(int root);

// --- pack.c

// Writes everything below the root to standard output as a tar archive, names in byte order.
pintle_totals pintle_pack(int root, const pintle_options *options);

#endif
