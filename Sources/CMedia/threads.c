// Clocks, timers, wake-ups and threads.
#define _GNU_SOURCE
#include "CMedia.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static int64_t nanoseconds(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int64_t cmedia_monotonic_nanoseconds(void) { return nanoseconds(CLOCK_MONOTONIC); }
int64_t cmedia_realtime_nanoseconds(void) { return nanoseconds(CLOCK_REALTIME); }
int64_t cmedia_thread_cpu_nanoseconds(void) { return nanoseconds(CLOCK_THREAD_CPUTIME_ID); }

int cmedia_timer_create(void) {
    int descriptor = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    return descriptor < 0 ? -errno : descriptor;
}

int cmedia_timer_arm(int descriptor, int64_t first, int64_t interval) {
    struct itimerspec times = {
        .it_value = {.tv_sec = first / 1000000000, .tv_nsec = first % 1000000000},
        .it_interval = {.tv_sec = interval / 1000000000, .tv_nsec = interval % 1000000000},
    };
    return timerfd_settime(descriptor, TFD_TIMER_ABSTIME, &times, NULL) < 0 ? -errno : 0;
}

static int64_t readCounter(int descriptor) {
    uint64_t count;
    ssize_t got;
    do got = read(descriptor, &count, sizeof count);
    while (got < 0 && errno == EINTR);
    if (got < 0) return -errno;
    return got == sizeof count ? (int64_t)count : -EIO;
}

int64_t cmedia_timer_wait(int descriptor) { return readCounter(descriptor); }

int cmedia_bell_create(void) {
    int descriptor = eventfd(0, EFD_CLOEXEC);
    return descriptor < 0 ? -errno : descriptor;
}

int cmedia_bell_ring(int descriptor) {
    uint64_t one = 1;
    ssize_t written;
    do written = write(descriptor, &one, sizeof one);
    while (written < 0 && errno == EINTR);
    return written < 0 ? -errno : 0;
}

int cmedia_bell_wait(int descriptor) {
    int64_t result = readCounter(descriptor);
    return result < 0 ? (int)result : 0;
}

typedef struct {
    void (*body)(void *);
    void *context;
} thread_start;

static void *runThread(void *argument) {
    thread_start start = *(thread_start *)argument;
    free(argument);
    start.body(start.context);
    return NULL;
}

static void setName(pthread_t thread, const char *name) {
    char shortName[16];
    strncpy(shortName, name, sizeof shortName - 1);
    shortName[sizeof shortName - 1] = 0;
    pthread_setname_np(thread, shortName);
}

void cmedia_thread_name(const char *name) { setName(pthread_self(), name); }

int cmedia_thread_start(const char *name, void (*body)(void *), void *context, uintptr_t *thread) {
    thread_start *start = malloc(sizeof *start);
    if (!start) return -ENOMEM;
    *start = (thread_start){body, context};

    // A thread inherits its maker's mask: the program's signals are the main thread's affair.
    sigset_t all, previous;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &previous);
    pthread_t made;
    int error = pthread_create(&made, NULL, runThread, start);
    pthread_sigmask(SIG_SETMASK, &previous, NULL);
    if (error) {
        free(start);
        return -error;
    }
    setName(made, name);
    *thread = (uintptr_t)made;
    return 0;
}

int cmedia_thread_prefer(void) {
    // The lowest realtime priority is enough to come before all that is ordinary: on a busy machine an ordinary thread
    // that should wake each millisecond was seen to wait for 100 to 350 ms, whatever its nice value. The kernel leaves
    // ordinary threads a twentieth of the time in any case (sched_rt_runtime_us).
    struct sched_param lowest = {.sched_priority = sched_get_priority_min(SCHED_RR)};
    if (pthread_setschedparam(pthread_self(), SCHED_RR | SCHED_RESET_ON_FORK, &lowest) == 0) return 0;
    return setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), -11) < 0 ? -errno : 0;
}

int cmedia_thread_join(uintptr_t thread) { return -pthread_join((pthread_t)thread, NULL); }
