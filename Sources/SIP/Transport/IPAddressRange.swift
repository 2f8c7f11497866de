/// Addresses that share their first bits, as CIDR writes them: `203.0.113.0/24`, `2001:db8::/32` (RFC 4632 §3.1,
/// RFC 4291 §2.3).
public struct IPAddressRange: Hashable, Sendable {
    public let base: IPAddress
    public let prefixLength: Int

    /// - Parameter prefixLength: how many of the address's bits count; more than it has are all.
    public init(_ address: IPAddress, prefixLength: Int = .max) {
        base = address.unmapped
        // `::ffff:203.0.113.0/120` is `203.0.113.0/24`.
        let length = base == address ? prefixLength : max(0, prefixLength - 96)
        self.prefixLength = min(length, base.bytes.count * 8)
    }

    /// An address without a length stands for itself alone. Nil for anything else than an address, a slash and a length
    /// within the address's width. Bits beyond the length are ignored.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let base = IPAddress(parts[0]) else { return nil }
        guard parts.count == 2 else {
            self.init(base)
            return
        }
        guard !parts[1].isEmpty, parts[1].utf8.allSatisfy(\.isDigit), let length = Int(parts[1]),
            length <= base.bytes.count * 8
        else { return nil }
        self.init(base, prefixLength: length)
    }

    public func contains(_ address: IPAddress) -> Bool {
        let (left, right) = (address.unmapped.bytes, base.bytes)
        guard left.count == right.count else { return false }
        let whole = prefixLength / 8
        guard left.prefix(whole) == right.prefix(whole) else { return false }
        let rest = prefixLength % 8
        return rest == 0 || (left[whole] ^ right[whole]) >> UInt8(8 - rest) == 0
    }
}

extension IPAddressRange: CustomStringConvertible {
    /// `203.0.113.0/24`; one address alone without its length.
    public var description: String {
        prefixLength == base.bytes.count * 8 ? base.description : "\(base)/\(prefixLength)"
    }
}

extension IPAddress {
    /// An IPv4 peer as a socket for both families shows it, `::ffff:203.0.113.7`, is that IPv4 peer (RFC 4291 §2.5.5.2).
    var unmapped: IPAddress {
        guard case .v6(0, let low) = self, low >> 32 == 0xFFFF else { return self }
        return .v4(UInt32(truncatingIfNeeded: low))
    }
}
