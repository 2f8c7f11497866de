/* A disk that fails on command, for everything below one folder: put before the C library with LD_PRELOAD.
 *
 * FAILING_DISK_FOLDER is the folder, FAILING_DISK_MODE a file whose first byte says how the disk fails at the moment. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

enum { WELL, IO_ERROR, FULL, READ_ONLY, SHORT_WRITES, NO_SYNC, HANGS };

static volatile const unsigned char *mode_byte;
static char folder[PATH_MAX];

__attribute__((constructor)) static void begin(void) {
    const char *name = getenv("FAILING_DISK_MODE"), *below = getenv("FAILING_DISK_FOLDER");
    if (!name || !below || !realpath(below, folder)) return;
    int descriptor = (int)syscall(SYS_openat, AT_FDCWD, name, O_RDONLY);
    if (descriptor < 0) return;
    void *page = mmap(NULL, 1, PROT_READ, MAP_SHARED, descriptor, 0);
    if (page != MAP_FAILED) mode_byte = page;
    close(descriptor);
}

static int is_below(const char *path) {
    size_t length = strlen(folder);
    return length > 0 && strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == 0);
}

/* How the disk fails for this descriptor. */
static int mode(int descriptor) {
    if (!mode_byte || *mode_byte == WELL) return WELL;
    char link[64], path[PATH_MAX];
    strcpy(link, "/proc/self/fd/");
    char digits[16];
    int count = 0, rest = descriptor;
    do { digits[count++] = (char)('0' + rest % 10); rest /= 10; } while (rest > 0);
    size_t end = strlen(link);
    while (count > 0) link[end++] = digits[--count];
    link[end] = 0;
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return WELL;
    path[length] = 0;
    if (!is_below(path)) return WELL;
    while (*mode_byte == HANGS) usleep(10000);
    return *mode_byte;
}

static int fails(int code) {
    errno = code;
    return -1;
}

#define REAL(name) __typeof__(&name) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

/* What a write of so many bytes comes to: the bytes that may be written, or -1. */
static ssize_t allowed(int descriptor, size_t count) {
    switch (mode(descriptor)) {
    case IO_ERROR: return fails(EIO);
    case FULL: return fails(ENOSPC);
    case READ_ONLY: return fails(EROFS);
    case SHORT_WRITES: return (ssize_t)(count / 2);
    default: return (ssize_t)count;
    }
}

#define WRITING(name, offset_type)                                                               \
    ssize_t name(int descriptor, const void *bytes, size_t count, offset_type offset) {           \
        REAL(name);                                                                              \
        ssize_t some = allowed(descriptor, count);                                               \
        return some < 0 || (some == 0 && count > 0) ? some : real(descriptor, bytes, (size_t)some, offset); \
    }
WRITING(pwrite, off_t)
WRITING(pwrite64, off64_t)

ssize_t write(int descriptor, const void *bytes, size_t count) {
    REAL(write);
    ssize_t some = allowed(descriptor, count);
    return some < 0 || (some == 0 && count > 0) ? some : real(descriptor, bytes, (size_t)some);
}

#define SYNCING(name)                                              \
    int name(int descriptor) {                                     \
        REAL(name);                                                \
        switch (mode(descriptor)) {                                \
        case IO_ERROR: case NO_SYNC: return fails(EIO);            \
        case READ_ONLY: return fails(EROFS);                       \
        default: return real(descriptor);                          \
        }                                                          \
    }
SYNCING(fsync)
SYNCING(fdatasync)

#define CUTTING(name, offset_type)                                 \
    int name(int descriptor, offset_type length) {                 \
        REAL(name);                                                \
        switch (mode(descriptor)) {                                \
        case IO_ERROR: return fails(EIO);                          \
        case FULL: return fails(ENOSPC);                           \
        case READ_ONLY: return fails(EROFS);                       \
        default: return real(descriptor, length);                  \
        }                                                          \
    }
CUTTING(ftruncate, off_t)
CUTTING(ftruncate64, off64_t)

static int refuses(const char *path, int flags) {
    if (!mode_byte || *mode_byte == WELL || (flags & O_ACCMODE) == O_RDONLY || !is_below(path)) return 0;
    switch (*mode_byte) {
    case READ_ONLY: return EROFS;
    case FULL: return flags & O_CREAT && access(path, F_OK) != 0 ? ENOSPC : 0;
    default: return 0;
    }
}

#define OPENING(name)                                                   \
    int name(const char *path, int flags, ...) {                        \
        REAL(name);                                                     \
        va_list rest;                                                   \
        va_start(rest, flags);                                          \
        mode_t rights = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
        va_end(rest);                                                   \
        int code = refuses(path, flags);                                \
        return code ? fails(code) : real(path, flags, rights);          \
    }
OPENING(open)
OPENING(open64)
