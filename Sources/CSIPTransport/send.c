#define _GNU_SOURCE
#include "CSIPTransport.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

int csip_send(
    int descriptor, const uint8_t *address, size_t addressCount, uint16_t port, const void *bytes, size_t count) {
    struct sockaddr_storage storage;
    socklen_t length;
    memset(&storage, 0, sizeof storage);
    if (addressCount == 4) {
        struct sockaddr_in *target = (struct sockaddr_in *)&storage;
        target->sin_family = AF_INET;
        target->sin_port = htons(port);
        memcpy(&target->sin_addr, address, addressCount);
        length = sizeof *target;
    } else if (addressCount == 16) {
        struct sockaddr_in6 *target = (struct sockaddr_in6 *)&storage;
        target->sin6_family = AF_INET6;
        target->sin6_port = htons(port);
        memcpy(&target->sin6_addr, address, addressCount);
        length = sizeof *target;
    } else {
        return -EAFNOSUPPORT;
    }
    // An error may be an earlier datagram's (an ICMP answer): asking has taken it away, so once more.
    for (int attempt = 0; attempt < 2; attempt++) {
        if (sendto(descriptor, bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&storage, length) >= 0) {
            return 0;
        }
        if (errno != ECONNREFUSED && errno != EINTR) break;
    }
    return -errno;
}
