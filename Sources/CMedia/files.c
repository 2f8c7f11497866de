// Files by descriptor.
#define _GNU_SOURCE
#include "CMedia.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int cmedia_close(int descriptor) { return close(descriptor) < 0 ? -errno : 0; }

int cmedia_file_anonymous(const char *folder) {
    int descriptor = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (descriptor >= 0) return descriptor;
    if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL) return -errno;
    // Some file systems know no O_TMPFILE: a name for a moment.
    char path[4096];
    if (snprintf(path, sizeof path, "%s/.clip-XXXXXX", folder) >= (int)sizeof path) return -ENAMETOOLONG;
    descriptor = mkostemp(path, O_CLOEXEC);
    if (descriptor < 0) return -errno;
    unlink(path);
    return descriptor;
}

int cmedia_file_in_memory(const char *name, const void *bytes, size_t count) {
    int descriptor = memfd_create(name, MFD_CLOEXEC);
    if (descriptor < 0) return -errno;
    int error = cmedia_file_write(descriptor, bytes, count, 0);
    if (error) {
        close(descriptor);
        return error;
    }
    return descriptor;
}

int cmedia_file_open_to_read(const char *path) {
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    return descriptor < 0 ? -errno : descriptor;
}

int cmedia_file_create(const char *path, int isExclusive) {
    int descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | (isExclusive ? O_EXCL : 0), 0600);
    return descriptor < 0 ? -errno : descriptor;
}

int64_t cmedia_file_size(int descriptor) {
    struct stat status;
    return fstat(descriptor, &status) < 0 ? -errno : (int64_t)status.st_size;
}

int cmedia_file_write(int descriptor, const void *bytes, size_t count, int64_t offset) {
    const uint8_t *next = bytes;
    while (count > 0) {
        ssize_t written = pwrite(descriptor, next, count, offset);
        if (written < 0) {
            if (errno == EINTR) continue;
            return -errno;
        }
        if (written == 0) return -EIO;
        next += written;
        offset += written;
        count -= (size_t)written;
    }
    return 0;
}

ssize_t cmedia_file_read(int descriptor, void *bytes, size_t count, int64_t offset) {
    uint8_t *next = bytes;
    size_t left = count;
    while (left > 0) {
        ssize_t got = pread(descriptor, next, left, offset);
        if (got < 0) {
            if (errno == EINTR) continue;
            return -errno;
        }
        if (got == 0) break;
        next += got;
        offset += got;
        left -= (size_t)got;
    }
    return (ssize_t)(count - left);
}

void cmedia_error_text(int error, char *text, size_t capacity) {
    char buffer[128];
    snprintf(text, capacity, "%s", strerror_r(error < 0 ? -error : error, buffer, sizeof buffer));
}

int cmedia_file_rename(const char *from, const char *to) { return rename(from, to) < 0 ? -errno : 0; }
