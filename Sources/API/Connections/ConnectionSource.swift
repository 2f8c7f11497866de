import Glibc
package import NIOCore

/// Whom a connection is counted as: an IPv4 address, an IPv6 network of 64 bits (any of its addresses is its holder's
/// for the asking, RFC 4291 §2.5.1), or this machine by a Unix socket.
package struct ConnectionSource: Hashable, Sendable, CustomStringConvertible {
    private enum Kind: Hashable {
        case version4(UInt32)
        /// The network's 64 bits.
        case version6(UInt64)
        case local
    }

    private let kind: Kind

    /// Nil stands for what has no address, as a Unix socket's far end.
    package init(_ address: SocketAddress?) {
        self = address?.ipAddress.flatMap { ConnectionSource(text: $0) } ?? ConnectionSource(kind: .local)
    }

    /// Nil for what is no IP address.
    package init?(text: String) {
        // A link's own address names the link too (RFC 4007 §11), which inet_pton(3) does not read.
        let text = String(text.prefix { $0 != "%" })
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &bytes) == 1 {
            kind = .version4(UInt32(Self.number(bytes[0..<4])))
        } else if inet_pton(AF_INET6, text, &bytes) == 1 {
            // ::ffff:192.0.2.1 is what an IPv4 address looks like to a socket of both (RFC 4291 §2.5.5.2).
            let isMapped = Self.number(bytes[0..<8]) == 0 && Self.number(bytes[8..<12]) == 0xFFFF
            kind =
                isMapped ? .version4(UInt32(Self.number(bytes[12..<16]))) : .version6(Self.number(bytes[0..<8]))
        } else {
            return nil
        }
    }

    private init(kind: Kind) { self.kind = kind }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }

    package var description: String {
        switch kind {
        case .version4(let bits):
            stride(from: 24, through: 0, by: -8).map { "\(bits >> UInt32($0) & 0xFF)" }.joined(separator: ".")
        case .version6(let bits):
            stride(from: 48, through: 0, by: -16).map { String(bits >> UInt64($0) & 0xFFFF, radix: 16) }
                .joined(separator: ":") + "::/64"
        case .local: "this machine"
        }
    }
}
