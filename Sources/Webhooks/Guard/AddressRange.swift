package import NameResolution

/// A range of addresses in CIDR form, such as `10.0.0.0/8` or `fd00::/8` (RFC 4632 §3.1, RFC 4291 §2.3).
package struct AddressRange: Hashable, Sendable, CustomStringConvertible {
    package let base: HostAddress
    package let prefixLength: Int

    /// An address without a length stands for itself alone. nil for anything else than an address, a slash and a
    /// length within the address's width. Bits beyond the length are ignored.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let base = HostAddress(String(parts[0])) else { return nil }
        self.base = base
        guard parts.count == 2 else {
            prefixLength = base.width
            return
        }
        guard parts[1].utf8.allSatisfy({ (48...57).contains($0) }), let length = Int(parts[1]),
            (0...base.width).contains(length)
        else { return nil }
        prefixLength = length
    }

    package func contains(_ address: HostAddress) -> Bool {
        guard address.width == base.width else { return false }
        // IPv4 lies in the lowest 32 of the 128 bits.
        let length = prefixLength + 128 - base.width
        let (left, right) = (address.bits, base.bits)
        let highMask = Self.mask(min(length, 64))
        let lowMask = Self.mask(max(length - 64, 0))
        return left.high & highMask == right.high & highMask && left.low & lowMask == right.low & lowMask
    }

    package var description: String { "\(base)/\(prefixLength)" }

    /// The highest `count` of 64 bits.
    private static func mask(_ count: Int) -> UInt64 { count == 0 ? 0 : ~0 << UInt64(64 - count) }
}
