/* A disk of few bytes, as statfs(2) and statvfs(3) tell of it, for everything below one folder: put before the C library with
 * LD_PRELOAD. What lies below the folder is subtracted, and what this process holds open of files that have no name there.
 *
 * SMALL_DISK_FOLDER is the folder, SMALL_DISK_BYTES how large its disk is. */

#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { BLOCK = 4096 };

static char folder[PATH_MAX];
static long long disk;
static __thread long long used;

__attribute__((constructor)) static void begin(void) {
    const char *below = getenv("SMALL_DISK_FOLDER"), *bytes = getenv("SMALL_DISK_BYTES");
    if (!below || !bytes || !realpath(below, folder)) return;
    disk = atoll(bytes);
}

static int is_below(const char *path) {
    char real[PATH_MAX];
    if (disk == 0 || !realpath(path, real)) return 0;
    size_t length = strlen(folder);
    return strncmp(real, folder, length) == 0 && (real[length] == '/' || real[length] == 0);
}

static int count(const char *path, const struct stat *status, int kind, struct FTW *place) {
    (void)path, (void)place;
    if (kind == FTW_F) used += (long long)status->st_blocks * 512;
    return 0;
}

static void count_nameless(void) {
    DIR *directory = opendir("/proc/self/fd");
    if (!directory) return;
    for (struct dirent *entry; (entry = readdir(directory));) {
        char path[PATH_MAX];
        ssize_t length = readlinkat(dirfd(directory), entry->d_name, path, sizeof path - 1);
        struct stat status;
        if (length <= 0) continue;
        path[length] = 0;
        if (strncmp(path, folder, strlen(folder)) != 0 || fstat(atoi(entry->d_name), &status) != 0) continue;
        if (status.st_nlink == 0) used += (long long)status.st_blocks * 512;
    }
    closedir(directory);
}

/* In blocks. */
static unsigned long long left(void) {
    used = 0;
    nftw(folder, count, 16, FTW_PHYS);
    count_nameless();
    return used < disk ? (unsigned long long)(disk - used) / BLOCK : 0;
}

#define REAL(name) __typeof__(&name) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

#define TELLING(name, type)                                                                 \
    int name(const char *path, struct type *answer) {                                       \
        REAL(name);                                                                         \
        int result = real(path, answer);                                                    \
        if (result != 0 || !is_below(path)) return result;                                  \
        answer->f_bsize = answer->f_frsize = BLOCK;                                         \
        answer->f_blocks = (unsigned long long)disk / BLOCK;                                \
        answer->f_bfree = answer->f_bavail = left();                                        \
        return 0;                                                                           \
    }
TELLING(statfs, statfs)
TELLING(statfs64, statfs64)
TELLING(statvfs, statvfs)
TELLING(statvfs64, statvfs64)
