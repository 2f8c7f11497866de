import Testing

@testable import SDP

/// Descriptions as gear in use writes them. Each form is tried in an answer and in an offer.
@Suite("What a description may look like and be understood all the same")
struct ToleranceTests {
    let local = LocalAudio(address: "127.0.0.1", port: 4000, sessionID: 7, sessionVersion: 1)

    static let plain = """
        v=0\r
        o=- 3890 3890 IN IP4 192.0.2.7\r
        s=-\r
        c=IN IP4 192.0.2.7\r
        t=0 0\r
        m=audio 40000 RTP/AVP 0 101\r
        a=rtpmap:0 PCMU/8000\r
        a=rtpmap:101 telephone-event/8000\r
        a=fmtp:101 0-15\r
        a=sendrecv\r

        """

    static func replacing(_ old: String, _ new: String) -> String { plain.replacing(old, with: new) }

    static let forms: [(name: String, text: String)] = [
        ("plain", plain),
        // RFC 8866 §5: CRLF, and parsers should take LF.
        ("LF alone", replacing("\r\n", "\n")), ("CR alone", replacing("\r\n", "\r")),
        ("no end of the last line", String(plain.dropLast())),
        ("blank lines", replacing("t=0 0", "\r\nt=0 0\r\n") + "\r\n\r\n"), ("a trailing NUL", plain + "\0"),
        ("trailing NULs and junk", plain + "\0\0\u{1}\u{2}rest"), ("a byte order mark", "\u{FEFF}" + plain),
        ("blanks at the lines' ends", replacing("\r\n", " \t\r\n")),
        ("blanks before the lines", " " + replacing("\r\n", "\r\n ")),
        ("blanks around =", replacing("=", " = ")), ("tabs", replacing(" ", "\t")),
        ("doubled blanks", replacing(" ", "  ")),
        // RFC 8866 §5: unknown types are passed over.
        (
            "junk and unknown lines",
            replacing("t=0 0", "junk\r\nx=1\r\n=\r\nk=clear:x\r\nb=AS:64\r\nz=0 0\r\nt=0 0\r\nu=a\r\na=")
        ),
        ("other letters", replacing("s=-", "s=\u{FFFD}\u{E4}")),
        // RFC 8866 §5.2: o= only tells descriptions apart.
        ("no o=", replacing("o=- 3890 3890 IN IP4 192.0.2.7\r\n", "")), ("no v=", replacing("v=0\r\n", "")),
        ("no s= and t=", replacing("s=-\r\n", "").replacing("t=0 0\r\n", with: "")),
        ("o= before v=", replacing("v=0\r\n", "").replacing("s=-", with: "v=0\r\ns=-")),
        ("blanks in the user name", replacing("o=-", "o=Sonus UAC of us")), ("no user name", replacing("o=- ", "o=")),
        ("numbers beyond 64 bits", replacing("3890 3890", "18446744073709551616123 99999999999999999999999")),
        ("no numbers", replacing("3890 3890", "a b")),
        ("a name in o=", replacing("IP4 192.0.2.7\r\ns", "IP4 host.example.net\r\ns")),
        ("o= of another network", replacing("o=- 3890 3890 IN", "o=- 3890 3890 ATM")),
        ("half an o=", replacing(" IN IP4 192.0.2.7\r\ns", "\r\ns")),
        // RFC 8866 §5.7
        ("lower case in c=", replacing("IN IP4", "in ip4")),
        ("a TTL", replacing("192.0.2.7\r\nt", "192.0.2.7/127\r\nt")),
        ("a TTL and a count", replacing("192.0.2.7\r\nt", "192.0.2.7/127/3\r\nt")),
        ("words behind c=", replacing("192.0.2.7\r\nt", "192.0.2.7 x\r\nt")),
        (
            "c= of the stream alone",
            replacing("c=IN IP4 192.0.2.7\r\n", "").replacing("a=fmtp", with: "c=IN IP4 192.0.2.7\r\na=fmtp")
        ),
        ("several c= of the stream", replacing("a=fmtp", "c=IN IP4 192.0.2.7\r\nc=IN IP4 192.0.2.8\r\na=fmtp")),
        ("c= of both families", replacing("c=IN IP4", "c=IN IP6 2001:db8::7\r\nc=IN IP4")),
        // RFC 8866 §5.14
        ("lower-case proto", replacing("RTP/AVP", "rtp/avp")), ("RTP/AVPF", replacing("RTP/AVP", "RTP/AVPF")),
        ("another case of the medium", replacing("m=audio", "m=Audio")),
        ("port and count", replacing("40000", "40000/2")),
        // RFC 8866 §6.6
        ("lower-case codecs", replacing("PCMU", "pcmu")), ("a blank behind rtpmap:", replacing("rtpmap:", "rtpmap: ")),
        ("one channel", replacing("PCMU/8000", "PCMU/8000/1")),
        ("a channel that is missing", replacing("PCMU/8000", "PCMU/8000/")),
        ("no clock rate", replacing("PCMU/8000", "PCMU")),
        ("blanks around the rate", replacing("PCMU/8000", "PCMU / 8000 ")),
        ("words behind rtpmap", replacing("PCMU/8000", "PCMU/8000 (G.711)")),
        ("no rtpmap of a static type", replacing("a=rtpmap:0 PCMU/8000\r\n", "")),
        ("the same rtpmap twice", replacing("a=rtpmap:0 PCMU/8000", "a=rtpmap:0 PCMU/8000\r\na=rtpmap:0 PCMU/8000")),
        (
            "another codec first",
            replacing("AVP 0", "AVP 18 0").replacing("a=fmtp", with: "a=rtpmap:18 G729/8000\r\na=fmtp")
        ),
        ("events first", replacing("0 101", "101 0")),
        ("formats that are no numbers", replacing("0 101", "- x 300 0 101")),
        (
            "attributes nobody knows",
            plain + "a=X-nat:0 Unknown\r\na=silenceSupp:off - - - -\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\n"
        ),
        ("other directions' case", replacing("a=sendrecv", "a=SendRecv")),
        ("a direction with a colon", replacing("a=sendrecv", "a=sendrecv:")),
        // RFC 4733 §2.4.1
        ("no list of events", replacing("a=fmtp:101 0-15\r\n", "")),
        ("other lists of events", replacing("0-15", "0-9,11-16,70")),
        ("a list of events nobody reads", replacing("101 0-15", "101 events=0-15")),
        ("upper-case events", replacing("telephone-event", "TELEPHONE-EVENT")),
        ("events with a channel", replacing("telephone-event/8000", "telephone-event/8000/1")),
        // RFC 3264 §6: further streams are refused.
        ("video as well", plain + "m=video 0 RTP/AVP 31\r\nc=IN IP4\r\n"),
        ("an image as well", plain + "m=image 40002 udptl t38\r\n"),
        ("an application without formats", plain + "m=application x UDP/BFCP\r\na=inactive\r\n"),
    ]

    @Test("In an answer", arguments: forms)
    func answers(name: String, text: String) throws {
        check(try local.agreement(answer: Array(text.utf8)))
    }

    @Test("In an offer", arguments: forms)
    func offers(name: String, text: String) throws {
        let (agreement, answer) = try local.answer(to: Array(text.utf8))
        check(agreement)
        // The answer has the offer's streams, in order, and one that is not refused.
        let read = try SessionDescription(parsing: answer.bytes)
        let offered = try SessionDescription(parsing: Array(text.utf8))
        #expect(read.media.map(\.media) == offered.media.map(\.media))
        #expect(read.media.map(\.transport) == offered.media.map(\.transport))
        #expect(read.media.map(\.port) == [4000] + offered.media.dropFirst().map { _ in 0 })
    }

    private func check(_ agreement: AudioAgreement) {
        #expect(
            agreement
                == AudioAgreement(
                    remoteAddress: "192.0.2.7", remotePort: 40_000, remoteRTCPPort: 40_001, codec: .pcmu,
                    payloadType: 0,
                    telephoneEventPayload: 101, direction: .sendrecv))
    }

    @Test(
        "G.711 under a dynamic number is sent under that number (RFC 3264 §6.1)",
        arguments: [("96", "PCMU/8000", AudioCodec.pcmu), ("127", "pcma/8000/1", .pcma), ("35", "PCMA", .pcma)])
    func dynamicNumber(number: String, encoding: String, codec: AudioCodec) throws {
        let text = Array(
            Self.replacing("AVP 0", "AVP \(number)").replacing(
                "rtpmap:0 PCMU/8000", with: "rtpmap:\(number) \(encoding)"
            )
            .utf8)
        let agreement = try local.agreement(answer: text)
        #expect(agreement.codec == codec)
        #expect(agreement.payloadType == UInt8(number))
        let answer = try local.answer(to: text).answer
        #expect(answer.media[0].formats == [number, "101"])
        #expect(answer.media[0].value(of: "rtpmap") == "\(number) \(codec.rawValue)/8000")
    }

    @Test(
        "What is no G.711 by its rtpmap is none, whatever its number",
        arguments: ["0 PCMU/16000", "0 PCMU/8000/2", "0 G729/8000", "0 L16/8000", "0 PCMU/x"])
    func otherCodecs(rtpmap: String) {
        let text = Array(Self.replacing("0 PCMU/8000", rtpmap).utf8)
        #expect(throws: AudioDisagreement.noCommonCodec) { try local.agreement(answer: text) }
        #expect(throws: AudioDisagreement.noCommonCodec) { try local.answer(to: text) }
    }

    @Test("An answer that takes our number for events and forgets its rtpmap means events; an offer does not")
    func forgottenEvents() throws {
        let text = Array(Self.replacing("a=rtpmap:101 telephone-event/8000\r\n", "").utf8)
        #expect(try local.agreement(answer: text).telephoneEventPayload == 101)
        #expect(try local.answer(to: text).agreement.telephoneEventPayload == nil)
    }

    @Test(
        "Events at another clock rate, of other kinds, or under no dynamic number are none of ours",
        arguments: [
            ("telephone-event/8000", "telephone-event/48000"), ("0-15", "32-49"), ("0-15", "0-3"), ("101", "13"),
            ("101", "72"),
        ])
    func otherEvents(old: String, new: String) throws {
        #expect(try local.agreement(answer: Array(Self.replacing(old, new).utf8)).telephoneEventPayload == nil)
    }

    @Test("A direction and a hold of the session's part hold for the stream (RFC 8866 §6.7, RFC 3264 §8.4)")
    func sessionLevel() throws {
        for (attribute, direction) in [
            ("sendonly", MediaDirection.recvonly), ("recvonly", .sendonly), ("inactive", .inactive),
        ] {
            let text = Self.replacing("a=sendrecv\r\n", "").replacing("t=0 0", with: "t=0 0\r\na=\(attribute)")
            let (agreement, answer) = try local.answer(to: Array(text.utf8))
            #expect(agreement.direction == direction)
            #expect(answer.media[0].hasAttribute(direction.rawValue))
        }
        let held = Self.replacing("c=IN IP4 192.0.2.7", "c=IN IP4 0.0.0.0")
        let (agreement, answer) = try local.answer(to: Array(held.utf8))
        #expect(agreement.direction == .recvonly)
        #expect(answer.media[0].hasAttribute("recvonly"))
    }

    @Test("An address of the stream goes before the session's, whatever that is")
    func streamsAddress() throws {
        let text = Self.replacing("c=IN IP4 192.0.2.7", "c=IN IP4 0.0.0.0").replacing(
            "a=fmtp", with: "c=IN IP4 192.0.2.9\r\na=fmtp")
        let agreement = try local.agreement(answer: Array(text.utf8))
        #expect(agreement.remoteAddress == "192.0.2.9")
        #expect(agreement.direction == .sendrecv)
    }

    @Test(
        "RTCP's port: a=rtcp, with and without an address, else the next (RFC 3605)",
        arguments: [
            ("a=rtcp:6001", 6001), ("a=rtcp: 6001 IN IP4 1.2.3.4", 6001), ("a=rtcp:0", 40_001), ("a=rtcp:x", 40_001),
        ])
    func rtcp(line: String, port: UInt16) throws {
        #expect(try local.agreement(answer: Array((Self.plain + line + "\r\n").utf8)).remoteRTCPPort == port)
    }
}
