import Testing

@testable import SDP

@Suite("What comes from the network has limits, each to the last one")
struct LimitTests {
    private static func description(session: [String] = [], _ lines: [String]) -> [UInt8] {
        let all = ["v=0", "o=- 1 1 IN IP4 192.0.2.9", "s=-"] + session + ["t=0 0"] + lines
        return Array((all.joined(separator: "\r\n")).utf8)
    }

    private static func fault(_ bytes: [UInt8]) -> SDPParseError? {
        do { _ = try SessionDescription(parsing: bytes) } catch { return error }
        return nil
    }

    private static let audio = "m=audio 5000 RTP/AVP 0"

    @Test("A thousand lines")
    func lines() throws {
        let more = Array(repeating: "a=x", count: 1000 - 5)
        #expect(Self.fault(Self.description([Self.audio] + more)) == nil)
        let fault = try #require(Self.fault(Self.description([Self.audio] + more + ["a=x"])))
        #expect(fault.line == 1001 && fault.description == "line 1001: more than 1000 lines")
    }

    @Test("32 streams, of 128 formats each")
    func streams() throws {
        #expect(Self.fault(Self.description(Array(repeating: Self.audio, count: 32))) == nil)
        let fault = try #require(Self.fault(Self.description(Array(repeating: Self.audio, count: 33))))
        #expect(fault.line == 4 + 33 && fault.explanation == "more than 32 m= lines")
        for (count, isTaken) in [(128, true), (129, false)] {
            let line = "m=audio 5000 RTP/AVP" + (0..<count).map { " \($0)" }.joined()
            #expect((Self.fault(Self.description([line])) == nil) == isTaken)
        }
    }

    @Test("Eight addresses of the session, and of a stream; further ones are passed over")
    func connections() throws {
        let addresses = (1...9).map { "c=IN IP4 192.0.2.\($0)" }
        let read = try SessionDescription(
            parsing: Self.description(session: addresses, [Self.audio] + addresses.reversed()))
        #expect(read.connections.map(\.host) == (1...8).map { "192.0.2.\($0)" })
        #expect(read.media[0].connections.map(\.host) == (2...9).reversed().map { "192.0.2.\($0)" })
        for (count, isTaken) in [(255, true), (256, false)] {
            let line = "c=IN IP4 " + String(repeating: "h", count: count)
            #expect((Self.fault(Self.description(session: [line], [Self.audio])) == nil) == isTaken)
        }
        #expect(Self.fault(Self.description(session: ["c=IN IP4 /127"], [Self.audio]))?.explanation == "no address")
    }

    @Test("What a session says of all its streams is printed before them, and read back (RFC 8866 §5)")
    func printed() throws {
        var description = SessionDescription(
            origin: nil, connection: ConnectionAddress(host: "2001:db8::1"),
            attributes: [Attribute("sendonly"), Attribute("tool", "x:y")],
            media: [
                MediaDescription(
                    media: "audio", port: 5000, transport: "RTP/AVP", formats: ["0", "8"],
                    connection: ConnectionAddress(host: "192.0.2.1"), attributes: [Attribute("ptime", "20")])
            ])
        #expect(
            String(decoding: description.bytes, as: UTF8.self)
                == "v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nc=IN IP6 2001:db8::1\r\nt=0 0\r\na=sendonly\r\na=tool:x:y\r\n"
                + "m=audio 5000 RTP/AVP 0 8\r\nc=IN IP4 192.0.2.1\r\na=ptime:20\r\n")
        description.origin = .init(sessionID: 0, sessionVersion: 0, address: ConnectionAddress(host: "0.0.0.0"))
        #expect(try SessionDescription(parsing: description.bytes) == description)
    }
}

@Suite struct AgreementWordTests {
    @Test("A disagreement is told in words, and by its warn-code (RFC 3261 §20.43)")
    func disagreements() {
        let malformed = SDPParseError(line: 3, explanation: "why")
        let all: [(AudioDisagreement, String, Int)] = [
            (.malformed(malformed), "the SDP is malformed: line 3: why", 399),
            (.noAudioStream, "no audio stream", 304), (.refused, "refused (port 0)", 304),
            (.noCommonTransport("RTP/SAVP"), "audio by RTP/SAVP; RTP/AVP", 302), (.noCommonCodec, "PCMU and PCMA", 305),
            (.noAddress, "no connection address", 301),
        ]
        for (fault, words, code) in all {
            #expect(fault.explanation.contains(words), "\(fault)")
            #expect(fault.warningCode == code, "\(fault)")
        }
        #expect(SDPParseError(line: 0, explanation: "why").description == "why")
    }

    @Test("Each direction sends and receives as it says, and its mirror does the contrary (RFC 3264 §6.1)")
    func directions() {
        for (direction, sends, receives) in [
            (MediaDirection.sendrecv, true, true), (.sendonly, true, false), (.recvonly, false, true),
            (.inactive, false, false),
        ] {
            #expect(direction.sends == sends && direction.receives == receives)
            #expect(direction.mirrored.sends == receives && direction.mirrored.receives == sends)
        }
    }

    @Test("On hold by 0.0.0.0 nothing is sent to there, whatever else is said (RFC 3264 §8.4)")
    func held() throws {
        let local = LocalAudio(address: "127.0.0.1", port: 4000, sessionID: 7, sessionVersion: 1)
        for (said, direction) in [
            ("sendrecv", MediaDirection.recvonly), ("sendonly", .recvonly), ("recvonly", .inactive),
            ("inactive", .inactive),
        ] {
            for host in ["IP4 0.0.0.0", "IP6 ::"] {
                let answer = "v=0\r\ns=-\r\nc=IN \(host)\r\nt=0 0\r\nm=audio 5000 RTP/AVP 0\r\na=\(said)\r\n"
                #expect(try local.agreement(answer: Array(answer.utf8)).direction == direction, "\(said)")
            }
        }
    }

    @Test("What was issued by an earlier process is gone on from: its version, and its streams' places (RFC 3264 §8)")
    func noted() throws {
        var local = LocalAudio(address: "127.0.0.1", port: 4000, sessionID: 7, sessionVersion: 1)
        let former =
            "v=0\r\no=- 7 9 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\nm=audio 4000 RTP/AVP 0\r\n"
        local.noteIssued(Array(former.utf8))
        #expect(local.sessionVersion == 9)
        #expect(local.offer.media.map(\.port) == [0, 4000])
        let bytes = local.issue(local.offer)
        #expect(try SessionDescription(parsing: bytes).origin?.sessionVersion == 10)
        local.noteIssued(Array("nonsense".utf8))
        #expect(local.sessionVersion == 10 && local.latest != nil)
    }
}
