// What a child program may not do: limits, files, calls of the system. See confinement.h.
#define _GNU_SOURCE
#include "CMedia.h"
#include "confinement.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// MARK: Files: Landlock (Documentation/userspace-api/landlock.rst of the kernel).

// Their own names, as the headers of Debian 12 are older than many kernels that run it. The numbers are the same on
// every architecture.
enum { landlockCreateRuleset = 444, landlockAddRule = 445, landlockRestrictSelf = 446 };
enum { landlockVersion = 1, landlockPathBeneath = 1 };
enum { mayExecute = 1 << 0, mayReadFile = 1 << 2, mayReadFolder = 1 << 3 };

struct landlockRuleset {
    uint64_t files;
    uint64_t network; // from version 4
    uint64_t scopes;  // from version 6
};

struct landlockPath {
    uint64_t allowed;
    int32_t parent;
} __attribute__((packed));

int cmedia_ruleset_create(const char *const readable[]) {
    long version = syscall(landlockCreateRuleset, NULL, 0, landlockVersion);
    if (version < 0) return -errno;
    // Whatever a version knows is forbidden; what is allowed stands below.
    struct landlockRuleset ruleset = {
        .files = version == 1 ? 0x1fff : version == 2 ? 0x3fff : version < 5 ? 0x7fff : 0xffff,
        .network = 0x3,
        .scopes = 0x3,
    };
    size_t size = version < 4 ? 8 : version < 6 ? 16 : 24;
    int descriptor = (int)syscall(landlockCreateRuleset, &ruleset, size, 0);
    if (descriptor < 0) return -errno;
    for (; *readable; readable++) {
        int parent = open(*readable, O_PATH | O_CLOEXEC);
        // What is not there cannot be read either.
        if (parent < 0) continue;
        struct stat status;
        int isFolder = fstat(parent, &status) == 0 && S_ISDIR(status.st_mode);
        struct landlockPath path = {
            .allowed = mayExecute | mayReadFile | (isFolder ? mayReadFolder : 0),
            .parent = parent,
        };
        long added = syscall(landlockAddRule, descriptor, landlockPathBeneath, &path, 0);
        int error = errno;
        close(parent);
        if (added < 0) {
            close(descriptor);
            return -error;
        }
    }
    return descriptor;
}

// MARK: Calls of the system: seccomp (seccomp(2)).

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

#ifdef ARCHITECTURE
// Fields of struct seccomp_data; of an argument the low half (little endian).
#define CALL offsetof(struct seccomp_data, nr)
#define ARGUMENT(index) (offsetof(struct seccomp_data, args) + 8 * (index))
#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (field))
#define UNLESS_EQUAL(value, skipped) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, (skipped))
#define UNLESS_ANY(bits, skipped) BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (bits), 0, (skipped))
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, (value))
#define ALLOW RETURN(SECCOMP_RET_ALLOW)
#define REFUSE(error) RETURN(SECCOMP_RET_ERRNO | (error))
#define ALLOWED(name) UNLESS_EQUAL(__NR_##name, 1), ALLOW

// A program that reads files, makes sound of text in memory, and writes it to a descriptor needs these. Everything
// else fails as if it were forbidden to this user: sockets, processes, signals to others, changes of
// files, of limits, of itself.
static const struct sock_filter calls[] = {
    LOAD(offsetof(struct seccomp_data, arch)),
    UNLESS_EQUAL(ARCHITECTURE, 1),
    BPF_JUMP(BPF_JMP | BPF_JA, 1, 0, 0),
    REFUSE(EPERM),
    LOAD(CALL),
    // Memory.
    ALLOWED(brk), ALLOWED(mmap), ALLOWED(munmap), ALLOWED(mprotect), ALLOWED(mremap), ALLOWED(madvise),
    // Descriptors that are open.
    ALLOWED(read), ALLOWED(readv), ALLOWED(pread64), ALLOWED(preadv), ALLOWED(write), ALLOWED(writev), ALLOWED(lseek),
    ALLOWED(close), ALLOWED(fstat), ALLOWED(getdents64), ALLOWED(dup), ALLOWED(ppoll),
    // Paths, to look at.
    ALLOWED(newfstatat), ALLOWED(statx), ALLOWED(readlinkat), ALLOWED(faccessat), ALLOWED(getcwd),
#ifdef __NR_faccessat2
    ALLOWED(faccessat2),
#endif
#ifdef __NR_stat
    ALLOWED(stat), ALLOWED(lstat), ALLOWED(access), ALLOWED(readlink), ALLOWED(getdents), ALLOWED(poll),
#endif
    // Itself.
    ALLOWED(execve), ALLOWED(exit), ALLOWED(exit_group), ALLOWED(rt_sigaction), ALLOWED(rt_sigprocmask),
    ALLOWED(rt_sigreturn), ALLOWED(sigaltstack), ALLOWED(futex), ALLOWED(set_tid_address), ALLOWED(set_robust_list),
    ALLOWED(getpid), ALLOWED(gettid), ALLOWED(getppid), ALLOWED(getuid), ALLOWED(geteuid), ALLOWED(getgid),
    ALLOWED(getegid), ALLOWED(getrlimit), ALLOWED(getrusage), ALLOWED(times), ALLOWED(umask),
    ALLOWED(sched_yield), ALLOWED(sched_getaffinity), ALLOWED(restart_syscall),
#ifdef __NR_arch_prctl
    ALLOWED(arch_prctl),
#endif
#ifdef __NR_rseq
    ALLOWED(rseq),
#endif
    // The machine.
    ALLOWED(uname), ALLOWED(sysinfo), ALLOWED(getrandom), ALLOWED(clock_gettime), ALLOWED(clock_getres),
    ALLOWED(clock_nanosleep), ALLOWED(nanosleep), ALLOWED(gettimeofday),
#ifdef __NR_time
    ALLOWED(time),
#endif
    // Opening, for reading alone.
    UNLESS_EQUAL(__NR_openat, 4), LOAD(ARGUMENT(2)), UNLESS_ANY(O_ACCMODE | O_CREAT | O_TRUNC | O_ASYNC, 1),
    REFUSE(EACCES), ALLOW,
#ifdef __NR_open
    UNLESS_EQUAL(__NR_open, 4), LOAD(ARGUMENT(1)), UNLESS_ANY(O_ACCMODE | O_CREAT | O_TRUNC | O_ASYNC, 1),
    REFUSE(EACCES), ALLOW,
#endif
    // Flags of a descriptor, but not who gets signals for it (F_SETOWN, F_SETFL with O_ASYNC).
    UNLESS_EQUAL(__NR_fcntl, 4), LOAD(ARGUMENT(1)), BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, F_GETFL, 0, 1), REFUSE(EPERM),
    ALLOW,
    // Its own limits, to read: no new ones.
    UNLESS_EQUAL(__NR_prlimit64, 8), LOAD(ARGUMENT(0)), UNLESS_EQUAL(0, 5), LOAD(ARGUMENT(2)), UNLESS_EQUAL(0, 3),
    LOAD(ARGUMENT(2) + 4), UNLESS_EQUAL(0, 1), ALLOW, REFUSE(EPERM),
    // Threads of its own (espeak-ng ends itself where it gets none), but no process. The newer call, whose flags cannot
    // be looked at, is not there: the C library then takes the older.
    UNLESS_EQUAL(__NR_clone3, 1), REFUSE(ENOSYS),
    UNLESS_EQUAL(__NR_clone, 4), LOAD(ARGUMENT(0)), UNLESS_ANY(CLONE_THREAD, 1), ALLOW, REFUSE(EPERM),
    REFUSE(EPERM),
};
#endif

static int restrictCalls(void) {
#ifdef ARCHITECTURE
    struct sock_fprog program = {sizeof calls / sizeof *calls, (struct sock_filter *)calls};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
#else
    return 0;
#endif
}

// MARK: Limits: setrlimit(2).

static int limit(int resource, uint64_t value) {
    struct rlimit bounds;
    if (getrlimit(resource, &bounds) == 0 && bounds.rlim_max < value) value = bounds.rlim_max;
    bounds = (struct rlimit){value, value};
    return setrlimit(resource, &bounds) == 0;
}

static int restrictUse(const cmedia_confinement *confinement) {
    // A write beyond the size is refused; by its signal's default the program would end.
    signal(SIGXFSZ, SIG_IGN);
    // The kernel counts a user's processes and threads together, the server's too; in a user namespace of its own
    // (which gives it no rights, as no_new_privs is set and no user of it is anybody outside) only the program's. Where
    // there are no such namespaces its threads are bounded by its memory and time.
    if (unshare(CLONE_NEWUSER) == 0) (void)limit(RLIMIT_NPROC, 8);
    // A core file would hold the text that was to be said.
    return limit(RLIMIT_CORE, 0) & limit(RLIMIT_AS, confinement->memoryBytes)
        & limit(RLIMIT_CPU, confinement->cpuSeconds) & limit(RLIMIT_NOFILE, confinement->descriptors)
        & limit(RLIMIT_FSIZE, 0) & limit(RLIMIT_MEMLOCK, 0) & limit(RLIMIT_MSGQUEUE, 0);
}

int cmedia_confine(const cmedia_confinement *confinement) {
    // Asked for by both layers below, and by itself: no program that this one starts has more rights than it.
    int hasNoMore = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
    // A server that runs as root: what its rights are after exec is cut off by the bounding set (capabilities(7)).
    for (int capability = 0; capability < 64; capability++) {
        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0) break;
    }
    int held = 0;
    if (confinement->layers & CMEDIA_LAYER_FILES && hasNoMore && confinement->ruleset >= 0
        && syscall(landlockRestrictSelf, confinement->ruleset, 0) == 0)
        held |= CMEDIA_LAYER_FILES;
    if (confinement->layers & CMEDIA_LAYER_LIMITS && restrictUse(confinement)) held |= CMEDIA_LAYER_LIMITS;
    // Last, as it forbids what the others need.
    if (confinement->layers & CMEDIA_LAYER_CALLS && hasNoMore && restrictCalls()) held |= CMEDIA_LAYER_CALLS;
    return held;
}
