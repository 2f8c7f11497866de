import Testing

@testable import SIP

@Suite("Header fields")
struct HeaderTests {
    @Test(
        "Compact forms and other cases are the same name",
        arguments: [
            ("v", "Via"), ("VIA", "via"), ("f", "From"), ("t", "To"), ("i", "call-id"), ("m", "Contact"),
            ("l", "content-length"), ("c", "Content-Type"), ("k", "Supported"), ("X-Custom", "x-custom"),
        ])
    func names(left: String, right: String) {
        #expect(SIPHeaderName(left) == SIPHeaderName(right))
        #expect(SIPHeaderName(left).hashValue == SIPHeaderName(right).hashValue)
    }

    @Test("Different names differ")
    func differentNames() {
        #expect(SIPHeaderName("Via") != SIPHeaderName("Vib"))
        #expect(SIPHeaderName("X-A") != SIPHeaderName("X-B"))
        #expect(SIPHeaderName("Route") != SIPHeaderName("Record-Route"))
    }

    @Test("A list is split at commas outside quotes and angle brackets")
    func lists() throws {
        var headers = SIPHeaders()
        headers.append(.contact, "\"Smith, \\\"J\\\", x\" <sip:a@h;x=1,2>;q=0.5, <sip:b@h>")
        headers.append("m", "sip:c@h;expires=5")
        #expect(headers.values(.contact).count == 3)
        let addresses = try headers.addresses(.contact)
        #expect(addresses[0].displayName == "Smith, \"J\", x")
        #expect(addresses[0].parameters["q"] == "0.5")
        #expect(addresses[2].uri.sip?.parameters.isEmpty == true)
        #expect(addresses[2].parameters["expires"] == "5")
    }

    @Test("Setting a field replaces all of its name, nil removes them")
    func setting() {
        var headers = SIPHeaders()
        headers.append(.via, "a")
        headers.append(.to, "t")
        headers.append(.via, "b")
        headers[.via] = "c"
        #expect(headers.all(.via) == ["c"])
        #expect(headers.fields.first?.value == "c")
        headers[.via] = nil
        #expect(!headers.contains(.via))
        #expect(headers[.to] == "t")
    }

    @Test("What was parsed once is parsed again after a change")
    func parsedOnce() throws {
        guard case .request(var request) = try SIPMessage(parsing: incomingInvite().bytes) else {
            Issue.record("no request")
            return
        }
        #expect(try request.headers.topVia().branch == "z9hG4bKin1")
        request.headers.prepend(.via, "SIP/2.0/UDP h;branch=z9hG4bKproxy")
        #expect(try request.headers.topVia().branch == "z9hG4bKproxy")
        request.headers[.from] = "<sip:other@h>;tag=x"
        #expect(try request.headers.from().tag == "x")
        guard case .request(var again) = try SIPMessage(parsing: incomingInvite().bytes) else { return }
        again.headers.markTopVia(try again.headers.topVia(), received: "192.0.2.1", receivedPort: nil)
        #expect(try again.headers.topVia().received == "192.0.2.1")
        #expect(again.headers[.via]?.hasSuffix(";received=192.0.2.1") == true)
        #expect(try again.headers.from().tag == "caller")
        again.headers[.cseq] = "9 INVITE"
        #expect(try again.headers.cseq().number == 9)
    }

    @Test("A line end in a value cannot become a header field")
    func injection() throws {
        var request = SIPRequest(method: .options, uri: .sip(SIPURI(host: "h")))
        request.headers.append("Subject", "x\r\nVia: evil")
        let text = String(decoding: request.bytes, as: UTF8.self)
        #expect(text.contains("Subject: x  Via: evil\r\n"))
        #expect(!text.contains("\nVia"))
    }

    @Test(
        "Addresses are read and printed",
        arguments: [
            (
                "\"A. G. Bell\" <sip:agb@bell-telephone.com> ;tag=a48s",
                "\"A. G. Bell\" <sip:agb@bell-telephone.com>;tag=a48s"
            ),
            ("sip:+12125551212@server.phone2net.com;tag=887s", "<sip:+12125551212@server.phone2net.com>;tag=887s"),
            (
                "Anonymous <sip:c8oqz84zk7z@privacy.org>;tag=hyh8",
                "\"Anonymous\" <sip:c8oqz84zk7z@privacy.org>;tag=hyh8"
            ),
            ("<sip:a@h>", "<sip:a@h>"), ("\"\" <sip:a@h>", "\"\" <sip:a@h>"),
            ("<tel:+1555>;tag=1", "<tel:+1555>;tag=1"),
        ])
    func addresses(text: String, printed: String) throws {
        #expect(try NameAddress(text).description == printed)
    }

    @Test(
        "What is no address is refused",
        arguments: ["", "<sip:a@h", "\"x <sip:a@h>", "\"x\" sip:a@h", "a@h", "Bell, Alexander <sip:agb@h>", "<>"])
    func badAddresses(text: String) {
        #expect(throws: SIPParseError.self) { try NameAddress(text) }
    }

    @Test(
        "A From that names nobody is anonymous's, with its tag (RFC 3323 §4.1.1.3)",
        arguments: ["<>", "< >", "\"Anonymous\" <>", "Anonymous", "\"\"", ""])
    func nobody(text: String) throws {
        var headers = SIPHeaders()
        headers.append(.from, "\(text);tag=a6c8")
        #expect(try headers.from().description == "<sip:anonymous@anonymous.invalid>;tag=a6c8")
        headers[.to] = "\(text);tag=a6c8"
        #expect(throws: SIPParseError.self) { try headers.to() }
    }

    @Test(
        "A From that was meant for an address and is none is refused",
        arguments: ["a@h", "sip:", "<a@h>", "<sip:a@h", "\"x\" sip:a@h", "sip:a@h, <>", "Bob, Jr. <>", "> <"])
    func badFrom(text: String) {
        var headers = SIPHeaders()
        headers.append(.from, text)
        #expect(throws: SIPParseError.self) { try headers.from() }
    }

    @Test("A Via with blanks in its protocol, a host, a port and parameters is read")
    func via() throws {
        let via = try Via("SIP / 2.0 / udp first.example.com: 4000;ttl=16 ;maddr=224.2.0.1 ;branch=z9hG4bKa7c6a8dlze.1")
        #expect(via.transport == "UDP")
        #expect(via.sentBy == "first.example.com:4000")
        #expect(via.branch == "z9hG4bKa7c6a8dlze.1")
        #expect(via.hasUniqueBranch)
        #expect(try Via("SIP/2.0/UDP [2001:db8::9:1];branch=x;rport").host == "[2001:db8::9:1]")
        #expect(try !Via("SIP/2.0/UDP h;branch=x").hasUniqueBranch)
        #expect(try Via("SIP/2.0/UDP h;rport=99;received=1.2.3.4").receivedPort == 99)
    }

    @Test(
        "What is no Via is refused",
        arguments: [
            "", "SIP/2.0/UDP", "SIP/2.0 h", "SIP/3.0/UDP h", "SIP/2.0/UDP h:x", "SIP/2.0/UDP h:0", "UDP h",
            "SIP/2.0/UDP ;a",
        ])
    func badVia(text: String) {
        #expect(throws: SIPParseError.self) { try Via(text) }
    }

    @Test("CSeq numbers end at 2^31 - 1 (RFC 3261 §8.1.1.5)")
    func cseq() throws {
        #expect(try CSeq("0009  INVITE") == CSeq(9, .invite))
        #expect(try CSeq("2147483647 BYE").number == 2_147_483_647)
        for text in ["2147483648 BYE", "36893488147419103232 BYE", "-1 BYE", "1", "BYE", "1 BY E", ""] {
            #expect(throws: SIPParseError.self) { try CSeq(text) }
        }
    }
}
