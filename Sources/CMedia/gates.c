// Who may put datagrams into a socket's queue: decided by the kernel, before they take room in it.
#define _GNU_SOURCE
#include "CMedia.h"

#include <errno.h>
#include <linux/filter.h>
#include <sys/socket.h>

// A classic BPF program (socket(7), SO_ATTACH_FILTER). Of a UDP datagram it sees the UDP header first; the IP header lies
// at SKF_NET_OFF. What it returns is how many bytes are kept: all, or none.
static const uint32_t sourcePort = 0;
static const uint32_t version = (uint32_t)SKF_NET_OFF;
static const uint32_t sourceIPv4 = (uint32_t)SKF_NET_OFF + 12;
static const uint32_t sourceIPv6 = (uint32_t)SKF_NET_OFF + 8;

// A rule: the version in three instructions, up to four words and a port in two each, and the admission.
enum { longestRule = 3 + 4 * 2 + 2 + 1 };

struct program {
    unsigned short count;
    struct sock_filter code[CMEDIA_GATE_LIMIT * longestRule + 1];
};

static void add(struct program *program, uint16_t code, uint32_t value) {
    program->code[program->count++] = (struct sock_filter){code, 0, 0, value};
}

/// Loads something of the datagram, and compares it.
static void require(struct program *program, uint16_t size, uint32_t offset, uint32_t value) {
    add(program, BPF_LD | BPF_ABS | size, offset);
    add(program, BPF_JMP | BPF_JEQ | BPF_K, value);
}

static void admit(struct program *program, const cmedia_address *source) {
    unsigned short first = program->count;
    int isIPv4 = source->high == 0 && source->low >> 32 == 0xffff;
    add(program, BPF_LD | BPF_ABS | BPF_B, version);
    add(program, BPF_ALU | BPF_RSH | BPF_K, 4);
    add(program, BPF_JMP | BPF_JEQ | BPF_K, isIPv4 ? 4 : 6);
    if (isIPv4) {
        require(program, BPF_W, sourceIPv4, (uint32_t)source->low);
    } else {
        require(program, BPF_W, sourceIPv6, (uint32_t)(source->high >> 32));
        require(program, BPF_W, sourceIPv6 + 4, (uint32_t)source->high);
        require(program, BPF_W, sourceIPv6 + 8, (uint32_t)(source->low >> 32));
        require(program, BPF_W, sourceIPv6 + 12, (uint32_t)source->low);
    }
    if (source->port) require(program, BPF_H, sourcePort, source->port);
    add(program, BPF_RET | BPF_K, UINT32_MAX);
    // A comparison that fails leads to the rule that follows.
    for (unsigned short index = first; index < program->count; index++) {
        if (BPF_CLASS(program->code[index].code) == BPF_JMP)
            program->code[index].jf = (uint8_t)(program->count - index - 1);
    }
}

int cmedia_gate_set(int descriptor, const cmedia_address sources[], size_t count) {
    struct program program = {.count = 0};
    if (count > CMEDIA_GATE_LIMIT) {
        (void)cmedia_gate_remove(descriptor);
        return -E2BIG;
    }
    for (size_t index = 0; index < count; index++) admit(&program, &sources[index]);
    add(&program, BPF_RET | BPF_K, 0);
    struct sock_fprog filter = {program.count, program.code};
    if (setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) == 0) return 0;
    int error = errno;
    // The former one would keep out whoever is to come in now.
    (void)cmedia_gate_remove(descriptor);
    return -error;
}

int cmedia_gate_remove(int descriptor) {
    int none = 0;
    // Where there is none nothing is to be removed.
    if (setsockopt(descriptor, SOL_SOCKET, SO_DETACH_FILTER, &none, sizeof none) == 0 || errno == ENOENT) return 0;
    return -errno;
}
