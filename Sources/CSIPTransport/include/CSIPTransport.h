// What SIPTransport needs of the system and Swift cannot import: a call with a union in its signature.
#ifndef BELAY_CSIPTRANSPORT_H
#define BELAY_CSIPTRANSPORT_H

#include <stddef.h>
#include <stdint.h>

/// Sends one datagram without waiting. `address` is 4 bytes of IPv4 or 16 of IPv6 in network order, `port` in host order.
/// 0 or -errno.
int csip_send(
    int descriptor, const uint8_t *address, size_t addressCount, uint16_t port, const void *bytes, size_t count);

#endif
