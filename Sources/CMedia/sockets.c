// UDP sockets, addresses, and batches of datagrams.
#define _GNU_SOURCE
#include "CMedia.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const uint64_t mappedPrefix = 0x0000ffff00000000ULL;

static int isIPv4Mapped(const cmedia_address *address) {
    return address->high == 0 && (address->low & 0xffffffff00000000ULL) == mappedPrefix;
}

static uint64_t loadBigEndian(const uint8_t *bytes) {
    uint64_t value = 0;
    for (int index = 0; index < 8; index++) value = value << 8 | bytes[index];
    return value;
}

static void storeBigEndian(uint64_t value, uint8_t *bytes) {
    for (int index = 7; index >= 0; index--, value >>= 8) bytes[index] = (uint8_t)value;
}

static void setIPv4(cmedia_address *address, struct in_addr ip, in_port_t port) {
    address->high = 0;
    address->low = mappedPrefix | ntohl(ip.s_addr);
    address->scope = 0;
    address->port = ntohs(port);
}

static void setIPv6(cmedia_address *address, const struct in6_addr *ip, in_port_t port, uint32_t scope) {
    address->high = loadBigEndian(ip->s6_addr);
    address->low = loadBigEndian(ip->s6_addr + 8);
    address->scope = scope;
    address->port = ntohs(port);
}

static socklen_t systemAddress(const cmedia_address *address, int isIPv6, struct sockaddr_storage *storage) {
    if (!isIPv6) {
        struct sockaddr_in *ipv4 = (struct sockaddr_in *)storage;
        memset(ipv4, 0, sizeof *ipv4);
        ipv4->sin_family = AF_INET;
        ipv4->sin_port = htons(address->port);
        ipv4->sin_addr.s_addr = htonl((uint32_t)address->low);
        return sizeof *ipv4;
    }
    struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)storage;
    memset(ipv6, 0, sizeof *ipv6);
    ipv6->sin6_family = AF_INET6;
    ipv6->sin6_port = htons(address->port);
    ipv6->sin6_scope_id = address->scope;
    storeBigEndian(address->high, ipv6->sin6_addr.s6_addr);
    storeBigEndian(address->low, ipv6->sin6_addr.s6_addr + 8);
    return sizeof *ipv6;
}

int cmedia_address_parse(const char *text, uint16_t port, cmedia_address *address) {
    struct in_addr ipv4;
    struct in6_addr ipv6;
    if (inet_pton(AF_INET, text, &ipv4) == 1) {
        setIPv4(address, ipv4, htons(port));
        return 0;
    }
    // A zone ("fe80::1%eth0", RFC 4007 §11) is not part of what inet_pton reads.
    char literal[INET6_ADDRSTRLEN + 1];
    uint32_t scope = 0;
    const char *zone = strchr(text, '%');
    size_t length = zone ? (size_t)(zone - text) : strlen(text);
    if (length >= sizeof literal) return -EINVAL;
    memcpy(literal, text, length);
    literal[length] = 0;
    if (zone && (scope = if_nametoindex(zone + 1)) == 0) return -EINVAL;
    if (inet_pton(AF_INET6, literal, &ipv6) != 1) return -EINVAL;
    setIPv6(address, &ipv6, htons(port), scope);
    return 0;
}

int cmedia_address_print(const cmedia_address *address, char *text, size_t capacity) {
    if (isIPv4Mapped(address)) {
        struct in_addr ipv4 = {.s_addr = htonl((uint32_t)address->low)};
        return inet_ntop(AF_INET, &ipv4, text, (socklen_t)capacity) ? 0 : -errno;
    }
    struct in6_addr ipv6;
    storeBigEndian(address->high, ipv6.s6_addr);
    storeBigEndian(address->low, ipv6.s6_addr + 8);
    return inet_ntop(AF_INET6, &ipv6, text, (socklen_t)capacity) ? 0 : -errno;
}

int cmedia_udp_open(const cmedia_address *local, int *isIPv6) {
    *isIPv6 = !isIPv4Mapped(local);
    int descriptor = socket(*isIPv6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) return -errno;

    int on = 1;
    int expeditedForwarding = 46 << 2;
    // Neither is needed for a call to work, so that a system which refuses them does not end it.
    (void)setsockopt(descriptor, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
    (void)(*isIPv6
        ? setsockopt(descriptor, IPPROTO_IPV6, IPV6_TCLASS, &expeditedForwarding, sizeof expeditedForwarding)
        : setsockopt(descriptor, IPPROTO_IP, IP_TOS, &expeditedForwarding, sizeof expeditedForwarding));

    struct sockaddr_storage storage;
    socklen_t length = systemAddress(local, *isIPv6, &storage);
    if (bind(descriptor, (struct sockaddr *)&storage, length) < 0) {
        int error = errno;
        close(descriptor);
        return -error;
    }
    return descriptor;
}

static int readAddress(const struct sockaddr_storage *storage, cmedia_address *address) {
    if (storage->ss_family == AF_INET) {
        const struct sockaddr_in *ipv4 = (const struct sockaddr_in *)storage;
        setIPv4(address, ipv4->sin_addr, ipv4->sin_port);
        return 0;
    }
    if (storage->ss_family == AF_INET6) {
        const struct sockaddr_in6 *ipv6 = (const struct sockaddr_in6 *)storage;
        setIPv6(address, &ipv6->sin6_addr, ipv6->sin6_port, ipv6->sin6_scope_id);
        return 0;
    }
    memset(address, 0, sizeof *address);
    return -EAFNOSUPPORT;
}

int cmedia_udp_port(int descriptor) {
    struct sockaddr_storage storage;
    socklen_t length = sizeof storage;
    if (getsockname(descriptor, (struct sockaddr *)&storage, &length) < 0) return -errno;
    cmedia_address address;
    int error = readAddress(&storage, &address);
    return error ? error : address.port;
}

ssize_t cmedia_udp_send(int descriptor, int isIPv6, const cmedia_address *to, const void *bytes, size_t count) {
    struct sockaddr_storage storage;
    socklen_t length = systemAddress(to, isIPv6, &storage);
    ssize_t sent = sendto(
        descriptor, bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&storage, length);
    return sent < 0 ? -errno : sent;
}

#define CONTROL_BYTES CMSG_SPACE(sizeof(struct timespec))

// Sockets are read several times a second. What seems to have lain there for longer says that somebody has set the clock
// that the kernel stamps by.
static const int64_t longestLying = 1000000000;

struct cmedia_inbox {
    unsigned capacity;
    struct mmsghdr *messages;
    struct iovec *vectors;
    struct sockaddr_storage *sources;
    uint8_t *controls;
    uint8_t *bytes;
    // When the latest batch was taken.
    int64_t monotonic;
    int64_t realtime;
};

cmedia_inbox *cmedia_inbox_create(unsigned datagrams, unsigned bytesEach) {
    cmedia_inbox *inbox = calloc(1, sizeof *inbox);
    if (!inbox) return NULL;
    inbox->capacity = datagrams;
    inbox->messages = calloc(datagrams, sizeof *inbox->messages);
    inbox->vectors = calloc(datagrams, sizeof *inbox->vectors);
    inbox->sources = calloc(datagrams, sizeof *inbox->sources);
    inbox->controls = calloc(datagrams, CONTROL_BYTES);
    inbox->bytes = calloc(datagrams, bytesEach);
    if (!inbox->messages || !inbox->vectors || !inbox->sources || !inbox->controls || !inbox->bytes) {
        cmedia_inbox_destroy(inbox);
        return NULL;
    }
    for (unsigned index = 0; index < datagrams; index++) {
        inbox->vectors[index] = (struct iovec){inbox->bytes + (size_t)index * bytesEach, bytesEach};
        struct msghdr *header = &inbox->messages[index].msg_hdr;
        header->msg_iov = &inbox->vectors[index];
        header->msg_iovlen = 1;
        header->msg_name = &inbox->sources[index];
        header->msg_control = inbox->controls + index * CONTROL_BYTES;
    }
    return inbox;
}

void cmedia_inbox_destroy(cmedia_inbox *inbox) {
    if (!inbox) return;
    free(inbox->messages);
    free(inbox->vectors);
    free(inbox->sources);
    free(inbox->controls);
    free(inbox->bytes);
    free(inbox);
}

int cmedia_inbox_receive(cmedia_inbox *inbox, int descriptor) {
    for (unsigned index = 0; index < inbox->capacity; index++) {
        struct msghdr *header = &inbox->messages[index].msg_hdr;
        if (header->msg_namelen == sizeof(struct sockaddr_storage) && header->msg_controllen == CONTROL_BYTES) break;
        header->msg_namelen = sizeof(struct sockaddr_storage);
        header->msg_controllen = CONTROL_BYTES;
    }
    int taken;
    do taken = recvmmsg(descriptor, inbox->messages, inbox->capacity, MSG_DONTWAIT, NULL);
    while (taken < 0 && errno == EINTR);
    if (taken < 0) return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -errno;
    inbox->realtime = cmedia_realtime_nanoseconds();
    inbox->monotonic = cmedia_monotonic_nanoseconds();
    return taken;
}

cmedia_datagram cmedia_inbox_datagram(const cmedia_inbox *inbox, unsigned index) {
    struct mmsghdr *message = &inbox->messages[index];
    cmedia_datagram datagram = {
        .bytes = message->msg_hdr.msg_iov->iov_base,
        .count = message->msg_len,
        .isTruncated = (message->msg_hdr.msg_flags & MSG_TRUNC) != 0,
    };
    (void)readAddress(&inbox->sources[index], &datagram.source);
    int64_t lying = 0;
    for (struct cmsghdr *control = CMSG_FIRSTHDR(&message->msg_hdr); control;
         control = CMSG_NXTHDR(&message->msg_hdr, control)) {
        if (control->cmsg_level == SOL_SOCKET && control->cmsg_type == SCM_TIMESTAMPNS) {
            struct timespec time;
            memcpy(&time, CMSG_DATA(control), sizeof time);
            lying = inbox->realtime - ((int64_t)time.tv_sec * 1000000000 + time.tv_nsec);
        }
    }
    if (lying < 0 || lying > longestLying) lying = 0;
    datagram.arrivalNanoseconds = inbox->monotonic - lying;
    return datagram;
}
