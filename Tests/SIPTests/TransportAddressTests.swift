import SIP
import Testing

@Suite("Transport addresses")
struct TransportAddressTests {
    @Test(
        "Addresses are read and printed",
        arguments: [
            ("127.0.0.1:5060", "127.0.0.1:5060"), ("192.0.2.255:65535", "192.0.2.255:65535"),
            ("1.2.3.4", "1.2.3.4:5060"),
            ("[::1]:5060", "[::1]:5060"), ("[2001:db8::1]", "[2001:db8::1]:5060"),
            ("[2001:DB8:0:0:1:0:0:1]:5070", "[2001:db8::1:0:0:1]:5070"), ("::", "[::]:5060"),
            ("[1:2:3:4:5:6:7:8]:1", "[1:2:3:4:5:6:7:8]:1"), ("[1:0:3:4:5:6:7:8]:1", "[1:0:3:4:5:6:7:8]:1"),
            ("[::ffff:192.0.2.1]:1", "[::ffff:c000:201]:1"), ("[1::]:1", "[1::]:1"),
        ])
    func readAndPrint(text: String, printed: String) {
        #expect(TransportAddress(text)?.description == printed)
    }

    @Test(
        "What is no address is refused",
        arguments: [
            "", "example.com:5060", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.4:65536", "1.2.3.4:", "[::1", "[::1]x",
            "[1:2:3:4:5:6:7]:1", "[1::2::3]:1", "[:::]:1", "[1:2:3:4:5:6:7:8:9]:1", "[12345::]:1", "1.2.3.4:-1",
            "[:1]:1", "[1:]:1", "[1:2:3:4:5:6:7::8]:1x", "01234.1.1.1",
        ])
    func refused(text: String) {
        #expect(TransportAddress(text) == nil)
    }

    @Test("Bytes and text agree, also for IPv6")
    func bytes() throws {
        let address = try #require(IPAddress("2001:db8::ff00:42:8329"))
        #expect(address.bytes.count == 16)
        #expect(IPAddress(bytes: address.bytes) == address)
        #expect(IPAddress(bytes: [127, 0, 0, 1]) == .loopback)
        #expect(IPAddress(bytes: [1, 2, 3]) == nil)
    }

    @Test("The transport is written before the address where it matters")
    func transports() {
        #expect(TransportAddress("tcp:10.0.0.1:5060")?.transport == .tcp)
        #expect(TransportAddress("tls:10.0.0.1")?.port == 5061)
        #expect(TransportProtocol.udp.isReliable == false)
        #expect(TransportProtocol.tls.isReliable)
    }
}
