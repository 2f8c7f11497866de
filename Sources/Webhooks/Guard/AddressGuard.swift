package import NameResolution

/// Which addresses webhooks and audio may be fetched from.
///
/// Customers choose the URLs, so that without a guard they could make this server ask its own network: databases on
/// loopback, routers, the cloud's metadata service. Only addresses of the public Internet pass, and those within
/// ranges that the operator allows (`--webhook-allow`). Judged is the address that a name resolved to, and to that
/// address the connection is pinned (docs/decisions/0003).
package struct AddressGuard: Sendable {
    private let allowed: [AddressRange]

    package init(allowing allowed: [AddressRange] = []) {
        self.allowed = allowed
    }

    package func permits(_ address: HostAddress) -> Bool { refusal(of: address) == nil }

    /// What kind of address it is, in words, when it may not be reached; nil when it may.
    package func refusal(of address: HostAddress) -> String? {
        if allowed.contains(where: { $0.contains(address) }) { return nil }
        // An IPv6 address that a gateway or the kernel turns into an IPv4 address is judged as that one.
        let embedded = Self.embedded(in: address)
        for inner in embedded {
            if let refusal = refusal(of: inner) { return refusal }
        }
        if let special = Self.special.first(where: { $0.range.contains(address) }) { return special.name }
        // Of IPv6 one eighth is given out to the public (RFC 4291 §2.4); what is outside of it and stands for no IPv4
        // address is nobody's, or this network's own.
        if case .v6(let high, _) = address, high >> 61 != 0b001, embedded.isEmpty { return "a reserved address" }
        return nil
    }

    /// The IPv4 addresses that an IPv6 address stands for.
    private static func embedded(in address: HostAddress) -> [HostAddress] {
        guard case .v6(let high, let low) = address else { return [] }
        var found: [HostAddress] = []
        if high == 0, low >> 32 == 0xFFFF { found.append(v4(low)) }  // IPv4-mapped, RFC 4291 §2.5.5.2
        if high == 0, low >> 32 == 0, low > 1 { found.append(v4(low)) }  // IPv4-compatible, RFC 4291 §2.5.5.1
        if high == 0, low >> 32 == 0xFFFF_0000 { found.append(v4(low)) }  // IPv4-translated, RFC 2765 §2.1
        if high == 0x0064_FF9B_0000_0000, low >> 32 == 0 { found.append(v4(low)) }  // NAT64, RFC 6052 §2.1
        if high >> 48 == 0x2002 { found.append(v4(high >> 16)) }  // 6to4, RFC 3056 §2
        // ISATAP below any prefix, RFC 5214 §6.1: the universal bit is set where the IPv4 address is unique.
        if low >> 32 & 0xFDFF_FFFF == 0x0000_5EFE { found.append(v4(low)) }
        return found
    }

    private static func v4(_ bits: UInt64) -> HostAddress { .v4(UInt32(truncatingIfNeeded: bits)) }

    private struct Special {
        let range: AddressRange
        let name: String

        /// The texts below are constants; one that did not parse would fail the guard's tests by its count.
        init?(_ text: String, _ name: String) {
            guard let range = AddressRange(text) else { return nil }
            self.range = range
            self.name = name
        }
    }

    /// How many of the ranges below there are.
    static var specialCount: Int { special.count }

    /// The special-purpose registries of RFC 6890 and later entries in them.
    private static let special: [Special] = [
        // IPv4
        Special("0.0.0.0/8", "an unspecified address"),  // RFC 791 §3.2
        Special("10.0.0.0/8", "a private address"),  // RFC 1918 §3
        Special("100.64.0.0/10", "an address behind a carrier's NAT"),  // RFC 6598 §7
        Special("127.0.0.0/8", "a loopback address"),  // RFC 1122 §3.2.1.3
        Special("169.254.0.0/16", "a link-local address"),  // RFC 3927; cloud metadata services
        Special("172.16.0.0/12", "a private address"),  // RFC 1918 §3
        Special("192.0.0.0/24", "a reserved address"),  // RFC 6890 §2.1
        Special("192.0.2.0/24", "an address for documentation"),  // RFC 5737
        Special("192.88.99.0/24", "a reserved address"),  // RFC 7526
        Special("192.168.0.0/16", "a private address"),  // RFC 1918 §3
        Special("198.18.0.0/15", "an address for benchmarks"),  // RFC 2544 App. C.2.2
        Special("198.51.100.0/24", "an address for documentation"),  // RFC 5737
        Special("203.0.113.0/24", "an address for documentation"),  // RFC 5737
        Special("224.0.0.0/4", "a multicast address"),  // RFC 5771
        Special("240.0.0.0/4", "a reserved address"),  // RFC 1112 §4, and the broadcast address
        Special("168.63.129.16/32", "a cloud's metadata address"),  // a public address that Azure serves inside
        // IPv6
        Special("::/128", "an unspecified address"),  // RFC 4291 §2.5.2
        Special("::1/128", "a loopback address"),  // RFC 4291 §2.5.3
        Special("64:ff9b:1::/48", "a translated address"),  // RFC 8215: the prefix length within is local
        Special("100::/64", "a discarding address"),  // RFC 6666
        Special("2001::/23", "a reserved address"),  // RFC 2928, with Teredo in it (RFC 4380)
        Special("2001:db8::/32", "an address for documentation"),  // RFC 3849
        Special("3fff::/20", "an address for documentation"),  // RFC 9637
        Special("5f00::/16", "a reserved address"),  // RFC 9602
        Special("fc00::/7", "a private address"),  // RFC 4193
        Special("fe80::/10", "a link-local address"),  // RFC 4291 §2.5.6
        Special("fec0::/10", "a private address"),  // RFC 3879
        Special("ff00::/8", "a multicast address"),  // RFC 4291 §2.7
    ].compactMap { $0 }
}
