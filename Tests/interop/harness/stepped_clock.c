// A wall clock that a test sets, for a program that this library is preloaded into (LD_PRELOAD). The program sees what it
// would see on a machine whose CLOCK_REALTIME is set: times that are read, waits until a time of that clock, and the kernel's
// stamps of datagrams. The monotonic clock is left alone.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000LL
// How soon a wait notices that the clock has been set.
#define SLICE (SECOND / 100)

// Nanoseconds that the clock is ahead of the machine's.
static _Atomic int64_t *offset;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("STEPPED_CLOCK");
    int descriptor = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (descriptor < 0) return;
    void *memory = mmap(NULL, sizeof *offset, PROT_READ, MAP_SHARED, descriptor, 0);
    close(descriptor);
    if (memory != MAP_FAILED) offset = memory;
}

static int64_t ahead(void) { return offset ? *offset : 0; }

static int64_t nanoseconds(const struct timespec *time) { return time->tv_sec * SECOND + time->tv_nsec; }

static struct timespec timespecOf(int64_t nanoseconds) {
    return (struct timespec){.tv_sec = nanoseconds / SECOND, .tv_nsec = nanoseconds % SECOND};
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int machineClock(clockid_t clock, struct timespec *time) {
    static __typeof__(&clock_gettime) next;
    if (!next) next = NEXT(clock_gettime);
    return next(clock, time);
}

static int64_t machineTime(void) {
    struct timespec time;
    machineClock(CLOCK_REALTIME, &time);
    return nanoseconds(&time);
}

// What is read

int clock_gettime(clockid_t clock, struct timespec *time) {
    int result = machineClock(clock, time);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        *time = timespecOf(nanoseconds(time) + ahead());
    }
    return result;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
    (void)zone;
    int64_t now = machineTime() + ahead();
    *time = (struct timeval){.tv_sec = now / SECOND, .tv_usec = now % SECOND / 1000};
    return 0;
}

time_t time(time_t *result) {
    time_t now = (machineTime() + ahead()) / SECOND;
    if (result) *result = now;
    return now;
}

int timespec_get(struct timespec *time, int base) {
    if (base != TIME_UTC) return 0;
    *time = timespecOf(machineTime() + ahead());
    return base;
}

// What is waited for: in slices, each until a time of the machine's own clock

// The end of the next slice; `isLast` where the wait is over with it.
static struct timespec slice(const struct timespec *end, int *isLast) {
    int64_t now = machineTime();
    int64_t left = nanoseconds(end) - (now + ahead());
    *isLast = left <= 0;
    return timespecOf(now + (left < SLICE ? (left > 0 ? left : 0) : SLICE));
}

int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict end) {
    static __typeof__(&sem_timedwait) next;
    if (!next) next = NEXT(sem_timedwait);
    for (;;) {
        int isLast;
        struct timespec until = slice(end, &isLast);
        if (next(semaphore, &until) == 0) return 0;
        if (errno != ETIMEDOUT || isLast) return -1;
    }
}

int sem_clockwait(sem_t *restrict semaphore, clockid_t clock, const struct timespec *restrict end) {
    static __typeof__(&sem_clockwait) next;
    if (!next) next = NEXT(sem_clockwait);
    return clock == CLOCK_REALTIME ? sem_timedwait(semaphore, end) : next(semaphore, clock, end);
}

int pthread_cond_timedwait(
    pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex, const struct timespec *restrict end) {
    static __typeof__(&pthread_cond_timedwait) next;
    // The oldest of several versions would be found by name alone.
    if (!next) next = (__typeof__(next))dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2");
    if (!next) next = NEXT(pthread_cond_timedwait);
    // No monotonic clock has run for thirty years: the end is one of such a clock, which the condition was made for.
    if (end->tv_sec < 1000000000) return next(condition, mutex, end);
    for (;;) {
        int isLast;
        struct timespec until = slice(end, &isLast);
        int result = next(condition, mutex, &until);
        if (result != ETIMEDOUT || isLast) return result;
    }
}

int pthread_cond_clockwait(
    pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex, clockid_t clock,
    const struct timespec *restrict end) {
    static __typeof__(&pthread_cond_clockwait) next;
    if (!next) next = NEXT(pthread_cond_clockwait);
    return clock == CLOCK_REALTIME ? pthread_cond_timedwait(condition, mutex, end) : next(condition, mutex, clock, end);
}

// What the kernel stamps

static void shiftStamps(struct msghdr *message) {
    for (struct cmsghdr *control = CMSG_FIRSTHDR(message); control; control = CMSG_NXTHDR(message, control)) {
        if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_TIMESTAMPNS) continue;
        struct timespec stamp;
        memcpy(&stamp, CMSG_DATA(control), sizeof stamp);
        stamp = timespecOf(nanoseconds(&stamp) + ahead());
        memcpy(CMSG_DATA(control), &stamp, sizeof stamp);
    }
}

int recvmmsg(int descriptor, struct mmsghdr *messages, unsigned count, int flags, struct timespec *timeout) {
    static __typeof__(&recvmmsg) next;
    if (!next) next = NEXT(recvmmsg);
    int taken = next(descriptor, messages, count, flags, timeout);
    for (int index = 0; index < taken; index++) shiftStamps(&messages[index].msg_hdr);
    return taken;
}

ssize_t recvmsg(int descriptor, struct msghdr *message, int flags) {
    static __typeof__(&recvmsg) next;
    if (!next) next = NEXT(recvmsg);
    ssize_t taken = next(descriptor, message, flags);
    if (taken >= 0) shiftStamps(message);
    return taken;
}
