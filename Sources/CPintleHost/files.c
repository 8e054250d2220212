#define _GNU_SOURCE
#include "pintle_host_files.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int pintle_host_open_beneath(int directory, const char *name) {
    struct open_how how = {
        .flags = O_RDONLY | O_CLOEXEC,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
    };
    int file = (int)syscall(SYS_openat2, directory, name, &how, sizeof how);
    return file < 0 ? -errno : file;
}

int pintle_host_sealed_copy(int file, const char *name) {
    int copy = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (copy < 0) {
        return -errno;
    }
    char buffer[65536];
    off_t offset = 0;
    for (;;) {
        ssize_t count = pread(file, buffer, sizeof buffer, offset);
        if (count == 0) {
            break;
        }
        if (count < 0 || write(copy, buffer, (size_t)count) != count) {
            int error = errno ? errno : EIO;
            close(copy);
            return -error;
        }
        offset += count;
    }
    if (fcntl(copy, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0) {
        int error = errno;
        close(copy);
        return -error;
    }
    return copy;
}

static int pintle_host_remove(const char *path, const struct stat *status, int type,
                              struct FTW *place) {
    (void)status, (void)type, (void)place;
    return remove(path) < 0 ? -errno : 0;
}

int pintle_host_remove_tree(const char *path) {
    int result = nftw(path, pintle_host_remove, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
    return result == -1 ? -errno : result;
}

int pintle_host_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC) < 0 ? -errno : 0; }
