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
        var v4 = in_addr()
        var v6 = in6_addr()
        if inet_pton(AF_INET, text, &v4) == 1 {
            self = .v4(UInt32(bigEndian: v4.s_addr))
        } else if inet_pton(AF_INET6, text, &v6) == 1 {
            self.init(v6)
        } else {
            return nil
        }
    }

    init(_ address: in6_addr) {
        self = withUnsafeBytes(of: address) { bytes in
            var halves: (UInt64, UInt64) = (0, 0)
            for byte in bytes.prefix(8) { halves.0 = halves.0 << 8 | UInt64(byte) }
            for byte in bytes.dropFirst(8) { halves.1 = halves.1 << 8 | UInt64(byte) }
            return .v6(halves.0, halves.1)
        }
    }

    /// nil for a family that is neither IPv4 nor IPv6.
    init?(_ address: UnsafePointer<sockaddr>) {
        switch CInt(address.pointee.sa_family) {
        case AF_INET:
            self = address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                .v4(UInt32(bigEndian: $0.pointee.sin_addr.s_addr))
            }
        case AF_INET6:
            self = address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { HostAddress($0.pointee.sin6_addr) }
        default: return nil
        }
    }

    /// The same address in 128 bits; IPv4 stands in the lowest 32.
    var bits: (high: UInt64, low: UInt64) {
        switch self {
        case .v4(let address): (0, UInt64(address))
        case .v6(let high, let low): (high, low)
        }
    }

    /// 32 or 128.
    var width: Int {
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
            var address = in6_addr()
            withUnsafeMutableBytes(of: &address) { bytes in
                for index in 0..<8 {
                    bytes[index] = UInt8(truncatingIfNeeded: high >> (56 - 8 * index))
                    bytes[8 + index] = UInt8(truncatingIfNeeded: low >> (56 - 8 * index))
                }
            }
            var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
            inet_ntop(AF_INET6, &address, &text, socklen_t(text.count))
            return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }
}
