#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// An IP address as a number, for comparison with ranges.
package enum HostAddress: Hashable, Sendable {
    case v4(UInt32)
    /// The upper and the lower 64 bits.
    case v6(UInt64, UInt64)

    /// Parses the standard text forms and no other: four decimal numbers, or RFC 4291 §2.2.
    package init?(_ text: String) {
        // Bytes rather than in_addr: which module that type comes from depends on what else is built with this one.
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &bytes) == 1 {
            self = .v4(bytes.prefix(4).reduce(0) { $0 << 8 | UInt32($1) })
        } else if inet_pton(AF_INET6, text, &bytes) == 1 {
            self = .v6(
                bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }, bytes.suffix(8).reduce(0) { $0 << 8 | UInt64($1) })
        } else {
            return nil
        }
    }

    /// nil for a family that is neither IPv4 nor IPv6.
    ///
    /// - Parameter address: a `sockaddr` of `length` bytes; which module that type comes from depends on what else is
    ///   built with this one.
    package init?(_ address: UnsafeRawPointer, length: Int) {
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let address = address.assumingMemoryBound(to: sockaddr.self)
        guard getnameinfo(address, socklen_t(length), &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0 else {
            return nil
        }
        let host = text.prefix { $0 != 0 && $0 != CChar(UInt8(ascii: "%")) }  // what follows % is the zone
        self.init(String(decoding: host.map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }

    /// From 4 or 16 octets in network order.
    package init?(octets: [UInt8]) {
        switch octets.count {
        case 4: self = .v4(octets.reduce(0) { $0 << 8 | UInt32($1) })
        case 16:
            self = .v6(
                octets.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }, octets.suffix(8).reduce(0) { $0 << 8 | UInt64($1) }
            )
        default: return nil
        }
    }

    /// The same address in 128 bits; IPv4 stands in the lowest 32.
    package var bits: (high: UInt64, low: UInt64) {
        switch self {
        case .v4(let address): (0, UInt64(address))
        case .v6(let high, let low): (high, low)
        }
    }

    /// 32 or 128.
    package var width: Int {
        switch self {
        case .v4: 32
        case .v6: 128
        }
    }
}

extension HostAddress: CustomStringConvertible {
    /// The standard form, without brackets.
    package var description: String {
        switch self {
        case .v4(let address):
            return (0..<4).map { String(UInt8(truncatingIfNeeded: address >> (24 - 8 * $0))) }.joined(separator: ".")
        case .v6(let high, let low):
            let bytes = [high, low].flatMap { half in (0..<8).map { UInt8(truncatingIfNeeded: half >> (56 - 8 * $0)) } }
            var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
            inet_ntop(AF_INET6, bytes, &text, socklen_t(text.count))
            return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }
}
