import Testing

@testable import NameResolution

@Suite struct HostAddressTests {
    @Test("Four octets are an IPv4 address and sixteen an IPv6 one, the highest first; no other number is one")
    func octets() {
        #expect(HostAddress(octets: [192, 0, 2, 1]) == .v4(0xC000_0201))
        let sixteen = Array<UInt8>(0...15)
        #expect(HostAddress(octets: sixteen) == .v6(0x0001_0203_0405_0607, 0x0809_0A0B_0C0D_0E0F))
        for count in [0, 3, 5, 8, 15, 17] {
            #expect(HostAddress(octets: Array(repeating: 1, count: count)) == nil, "\(count)")
        }
    }

    @Test("A text is read to the letter: the standard forms, and no other")
    func text() {
        #expect(HostAddress("192.0.2.1") == .v4(0xC000_0201))
        #expect(HostAddress("1:2:3:4:5:6:7:8") == .v6(0x0001_0002_0003_0004, 0x0005_0006_0007_0008))
        for text in ["127.1", "0x7f000001", "192.0.2.256", "[::1]", "fe80::1%lo", "localhost", ""] {
            #expect(HostAddress(text) == nil, "\(text)")
        }
    }

    @Test("In 128 bits IPv4 stands in the lowest 32, and its width tells the two apart")
    func bits() {
        let four = HostAddress.v4(0xFFFF_FFFF), six = HostAddress.v6(1, 2)
        #expect(four.bits == (0, 0xFFFF_FFFF) && four.width == 32)
        #expect(six.bits == (1, 2) && six.width == 128)
    }

    @Test("Where a link-local address is written with its zone, the address is taken without it (RFC 4007 §11)")
    func zone() { #expect(NameResolver.literal("fe80::1%1") == .v6(0xFE80_0000_0000_0000, 1)) }
}
