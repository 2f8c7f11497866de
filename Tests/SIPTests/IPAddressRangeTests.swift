import SIP
import Testing

@Suite("Ranges of addresses (RFC 4632 §3.1, RFC 4291 §2.3)")
struct IPAddressRangeTests {
    @Test(
        "A range holds what shares its first bits",
        arguments: [
            ("203.0.113.0/24", "203.0.113.0", true), ("203.0.113.0/24", "203.0.113.255", true),
            ("203.0.113.0/24", "203.0.112.255", false), ("203.0.113.77/24", "203.0.113.1", true),
            ("198.51.100.7", "198.51.100.7", true), ("198.51.100.7", "198.51.100.8", false),
            ("198.51.100.8/29", "198.51.100.15", true), ("198.51.100.8/29", "198.51.100.16", false),
            ("198.51.100.8/31", "198.51.100.9", true), ("10.0.0.0/0", "203.0.113.9", true),
            ("2001:db8::/32", "2001:db8:ffff::1", true), ("2001:db8::/32", "2001:db9::1", false),
            ("2001:db8::1", "2001:db8::1", true), ("[2001:db8::1]", "2001:db8::1", true),
            ("2001:db8:0:8000::/49", "2001:db8:0:8001::1", true), ("::/0", "203.0.113.9", false),
            // A socket for both families shows IPv4 peers so (RFC 4291 §2.5.5.2).
            ("203.0.113.0/24", "::ffff:203.0.113.9", true), ("::ffff:203.0.113.0/120", "203.0.113.9", true),
            ("::ffff:203.0.113.9", "203.0.113.9", true), ("0.0.0.0/0", "::1", false),
        ])
    func contains(range: String, address: String, isInside: Bool) throws {
        let range = try #require(IPAddressRange(range))
        #expect(range.contains(try #require(IPAddress(address))) == isInside)
    }

    @Test(
        "Anything else is none",
        arguments: [
            "", "/", "/24", "203.0.113.0/", "203.0.113.0/33", "203.0.113.0/-1", "203.0.113/24", "host", "::/129",
            "1.2.3.4/8/8",
        ])
    func none(text: String) {
        #expect(IPAddressRange(text) == nil)
    }
}
