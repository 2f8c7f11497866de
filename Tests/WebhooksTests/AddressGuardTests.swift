import NameResolution
import Testing

@testable import Webhooks

@Suite struct AddressGuardTests {
    @Test(
        "Addresses of the public Internet pass",
        arguments: [
            "8.8.8.8", "1.1.1.1", "93.184.216.34", "11.0.0.0", "9.255.255.255", "100.63.255.255", "100.128.0.0",
            "126.255.255.255", "128.0.0.1", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0",
            "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255", "168.63.129.17",
            "2606:4700::1111", "2a00:1450:4001::200e", "2400:cb00::1", "::ffff:8.8.8.8", "64:ff9b::808:808",
            "2002:808:808::1", "2606:4700::5efe:808:808", "2606:4700::200:5efe:808:808",
        ])
    func permitted(_ text: String) throws {
        let address = try #require(HostAddress(text))
        #expect(AddressGuard().refusal(of: address) == nil)
    }

    @Test(
        "Everything else is refused",
        arguments: [
            ("0.0.0.0", "unspecified"), ("0.1.2.3", "unspecified"), ("10.0.0.1", "private"),
            ("10.255.255.255", "private"),
            ("100.64.0.1", "NAT"), ("100.100.100.200", "NAT"), ("127.0.0.1", "loopback"),
            ("127.255.255.254", "loopback"),
            ("169.254.169.254", "link-local"), ("172.16.0.1", "private"), ("172.31.255.255", "private"),
            ("192.0.0.192", "reserved"), ("192.0.2.1", "documentation"), ("192.88.99.1", "reserved"),
            ("192.168.1.1", "private"), ("198.18.0.1", "benchmarks"), ("198.19.255.255", "benchmarks"),
            ("198.51.100.7", "documentation"), ("203.0.113.9", "documentation"), ("224.0.0.1", "multicast"),
            ("239.255.255.250", "multicast"), ("240.0.0.1", "reserved"), ("255.255.255.255", "reserved"),
            ("168.63.129.16", "metadata"), ("::", "unspecified"), ("::1", "loopback"), ("fe80::1", "link-local"),
            ("fec0::1", "private"), ("fc00::1", "private"), ("fd00:ec2::254", "private"), ("ff02::1", "multicast"),
            ("100::1", "discarding"), ("2001::1", "reserved"), ("2001:db8::1", "documentation"),
            ("3fff::1", "documentation"),
            ("64:ff9b:1::a00:1", "translated"), ("::ffff:127.0.0.1", "loopback"), ("::ffff:10.0.0.1", "private"),
            ("::ffff:169.254.169.254", "link-local"), ("::127.0.0.1", "loopback"), ("::ffff:0:127.0.0.1", "loopback"),
            ("64:ff9b::7f00:1", "loopback"), ("64:ff9b::a9fe:a9fe", "link-local"), ("2002:7f00:1::", "loopback"),
            ("2002:a9fe:a9fe::1", "link-local"), ("2002:c0a8:101::1", "private"),
            // ISATAP (RFC 5214 §6.1), below no prefix, a public one, and 6to4's.
            ("::5efe:7f00:1", "loopback"), ("::5efe:127.0.0.1", "loopback"), ("2606:4700::5efe:a00:1", "private"),
            ("2606:4700::200:5efe:a9fe:a9fe", "link-local"), ("2002:808:808::5efe:7f00:1", "loopback"),
            ("fe80::5efe:808:808", "link-local"),
            // What is given out to nobody (RFC 4291 §2.4).
            ("::1:0:0:1", "reserved"), ("1::1", "reserved"), ("400::1", "reserved"), ("4000::1", "reserved"),
            ("e000::1", "reserved"), ("64:ff9c::1", "reserved"), ("::ffff:1:7f00:1", "reserved"),
        ])
    func refused(_ text: String, _ word: String) throws {
        let address = try #require(HostAddress(text))
        let refusal = try #require(AddressGuard().refusal(of: address))
        #expect(refusal.contains(word))
    }

    @Test(
        "The resolver's spellings of an address are judged as that address",
        arguments: [
            ("127.1", "127.0.0.1"), ("127.0.1", "127.0.0.1"), ("0x7f.1", "127.0.0.1"), ("0x7f000001", "127.0.0.1"),
            ("0177.0.0.1", "127.0.0.1"), ("017700000001", "127.0.0.1"), ("2130706433", "127.0.0.1"),
            ("0x7F.0x0.0x0.0x1", "127.0.0.1"), ("0", "0.0.0.0"), ("10.1", "10.0.0.1"),
            ("0xa9fea9fe", "169.254.169.254"),
            ("169.254.43518", "169.254.169.254"), ("2852039166", "169.254.169.254"), ("::1", "::1"),
            ("0:0:0:0:0:0:0:1", "::1"), ("::ffff:7f00:1", "::ffff:127.0.0.1"), ("fe80::1", "fe80::1"),
        ])
    func spellings(_ text: String, _ standard: String) throws {
        let address = try #require(NameResolver.literal(text))
        #expect(address == HostAddress(standard))
        #expect(AddressGuard().permits(address) == false)
    }

    @Test(
        "A name is no literal address",
        arguments: ["example.com", "localhost", "deadbeef", "1.2.3.4.example.com", "256.256.256.256.x"])
    func names(_ text: String) { #expect(NameResolver.literal(text) == nil) }

    @Test("A range that is allowed opens its addresses and no other")
    func allowed() throws {
        let ranges = try ["127.0.0.0/8", "fd00::/8", "192.168.7.9"].map { try #require(AddressRange($0)) }
        let addressGuard = AddressGuard(allowing: ranges)
        for text in ["127.0.0.1", "::ffff:127.0.0.1", "fd12::1", "192.168.7.9", "8.8.8.8"] {
            #expect(addressGuard.permits(try #require(HostAddress(text))), "\(text)")
        }
        for text in ["10.0.0.1", "::1", "fc00::1", "192.168.7.10", "169.254.169.254"] {
            #expect(!addressGuard.permits(try #require(HostAddress(text))), "\(text)")
        }
    }

    @Test(
        "A range is an address, a slash and a length",
        arguments: [
            "", "/", "10.0.0.0/", "/8", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0/8", "10.0.0.0/8/8",
            "::/129",
            "example.com/8", "10.0.0.0/x", " 10.0.0.0/8",
        ])
    func malformedRanges(_ text: String) { #expect(AddressRange(text) == nil) }

    @Test("Ranges of every length contain what they should")
    func rangeLengths() throws {
        let all4 = try #require(AddressRange("1.2.3.4/0"))
        #expect(all4.contains(.v4(.max)) && !all4.contains(.v6(0, 0)))
        let all6 = try #require(AddressRange("::/0"))
        #expect(all6.contains(.v6(.max, .max)) && !all6.contains(.v4(0)))
        for length in 0...128 {
            let range = try #require(AddressRange("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/\(length)"))
            #expect(range.contains(.v6(.max, .max)))
            for bit in 0..<128 {
                let address: HostAddress =
                    bit < 64 ? .v6(.max ^ (1 << UInt64(63 - bit)), .max) : .v6(.max, .max ^ (1 << UInt64(127 - bit)))
                #expect(range.contains(address) == (bit >= length))
            }
        }
    }

    @Test("No range of the guard's own table is lost to a misspelling")
    func tableIsWhole() { #expect(AddressGuard.specialCount == 28) }

    @Test(
        "Addresses print in their standard form",
        arguments: ["1.2.3.4", "255.255.255.255", "::1", "2001:db8::ff00:42:8329"])
    func printing(_ text: String) { #expect(HostAddress(text)?.description == text) }
}
