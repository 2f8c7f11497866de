import SDP
import Testing

@Suite("Session descriptions (RFC 8866)")
struct SessionDescriptionTests {
    static let typical = """
        v=0\r
        o=- 3890 3890 IN IP4 192.0.2.7\r
        s=-\r
        c=IN IP4 192.0.2.7\r
        t=0 0\r
        m=audio 40000 RTP/AVP 8 0 101\r
        a=rtpmap:8 PCMA/8000\r
        a=rtpmap:0 PCMU/8000\r
        a=rtpmap:101 telephone-event/8000\r
        a=fmtp:101 0-15\r
        a=sendrecv\r

        """

    @Test("A description reads back as it was printed")
    func roundTrip() throws {
        let description = try SessionDescription(parsing: Array(Self.typical.utf8))
        #expect(try SessionDescription(parsing: description.bytes) == description)
        #expect(description.media.first?.formats == ["8", "0", "101"])
    }

    @Test("Lines may end with LF alone, unknown lines are skipped")
    func tolerance() throws {
        let text = Self.typical.replacing("\r\n", with: "\n").replacing("t=0 0", with: "t=0 0\nz=0 0\nk=prompt")
        #expect(try SessionDescription(parsing: Array(text.utf8)).media.count == 1)
    }

    @Test(
        "What is malformed is refused with its line",
        arguments: [
            "", "\r\n", "hello", "v=1\r\n", "o=- 1 1 IN IP4 1.2.3.4\r\n", "v=0\r\nm=audio 70000 RTP/AVP 0\r\n",
            "v=0\r\nm=audio 1\r\n", "v=0\r\nc=IN IP4\r\n", "v=0\r\nc=IN IP9 x\r\n", "v=0\r\nc=ATM NSAP 47.0091\r\n",
            "v=0\r\nm=audio 1 RTP/AVP 0\r\nc=IN IP4 /127\r\n",
            "v=0\r\n" + String(repeating: "m=audio 1 RTP/AVP 0\r\n", count: SDPLimits.mediaDescriptions + 1),
            "v=0\r\nm=audio 1 RTP/AVP" + String(repeating: " 0", count: SDPLimits.formats + 1),
            String(repeating: "\n", count: SDPLimits.lines) + "v=0\r\nm=audio 1 RTP/AVP 0\r\n",
            "v=0\r\nm=audio 1 RTP/AVP 0\r\n" + String(repeating: " ", count: SDPLimits.bytes),
        ])
    func malformed(text: String) {
        #expect(throws: SDPParseError.self) { try SessionDescription(parsing: Array(text.utf8)) }
    }

    @Test("10,000 random changes of a valid description crash nothing")
    func mutations() {
        var state: UInt64 = 0x5EED
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        let local = LocalAudio(address: "127.0.0.1", port: 4000, sessionID: 1, sessionVersion: 1)
        var agreed = 0
        for _ in 0..<10_000 {
            var bytes = Array(Self.typical.utf8)
            for _ in 0...random(4) {
                switch random(3) {
                case 0: bytes[random(bytes.count)] = UInt8(random(256))
                case 1: bytes.remove(at: random(bytes.count))
                default: bytes.insert(UInt8(random(256)), at: random(bytes.count))
                }
            }
            if (try? local.agreement(answer: bytes)) != nil { agreed += 1 }
            _ = try? local.answer(to: bytes)
        }
        #expect(agreed > 1000, "most single changes leave the description usable")
    }

    @Test("A description may be as long as the largest message, and no longer")
    func length() throws {
        var text = Self.typical
        while text.utf8.count < SDPLimits.bytes - 1_000 {
            text += "a=x:" + String(repeating: "y", count: 494) + "\r\n"
        }
        text += "a=x:" + String(repeating: "y", count: 65_535 - text.utf8.count - 6) + "\r\n"
        #expect(text.utf8.count == 65_535)
        _ = try SessionDescription(parsing: Array(text.utf8))
        #expect(throws: (any Error).self) { try SessionDescription(parsing: Array((text + "a").utf8)) }
    }
}
