import JSON
import SDP
import SIP
import Telephony
import Testing

@testable import CallControl

/// A far end that says what the test wants in its descriptions.
extension Bench {
    static func description(
        _ host: String, port: Int = 50_000, formats: String = "0 101", direction: String = "sendrecv"
    ) -> [UInt8] {
        let family = host.utf8.contains(UInt8(ascii: ":")) ? "IP6" : "IP4"
        return Array(
            """
            v=0\r
            o=- 1 1 IN \(family) \(host)\r
            s=-\r
            c=IN \(family) \(host)\r
            t=0 0\r
            m=audio \(port) RTP/AVP \(formats)\r
            a=rtpmap:101 telephone-event/8000\r
            a=\(direction)\r

            """.utf8)
    }

    mutating func farAnswer(with description: [UInt8]) {
        guard let id = invited else { return }
        farStep { agent, random, now, effects in
            agent.answer(id, sdp: description, now: now, random: &random, into: &effects)
        }
    }

    mutating func farProgress(with description: [UInt8]) {
        guard let id = invited else { return }
        farStep { agent, random, now, effects in
            agent.progress(id, sdp: description, now: now, random: &random, into: &effects)
        }
    }

    var sentMessages: [SIPMessage] {
        effects.compactMap { if case .send(let bytes, _) = $0 { try? SIPMessage(parsing: bytes) } else { nil } }
    }

    /// A request of the far end in the dialog of our call, made of our ACK.
    mutating func farRequest(_ method: SIPMethod, cseq: UInt32, branch: String, _ body: [UInt8]? = nil) {
        let ack = sentMessages.lazy.compactMap { message -> SIPRequest? in
            if case .request(let request) = message, request.method == .ack { request } else { nil }
        }.first
        guard let ack else { return }
        var request = SIPRequest(
            method: method, uri: .sip(SIPURI(user: "belay", host: "127.0.0.1", port: 5060)), body: body ?? [])
        request.headers.append(.via, "SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK\(branch)")
        request.headers.append(.from, ack.headers[.to] ?? "")
        request.headers.append(.to, ack.headers[.from] ?? "")
        request.headers.append(.callID, ack.headers.callID ?? "")
        request.headers.append(.cseq, "\(cseq) \(method)")
        request.headers.append(.contact, "<sip:far@127.0.0.1:5070>")
        if body != nil { request.headers.append(.contentType, "application/sdp") }
        give(.datagramReceived(request.bytes, from: Self.remote))
    }

    /// Our answers to a request of the far end.
    func responses(to cseq: UInt32) -> [SIPResponse] {
        sentMessages.compactMap { message in
            guard case .response(let response) = message, (try? response.headers.cseq())?.number == cseq else {
                return nil
            }
            return response
        }
    }

    /// The description in our latest answer that has one: the fixture's disk is done before the 100 is in its list.
    func described(to cseq: UInt32) -> [UInt8] { responses(to: cseq).last { !$0.body.isEmpty }?.body ?? [] }

    var connections: [MediaConnection] {
        effects.compactMap { if case .media(_, .connect(let connection)) = $0 { connection } else { nil } }
    }

    var questions: [(question: NameQuestion, name: String)] {
        effects.compactMap { if case .resolveMediaName(let question, let name) = $0 { (question, name) } else { nil } }
    }

    mutating func resolve(_ addresses: String...) {
        guard let question = questions.last?.question else { return }
        give(.mediaNameResolved(question, addresses.compactMap { IPAddress($0) }))
    }

    /// What the journal says of the end.
    var explanation: String? {
        let entry = journal.last { $0.metadata["callEndedReason"] != nil }
        guard case .string(let text)? = entry?.metadata["explanation"] else { return nil }
        return text
    }
}

@Suite("Answers: where media goes, and what becomes of a call whose answer cannot be taken")
struct AnswerDescriptionTests {
    static let say = #"[{"Say":{"text":"Hello"}}]"#

    @Test("An answer that names a host: the call is up, media and script wait for its address (RFC 8866 §5.7)")
    func named() throws {
        var bench = Bench()
        try bench.makeCall()
        bench.farAnswer(with: Bench.description("media.example.com"))
        #expect(bench.call?.status == .inProgress)
        #expect(bench.questions.map(\.name) == ["media.example.com"])
        #expect(bench.connections.isEmpty)
        bench.answerWebhook(Self.say)
        #expect(bench.played.isEmpty)
        bench.resolve("2001:db8::1", "192.0.2.8", "192.0.2.9")
        #expect(bench.connections.map(\.agreement.remoteAddress) == ["192.0.2.8"])
        #expect(bench.played.count == 1)
        // A second answer to the same question changes nothing.
        bench.resolve("192.0.2.9")
        #expect(bench.connections.count == 1)
    }

    @Test("sendDigits too wait for the address, and the script for them")
    func namedWithDigits() throws {
        var bench = Bench()
        try bench.makeCall(sendDigits: "1")
        bench.farAnswer(with: Bench.description("media.example.com"))
        bench.answerWebhook(Self.say)
        func digits() -> Int { bench.effects.count { if case .media(_, .sendDigits) = $0 { true } else { false } } }
        #expect(digits() == 0)
        bench.resolve("192.0.2.8")
        #expect(digits() == 1)
        #expect(bench.played.isEmpty)
        let media = try #require(bench.media)
        bench.give(.media(media, .digitsSent(.sendDigits)))
        #expect(bench.played.count == 1)
    }

    @Test(
        "A name without a usable address: BYE, and the reason is ours, not the far end's",
        arguments: [[String](), ["2001:db8::1"], ["224.0.0.1", "0.0.0.0"]])
    func unknownName(addresses: [String]) throws {
        var bench = Bench()
        try bench.makeCall()
        bench.farAnswer(with: Bench.description("media.example.com"))
        let question = try #require(bench.questions.last?.question)
        bench.give(.mediaNameResolved(question, addresses.compactMap { IPAddress($0) }))
        #expect(bench.call?.status == .completed)
        #expect(bench.call?.endedReason == .failed)
        #expect(bench.explanation?.contains("c= names media.example.com") == true)
        #expect(bench.explanation?.contains("we hung up") == true)
        #expect(bench.sent("BYE ") == 1)
    }

    @Test(
        "An answer that cannot be taken is acknowledged and hung up, and the journal says why (RFC 3261 §13.2.2.4)",
        arguments: [
            (Bench.description("2001:db8::1"), "the other version of IP"),
            (Bench.description("224.2.1.1"), "no address of one host"),
            (Bench.description("255.255.255.255"), "no address of one host"),
            (Bench.description("300.1.1.1"), "neither an address nor a name"),
            (Bench.description("no_address!"), "neither an address nor a name"),
            (Bench.description("192.0.2.1", formats: "18"), "no common codec"),
            (Bench.description("192.0.2.1", port: 0), "refused (port 0)"), (Array("hello".utf8), "malformed"),
        ])
    func unusable(description: [UInt8], words: String) throws {
        var bench = Bench()
        try bench.makeCall()
        bench.farAnswer(with: description)
        #expect(bench.call?.status == .failed)
        #expect(bench.call?.endedReason == .failed)
        #expect(bench.explanation?.contains(words) == true)
        #expect(bench.sent("ACK ") == 1)
        #expect(bench.sent("BYE ") == 1)
        #expect(bench.questions.isEmpty)
    }

    @Test(
        "IPv4 written as IPv6 is IPv4; a held answer of either family is connected (RFC 4291 §2.5.5.2, RFC 3264 §8.4)")
    func forms() throws {
        for (host, address) in [("::ffff:192.0.2.7", "192.0.2.7"), ("::", "0.0.0.0"), ("0.0.0.0", "0.0.0.0")] {
            var bench = Bench()
            try bench.makeCall()
            bench.farAnswer(with: Bench.description(host))
            #expect(bench.connections.map(\.agreement.remoteAddress) == [address])
            #expect(bench.connections.last?.agreement.direction.sends == (address != "0.0.0.0"))
        }
    }

    @Test("The answer stood in the 183, and the 200 has none (RFC 3261 §13.2.1)")
    func early() throws {
        var bench = Bench()
        try bench.makeCall()
        bench.farProgress(with: Bench.description("192.0.2.7", port: 50_010))
        bench.farAnswer(with: [])
        #expect(bench.call?.status == .inProgress)
        #expect(bench.connections.map(\.agreement.remotePort) == [50_010])
    }

    @Test("The 200's own description goes before that of the 183")
    func both() throws {
        var bench = Bench()
        try bench.makeCall()
        bench.farProgress(with: Bench.description("192.0.2.7", port: 50_010))
        bench.farAnswer(with: Bench.description("192.0.2.7", port: 50_020))
        #expect(bench.connections.map(\.agreement.remotePort) == [50_020])
    }
}

@Suite("Later offers: taken, or refused with the call as it was (RFC 3261 §14.2, RFC 3311 §5.2)")
struct OfferTests {
    private func connected() throws -> Bench {
        var bench = Bench()
        try bench.run(#"[{"Say":{"text":"Hello"}}]"#)
        bench.effects.removeAll { if case .media(_, .connect) = $0 { true } else { false } }
        return bench
    }

    @Test(
        "An offer that cannot be taken is 488 with a Warning, and nothing moves",
        arguments: [
            (SIPMethod.invite, Bench.description("2001:db8::1"), "300"),
            (.update, Bench.description("2001:db8::1"), "300"),
            (.invite, Bench.description("192.0.2.7", formats: "18"), "305"),
            (.invite, Bench.description("192.0.2.7", port: 0) + Array("m=image 50002 udptl t38\r\n".utf8), "304"),
            (.update, Bench.description("224.2.1.1"), "330"), (.invite, Array("v=1".utf8), "399"),
            (.update, Bench.description("a\"b\\\u{7}ü"), "301"),
        ])
    func refused(method: SIPMethod, offer: [UInt8], code: String) throws {
        var bench = try connected()
        bench.farRequest(method, cseq: 5, branch: "r1", offer)
        let answer = try #require(bench.responses(to: 5).last)
        #expect(answer.status == .notAcceptableHere)
        let warning = try #require(answer.headers[.warning])
        // warn-code SP warn-agent SP quoted-string (RFC 3261 §25.1)
        #expect(warning.wholeMatch(of: /\d{3} Belay "[^"\\\p{Cc}]+"/) != nil)
        #expect(warning.hasPrefix(code))
        #expect(bench.connections.isEmpty)
        #expect(bench.call?.status == .inProgress)
        #expect(bench.journal.contains { $0.message.hasPrefix("Offer refused") })
    }

    /// RFC 3264 §8.2; docs/decisions/0012-where-media-goes.md
    @Test(
        "An offer that removes the stream is answered with port 0, and media goes nowhere until it comes back",
        arguments: [SIPMethod.invite, .update])
    func removed(method: SIPMethod) throws {
        var bench = try connected()
        bench.farRequest(method, cseq: 5, branch: "r5", Bench.description("192.0.2.7", port: 0))
        #expect(bench.responses(to: 5).contains { $0.status == .ok })
        #expect(try SessionDescription(parsing: bench.described(to: 5)).media.map(\.port) == [0])
        let held = try #require(bench.connections.last?.agreement)
        #expect(bench.connections.count == 1)
        #expect((held.remoteAddress, held.remotePort, held.direction) == ("0.0.0.0", 0, .inactive))
        if method == .invite { bench.farRequest(.ack, cseq: 5, branch: "a5") }
        // What cannot be taken leaves it as it is.
        bench.farRequest(method, cseq: 6, branch: "r6", Bench.description("192.0.2.7", formats: "18"))
        #expect(bench.responses(to: 6).last?.status == .notAcceptableHere)
        if method == .invite { bench.farRequest(.ack, cseq: 6, branch: "r6") }
        #expect(bench.connections.count == 1)
        bench.farRequest(method, cseq: 7, branch: "r7", Bench.description("192.0.2.7", port: 50_200))
        #expect(bench.responses(to: 7).contains { $0.status == .ok })
        let back = try #require(bench.connections.last?.agreement)
        #expect((back.remoteAddress, back.remotePort, back.direction) == ("192.0.2.7", 50_200, .sendrecv))
        #expect(try SessionDescription(parsing: bench.described(to: 7)).media.map(\.port) != [0])
        #expect(bench.call?.status == .inProgress)
        #expect(!bench.journal.contains { $0.message.hasPrefix("Answer unusable") })
    }

    @Test("Without an offer ours brings a removed stream back, unless the answer refuses it again (RFC 3264 §6)")
    func removedAndOffered() throws {
        var bench = try connected()
        bench.farRequest(.update, cseq: 5, branch: "r5", Bench.description("192.0.2.7", port: 0))
        for (cseq, port) in [(UInt32(6), 0), (7, 50_200), (8, 0)] {
            bench.farRequest(.invite, cseq: cseq, branch: "r\(cseq)")
            #expect(try SessionDescription(parsing: bench.described(to: cseq)).media.map(\.port) != [0])
            bench.farRequest(.ack, cseq: cseq, branch: "a\(cseq)", Bench.description("192.0.2.7", port: port))
            let agreement = try #require(bench.connections.last?.agreement)
            #expect((Int(agreement.remotePort), agreement.direction.sends) == (port, port != 0))
        }
        #expect(bench.connections.count == 4)
        #expect(bench.call?.status == .inProgress)
    }

    @Test("The stream is removed while the answer's host is looked up: its address is of no use any more")
    func removedEarly() throws {
        var bench = Bench()
        try bench.makeCall()
        bench.farAnswer(with: Bench.description("media.example.com"))
        bench.farRequest(.update, cseq: 5, branch: "r5", Bench.description("192.0.2.7", port: 0))
        bench.resolve("192.0.2.8")
        #expect(bench.connections.map(\.agreement.remoteAddress) == ["0.0.0.0"])
        #expect(bench.connections.map(\.agreement.direction) == [.inactive])
        bench.farRequest(.update, cseq: 6, branch: "r6", Bench.description("192.0.2.7"))
        #expect(bench.connections.last?.agreement.remoteAddress == "192.0.2.7")
    }

    @Test("An offer that names a host is answered when its address is known", arguments: [SIPMethod.invite, .update])
    func named(method: SIPMethod) throws {
        var bench = try connected()
        bench.farRequest(method, cseq: 5, branch: "r1", Bench.description("media.example.com", port: 50_100))
        #expect(bench.responses(to: 5).allSatisfy { $0.status == .trying })
        bench.resolve("192.0.2.8")
        #expect(bench.responses(to: 5).last?.status == .ok)
        #expect(bench.connections.map(\.agreement.remoteAddress) == ["192.0.2.8"])
        #expect(bench.connections.map(\.agreement.remotePort) == [50_100])
    }

    @Test("A name without an address is 488, and the call goes on as it was", arguments: [SIPMethod.invite, .update])
    func unknownName(method: SIPMethod) throws {
        var bench = try connected()
        bench.farRequest(method, cseq: 5, branch: "r1", Bench.description("media.example.com"))
        bench.resolve()
        #expect(bench.responses(to: 5).last?.status == .notAcceptableHere)
        #expect(bench.responses(to: 5).last?.headers[.warning]?.hasPrefix("301") == true)
        #expect(bench.connections.isEmpty)
        #expect(bench.call?.status == .inProgress)
    }

    @Test("An offer that is taken back while its host is looked up moves nothing (RFC 3261 §9.2)")
    func withdrawn() throws {
        var bench = try connected()
        bench.farRequest(.invite, cseq: 5, branch: "r1", Bench.description("media.example.com"))
        bench.farRequest(.cancel, cseq: 5, branch: "r1")
        bench.resolve("192.0.2.8")
        #expect(bench.connections.isEmpty)
        #expect(bench.responses(to: 5).contains { $0.status == .requestTerminated })
        #expect(!bench.responses(to: 5).contains { $0.status == .ok && (try? $0.headers.cseq())?.method == .invite })
    }

    @Test("An offer while the answer's host is looked up: the offer's address counts, and a failure does not")
    func overtaken() throws {
        for works in [true, false] {
            var bench = Bench()
            try bench.makeCall()
            bench.farAnswer(with: Bench.description("media.example.com"))
            let first = try #require(bench.questions.last?.question)
            bench.answerWebhook(#"[{"Say":{"text":"Hello"}}]"#)
            bench.farRequest(
                .invite, cseq: 5, branch: "r1",
                works ? Bench.description("192.0.2.9") : Bench.description("2001:db8::1"))
            #expect(bench.played.count == (works ? 1 : 0))
            bench.give(.mediaNameResolved(first, [.v4(0xC000_0208)]))
            #expect(bench.connections.map(\.agreement.remoteAddress) == [works ? "192.0.2.9" : "192.0.2.8"])
            #expect(bench.played.count == 1)
        }
    }

    @Test("Our o= rises by one with each description that says something else, and keeps its session (RFC 3264 §8)")
    func versions() throws {
        var bench = try connected()
        func origin(_ cseq: UInt32) throws -> SessionDescription.Origin {
            let description = try SessionDescription(parsing: bench.described(to: cseq))
            return try #require(description.origin)
        }
        func acknowledge(_ cseq: UInt32) { bench.farRequest(.ack, cseq: cseq, branch: "a\(cseq)") }
        let offer = try #require(
            bench.sentMessages.lazy.compactMap { message -> SIPRequest? in
                if case .request(let request) = message, request.method == .invite { request } else { nil }
            }.first)
        let first = try #require(try SessionDescription(parsing: offer.body).origin)
        bench.farRequest(.invite, cseq: 5, branch: "r5", Bench.description("192.0.2.7", direction: "sendonly"))
        #expect(try origin(5).sessionVersion == first.sessionVersion + 1)
        #expect(try origin(5).sessionID == first.sessionID)
        acknowledge(5)
        // The same again: a refresh.
        bench.farRequest(.invite, cseq: 6, branch: "r6", Bench.description("192.0.2.7", direction: "sendonly"))
        #expect(try origin(6) == origin(5))
        acknowledge(6)
        bench.farRequest(.invite, cseq: 7, branch: "r7", Bench.description("192.0.2.7", formats: "18"))
        bench.farRequest(.ack, cseq: 7, branch: "r7")
        // A refused offer counts for nothing.
        bench.farRequest(.invite, cseq: 8, branch: "r8", Bench.description("192.0.2.7"))
        #expect(try origin(8).sessionVersion == first.sessionVersion + 2)
    }

    @Test("A late offer's answer in the ACK: taken, by name too; an unusable one leaves the call as it was")
    func late() throws {
        var bench = try connected()
        bench.farRequest(.invite, cseq: 5, branch: "r1")
        let offer = try SessionDescription(parsing: bench.described(to: 5))
        #expect(offer.media.map(\.formats) == [["0", "8", "101"]])
        bench.farRequest(.ack, cseq: 5, branch: "a1", Bench.description("media.example.com"))
        #expect(bench.connections.isEmpty)
        bench.resolve("192.0.2.8")
        #expect(bench.connections.map(\.agreement.remoteAddress) == ["192.0.2.8"])
        for (cseq, answer) in [
            (UInt32(6), Bench.description("2001:db8::1")), (7, Bench.description("192.0.2.7", formats: "18")),
        ] {
            bench.farRequest(.invite, cseq: cseq, branch: "r\(cseq)")
            bench.farRequest(.ack, cseq: cseq, branch: "a\(cseq)", answer)
        }
        #expect(bench.connections.count == 1)
        #expect(bench.call?.status == .inProgress)
        #expect(bench.journal.count { $0.message.hasPrefix("Answer unusable") } == 2)
    }
}

@Suite("Offers of calls that come in")
struct InboundOfferTests {
    private func called(with offer: [UInt8]) throws -> Bench {
        var bench = try InboundTests.bench()
        let uri = SIPURI(user: "+15555550100", host: "127.0.0.1", port: 5060)
        let invitation = Invitation(
            destination: Bench.local, requestURI: uri,
            from: NameAddress(uri: SIPURI(user: "+15555550777", host: "127.0.0.1")), to: NameAddress(uri: uri),
            offer: offer)
        bench.farStep { agent, random, now, effects in
            agent.invite(SessionID(rawValue: 77), invitation, now: now, random: &random, into: &effects)
        }
        return bench
    }

    @Test("A host that is named is looked up before it rings here; media goes to its address")
    func named() throws {
        var bench = try called(with: Bench.description("media.example.com"))
        #expect(bench.call == nil)
        #expect(bench.questions.map(\.name) == ["media.example.com"])
        bench.resolve("192.0.2.8")
        #expect(bench.call?.status == .ringing)
        bench.answerWebhook(AnswerDescriptionTests.say)
        #expect(bench.farWasAnswered)
        #expect(bench.connections.map(\.agreement.remoteAddress) == ["192.0.2.8"])
    }

    @Test(
        "What cannot be taken is 488 before anything rings, with a Warning (RFC 3261 §13.3.1.3, §20.43)",
        arguments: [
            Bench.description("2001:db8::1"), Bench.description("192.0.2.7", formats: "18"),
            Bench.description("224.0.0.1"), Bench.description("192.0.2.7", port: 0),
            Array("hello".utf8),
        ])
    func refused(offer: [UInt8]) throws {
        let bench = try called(with: offer)
        #expect(bench.farRefusal == 488)
        #expect(bench.call == nil)
        let refusal = bench.sentMessages.lazy.compactMap { message -> SIPResponse? in
            if case .response(let response) = message, response.status == .notAcceptableHere { response } else { nil }
        }.first
        #expect(refusal?.headers[.warning]?.isEmpty == false)
    }

    @Test("A name without an address is 488; a caller who gives up meanwhile is not missed")
    func unknownName() throws {
        var bench = try called(with: Bench.description("media.example.com"))
        bench.resolve()
        #expect(bench.farRefusal == 488)
        var other = try called(with: Bench.description("media.example.com"))
        other.farEnds(SessionID(rawValue: 77))
        other.resolve("192.0.2.8")
        #expect(other.call == nil)
        #expect(other.farRefusal == nil)
    }

    @Test("No offer: ours is to be answered in the ACK; without an answer there is nothing to speak by")
    func lateOffer() throws {
        var bench = try called(with: [])
        bench.answerWebhook(AnswerDescriptionTests.say)
        #expect(bench.call?.status == .completed)
        #expect(bench.call?.endedReason == .failed)
        #expect(bench.explanation?.contains("the ACK has no SDP") == true)
        #expect(bench.played.isEmpty)
    }
}
