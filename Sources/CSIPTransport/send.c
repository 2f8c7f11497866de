#define _GNU_SOURCE
#include "CSIPTransport.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/// The length of the address, or 0 where it is of no known family.
static socklen_t systemAddress(
    const uint8_t *address, size_t addressCount, uint16_t port, struct sockaddr_storage *storage) {
    memset(storage, 0, sizeof *storage);
    if (addressCount == 4) {
        struct sockaddr_in *ipv4 = (struct sockaddr_in *)storage;
        ipv4->sin_family = AF_INET;
        ipv4->sin_port = htons(port);
        memcpy(&ipv4->sin_addr, address, addressCount);
        return sizeof *ipv4;
    }
    if (addressCount == 16) {
        struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)storage;
        ipv6->sin6_family = AF_INET6;
        ipv6->sin6_port = htons(port);
        memcpy(&ipv6->sin6_addr, address, addressCount);
        return sizeof *ipv6;
    }
    return 0;
}

int csip_send(
    int descriptor, const uint8_t *address, size_t addressCount, uint16_t port, const void *bytes, size_t count) {
    struct sockaddr_storage storage;
    socklen_t length = systemAddress(address, addressCount, port, &storage);
    if (length == 0) return -EAFNOSUPPORT;
    // An error may be an earlier datagram's (an ICMP answer): asking has taken it away, so once more.
    for (int attempt = 0; attempt < 2; attempt++) {
        if (sendto(descriptor, bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&storage, length) >= 0) {
            return 0;
        }
        if (errno != ECONNREFUSED && errno != EINTR) break;
    }
    return -errno;
}

int csip_try_port(const uint8_t *address, size_t addressCount, uint16_t port) {
    struct sockaddr_storage storage;
    socklen_t length = systemAddress(address, addressCount, port, &storage);
    if (length == 0) return -EAFNOSUPPORT;
    int descriptor = socket(storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -errno;
    int error = bind(descriptor, (struct sockaddr *)&storage, length) < 0 ? errno : 0;
    close(descriptor);
    return -error;
}
