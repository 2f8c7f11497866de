// What SIPTransport needs of the system and Swift cannot import: calls with a union in their signatures.
#ifndef BELAY_CSIPTRANSPORT_H
#define BELAY_CSIPTRANSPORT_H

#include <stddef.h>
#include <stdint.h>

/// Sends one datagram without waiting. `address` is 4 bytes of IPv4 or 16 of IPv6 in network order, `port` in host order.
/// 0 or -errno.
int csip_send(
    int descriptor, const uint8_t *address, size_t addressCount, uint16_t port, const void *bytes, size_t count);

/// Binds a UDP socket there and closes it again: 0, or -errno (-EADDRINUSE where somebody holds the port). The address as above.
int csip_try_port(const uint8_t *address, size_t addressCount, uint16_t port);

#endif
