// What Media needs of the system and Swift cannot import: structures with unions, variadic calls and macros.
//
// Every function that can fail returns a negative errno, never sets a global. Every descriptor made here is closed on
// exec, so that no child program inherits a call's socket.
#ifndef BELAY_CMEDIA_H
#define BELAY_CMEDIA_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// MARK: Addresses

/// An IP address and port without a union. An IPv4 address is kept in its IPv4-mapped form (::ffff:a.b.c.d, RFC 4291
/// §2.5.5.2), so that one comparison serves both families.
typedef struct {
    uint64_t high;  // the first eight bytes, host order
    uint64_t low;   // the last eight bytes, host order
    uint32_t scope; // the zone of an IPv6 link-local address, otherwise 0
    uint16_t port;  // host order
} cmedia_address;

/// Reads a literal IPv4 or IPv6 address (no name is ever resolved). 0 or -EINVAL.
int cmedia_address_parse(const char *text, uint16_t port, cmedia_address *address);

/// Writes the address without its port, terminated by NUL; 64 bytes are always enough. 0 or -errno.
int cmedia_address_print(const cmedia_address *address, char *text, size_t capacity);

// MARK: UDP

/// A bound, non-blocking UDP socket that stamps arrivals and marks what it sends as Expedited Forwarding (RFC 3246).
/// `*isIPv6` says which form of address the socket wants. The descriptor or -errno.
int cmedia_udp_open(const cmedia_address *local, int *isIPv6);

/// The port that the socket is bound to, or -errno.
int cmedia_udp_port(int descriptor);

/// Sends one datagram without waiting. The number of bytes or -errno.
ssize_t cmedia_udp_send(int descriptor, int isIPv6, const cmedia_address *to, const void *bytes, size_t count);

/// The most sources that a gate can name.
enum { CMEDIA_GATE_LIMIT = 16 };

/// Has the kernel drop what comes from elsewhere than these addresses, before it takes room in the socket's queue; one
/// with port 0 stands for every port of its host; none at all: everything is dropped. Where that is refused nothing is
/// dropped. Replaces what was set before at once; what is in the queue already stays there. 0 or -errno.
int cmedia_gate_set(int descriptor, const cmedia_address sources[], size_t count);

/// Nothing is dropped any more. 0 or -errno.
int cmedia_gate_remove(int descriptor);

/// One received datagram; `bytes` stay valid until the next receive into the same inbox.
typedef struct {
    const uint8_t *bytes;
    uint32_t count;
    int32_t isTruncated;      // longer than the inbox's datagrams: the rest is lost
    int64_t arrivalNanoseconds; // by the kernel's stamp, on CLOCK_MONOTONIC
    cmedia_address source;
} cmedia_datagram;

/// Room for a number of datagrams, used again at each receive: nothing is allocated for a packet.
typedef struct cmedia_inbox cmedia_inbox;

cmedia_inbox *cmedia_inbox_create(unsigned datagrams, unsigned bytesEach);
void cmedia_inbox_destroy(cmedia_inbox *inbox);

/// Takes what has arrived, at most the inbox's number of datagrams, without waiting. The number taken (0: nothing
/// there) or -errno.
int cmedia_inbox_receive(cmedia_inbox *inbox, int descriptor);

/// The datagram at an index below the last receive's result.
cmedia_datagram cmedia_inbox_datagram(const cmedia_inbox *inbox, unsigned index);

// MARK: Clocks and waiting

/// CLOCK_MONOTONIC and CLOCK_REALTIME in nanoseconds.
int64_t cmedia_monotonic_nanoseconds(void);
int64_t cmedia_realtime_nanoseconds(void);

/// CPU time that the calling thread has used, in nanoseconds.
int64_t cmedia_thread_cpu_nanoseconds(void);

/// A timer on CLOCK_MONOTONIC. The descriptor or -errno.
int cmedia_timer_create(void);

/// Rings at `first` (absolute nanoseconds) and then at each interval; a first of 0 stops it. 0 or -errno.
int cmedia_timer_arm(int descriptor, int64_t first, int64_t interval);

/// Waits for the timer: how often it has rung since the last wait, or -errno.
int64_t cmedia_timer_wait(int descriptor);

/// A wake-up for one sleeping thread: create, ring from anywhere, wait. The descriptor / 0 / 0, or -errno.
int cmedia_bell_create(void);
int cmedia_bell_ring(int descriptor);
int cmedia_bell_wait(int descriptor);

// MARK: Threads

/// Starts a thread with every signal blocked; `name` is cut to 15 bytes. `*thread` is for `cmedia_thread_join`. 0 or
/// -errno.
int cmedia_thread_start(const char *name, void (*body)(void *), void *context, uintptr_t *thread);
int cmedia_thread_join(uintptr_t thread);

/// Names the calling thread, as `top -H` shows it; cut to 15 bytes.
void cmedia_thread_name(const char *name);

/// Puts the calling thread before ordinary ones: by a realtime policy where the system lets us (CAP_SYS_NICE or
/// RLIMIT_RTPRIO), otherwise by its nice value. 0 or -errno where neither is granted.
int cmedia_thread_prefer(void);

// MARK: Files

int cmedia_close(int descriptor);

/// A file without a name in a folder: it is gone when its descriptor is closed. The descriptor or -errno.
int cmedia_file_anonymous(const char *folder);

/// A file that lives in memory alone, holding the bytes given, read from its start. The descriptor or -errno.
int cmedia_file_in_memory(const char *name, const void *bytes, size_t count);

int cmedia_file_open_to_read(const char *path);
int cmedia_file_create(const char *path, int isExclusive);
/// 0 or -errno.
int cmedia_file_rename(const char *from, const char *to);
int64_t cmedia_file_size(int descriptor);

/// Writes all bytes at the offset, over short writes and interruptions. 0 or -errno.
int cmedia_file_write(int descriptor, const void *bytes, size_t count, int64_t offset);

/// Reads until the count or the end. The number of bytes or -errno.
ssize_t cmedia_file_read(int descriptor, void *bytes, size_t count, int64_t offset);

/// "No such file or directory" for ENOENT (or -ENOENT); thread-safe.
void cmedia_error_text(int error, char *text, size_t capacity);

// MARK: Programs

/// What keeps a child program in: each layer holds by itself where the kernel has it.
enum {
    CMEDIA_LAYER_LIMITS = 1 << 0, // of memory, time, descriptors; no process, no file written
    CMEDIA_LAYER_FILES = 1 << 1,  // no file but what its ruleset names (Landlock, Linux 5.13)
    CMEDIA_LAYER_CALLS = 1 << 2,  // no network, no process, no signal to others (seccomp)
};

typedef struct {
    int layers;  // those that are wanted
    int ruleset; // of `cmedia_ruleset_create`; negative: none
    uint64_t memoryBytes;
    uint64_t cpuSeconds;
    uint64_t descriptors;
} cmedia_confinement;

/// Files and folders (with all that is in them) that may be read and run, in a list ended by NULL; those that are not
/// there are passed over. The descriptor or -errno, -ENOSYS and -EOPNOTSUPP where the kernel has no Landlock.
int cmedia_ruleset_create(const char *const readable[]);

/// A child program whose standard input is an open descriptor and whose standard output is read here.
typedef struct {
    pid_t identifier;
    int output;
    int layers; // those that hold
} cmedia_program;

/// Runs a program with an argument vector (no shell) and environment, each ended by NULL. It inherits `input` as
/// standard input, the pipe as standard output, nothing else; standard error goes to /dev/null; its signals are at
/// their defaults. A layer of the confinement (NULL: none) that the kernel refuses does not keep it from running. 0 or
/// -errno.
int cmedia_program_start(
    const char *path, char *const arguments[], char *const environment[], int input,
    const cmedia_confinement *confinement, cmedia_program *program);

/// Reads from the child's output, waiting at most the milliseconds given. The number of bytes, 0 at the end of output,
/// -ETIMEDOUT, or -errno.
ssize_t cmedia_program_read(int output, void *bytes, size_t capacity, int timeoutMilliseconds);

/// Ends the child by its id, if it still runs; a child must still be waited for.
void cmedia_program_kill(pid_t identifier);

/// Waits for the child to end, and kills it where it has not by then: its exit status, 128 + the signal that ended it,
/// or -errno.
int cmedia_program_wait_or_kill(pid_t identifier, int timeoutMilliseconds);

#endif
