import Testing

@testable import SIP

@Suite("Requests of the peer inside a dialog, RFC 3261 §12.2.2, §14.2")
struct InDialogRequestTests {
    private func answered() -> (Bench, SIPRequest) {
        var bench = Bench()
        let invite = bench.invite()
        bench.respond(to: invite, 200, sdp: Bench.answer)
        _ = bench.take()
        return (bench, invite)
    }

    private func answerOffer(_ bench: inout Bench, _ sdp: [UInt8]?) {
        bench.agent.answerOffer(.one, sdp: sdp, now: bench.now, random: &bench.random, into: &bench.effects)
    }

    @Test("A re-INVITE with an offer: 100, the owner's answer in a 200, repeated until the ACK")
    func reinvite() throws {
        var (bench, invite) = answered()
        let reinvite = bench.peerRequest(.invite, in: invite, cseq: 5, branch: "r1", sdp: Bench.offer)
        bench.deliver(reinvite.bytes)
        #expect(bench.summary == ["100 INVITE"])
        #expect(bench.told == [.offerReceived(.one, body: Bench.offer)])
        _ = bench.take()
        answerOffer(&bench, Bench.answer)
        let accepted = try #require(bench.responses.first)
        #expect(accepted.status == .ok)
        #expect(accepted.body == Bench.answer)
        #expect(accepted.headers.contains(.contact))
        bench.pass(.seconds(2))
        #expect(bench.summary == ["200 INVITE", "200 INVITE", "200 INVITE"])
        let ack = bench.peerRequest(.ack, in: invite, cseq: 5, branch: "r2")
        bench.deliver(ack.bytes)
        #expect(bench.told == [.acknowledged(.one, body: nil)])
        _ = bench.take()
        bench.pass(.seconds(40))
        #expect(bench.summary.isEmpty)
        #expect(bench.agent.gauges.sessions == 1)
    }

    @Test("A refused re-INVITE is 488 and leaves the call as it was")
    func refused() {
        var (bench, invite) = answered()
        bench.deliver(bench.peerRequest(.invite, in: invite, cseq: 5, branch: "r1", sdp: Bench.offer).bytes)
        answerOffer(&bench, nil)
        #expect(bench.summary == ["100 INVITE", "488 INVITE"])
        bench.deliver(bench.peerRequest(.ack, in: invite, cseq: 5, branch: "r1").bytes)
        bench.pass(.seconds(60))
        #expect(bench.summary == ["100 INVITE", "488 INVITE"])
        #expect(bench.agent.gauges.sessions == 1)
    }

    @Test("A re-INVITE without an offer takes ours, and the ACK brings the answer")
    func withoutOffer() {
        var (bench, invite) = answered()
        bench.deliver(bench.peerRequest(.invite, in: invite, cseq: 5, branch: "r1").bytes)
        #expect(bench.told == [.offerReceived(.one, body: nil)])
        answerOffer(&bench, Bench.offer)
        _ = bench.take()
        bench.deliver(bench.peerRequest(.ack, in: invite, cseq: 5, branch: "r2", sdp: Bench.answer).bytes)
        #expect(bench.told == [.acknowledged(.one, body: Bench.answer)])
    }

    @Test("A re-INVITE whose 2xx is never acknowledged ends the call with a BYE after 64·T1")
    func neverAcknowledged() throws {
        var (bench, invite) = answered()
        bench.deliver(bench.peerRequest(.invite, in: invite, cseq: 5, branch: "r1", sdp: Bench.offer).bytes)
        answerOffer(&bench, Bench.answer)
        bench.pass(.seconds(32))
        let bye = try #require(bench.requests(.bye).first)
        bench.respond(to: bye, 200)
        #expect(bench.told.last == .ended(.one, .neverAcknowledged))
    }

    @Test("An offer that the owner forgets is refused after 64·T1")
    func forgotten() {
        var (bench, invite) = answered()
        bench.deliver(bench.peerRequest(.invite, in: invite, cseq: 5, branch: "r1", sdp: Bench.offer).bytes)
        _ = bench.take()
        bench.pass(.seconds(32))
        #expect(bench.summary.first == "500 INVITE")
        answerOffer(&bench, Bench.answer)
        #expect(!bench.summary.contains("200 INVITE"))
    }

    @Test("A second re-INVITE before the first is answered gets 500 with Retry-After (RFC 3261 §14.2)")
    func overlapping() throws {
        var (bench, invite) = answered()
        bench.deliver(bench.peerRequest(.invite, in: invite, cseq: 5, branch: "r1", sdp: Bench.offer).bytes)
        _ = bench.take()
        bench.deliver(bench.peerRequest(.invite, in: invite, cseq: 6, branch: "r2", sdp: Bench.offer).bytes)
        #expect(bench.summary == ["500 INVITE"])
        let pause = try #require(bench.responses.first?.headers[.retryAfter].flatMap { Int($0) })
        #expect((0...10).contains(pause))
    }

    @Test("A CANCEL of a re-INVITE ends that alone: 487, and the call goes on")
    func canceledReinvite() {
        var (bench, invite) = answered()
        bench.deliver(bench.peerRequest(.invite, in: invite, cseq: 5, branch: "r1", sdp: Bench.offer).bytes)
        bench.deliver(bench.peerRequest(.cancel, in: invite, cseq: 5, branch: "r1").bytes)
        #expect(bench.summary == ["100 INVITE", "200 CANCEL", "487 INVITE"])
        #expect(bench.agent.record(of: .one)?.phase == .confirmed)
    }

    @Test("Of several branches it is found with the one that answered, behind those that only rang")
    func canceledReinviteOfWinner() {
        var bench = Bench()
        let invite = bench.invite()
        for tag in ["one", "two"] { bench.respond(to: invite, 180, tag: tag) }
        bench.respond(to: invite, 200, tag: "two", sdp: Bench.answer)
        _ = bench.take()
        bench.deliver(
            bench.peerRequest(.invite, in: invite, tag: "two", cseq: 5, branch: "r1", sdp: Bench.offer).bytes)
        bench.deliver(bench.peerRequest(.cancel, in: invite, tag: "two", cseq: 5, branch: "r1").bytes)
        #expect(bench.summary == ["100 INVITE", "200 CANCEL", "487 INVITE"])
    }

    @Test("A CANCEL that comes behind the answer to its re-INVITE changes nothing")
    func canceledTooLate() {
        var (bench, invite) = answered()
        bench.deliver(bench.peerRequest(.invite, in: invite, cseq: 5, branch: "r1", sdp: Bench.offer).bytes)
        answerOffer(&bench, Bench.answer)
        _ = bench.take()
        bench.deliver(bench.peerRequest(.cancel, in: invite, cseq: 5, branch: "r1").bytes)
        #expect(bench.summary == ["200 CANCEL"])
        #expect(bench.agent.record(of: .one)?.phase == .confirmed)
    }

    @Test("An UPDATE with an offer is the owner's to answer, one without refreshes the target (RFC 3311)")
    func update() throws {
        var (bench, invite) = answered()
        bench.deliver(bench.peerRequest(.update, in: invite, cseq: 5, branch: "u1", sdp: Bench.offer).bytes)
        #expect(bench.effects == [.offerReceived(.one, body: Bench.offer)])
        answerOffer(&bench, Bench.answer)
        #expect(bench.summary == ["200 UPDATE"])
        _ = bench.take()
        var moved = bench.peerRequest(.update, in: invite, cseq: 6, branch: "u2")
        moved.headers[.contact] = "<sip:elsewhere@10.0.0.5:5099>"
        bench.deliver(moved.bytes)
        #expect(bench.effects.last == .recordChanged(.one) || bench.effects.first == .recordChanged(.one))
        #expect(bench.summary == ["200 UPDATE"])
        _ = bench.take()
        bench.end()
        let bye = try #require(bench.requests(.bye).first)
        #expect(bye.uri.description == "sip:elsewhere@10.0.0.5:5099")
    }

    @Test("Before the answer an UPDATE with an offer meets ours: 491; a re-INVITE too")
    func glare() {
        var bench = Bench()
        let invite = bench.invite()
        bench.respond(to: invite, 180)
        _ = bench.take()
        bench.deliver(bench.peerRequest(.update, in: invite, cseq: 1, branch: "u1", sdp: Bench.offer).bytes)
        bench.deliver(bench.peerRequest(.invite, in: invite, cseq: 2, branch: "i1", sdp: Bench.offer).bytes)
        #expect(bench.summary == ["491 UPDATE", "491 INVITE"])
    }

    @Test(
        "Methods with a fixed answer",
        arguments: [
            (SIPMethod.options, "200 OPTIONS"), (.info, "200 INFO"), (.prack, "405 PRACK"), (.refer, "405 REFER"),
            (.message, "405 MESSAGE"), (.other("FETCH"), "405 FETCH"), (.subscribe, "405 SUBSCRIBE"),
        ])
    func fixed(method: SIPMethod, expected: String) {
        var (bench, invite) = answered()
        bench.deliver(bench.peerRequest(method, in: invite, cseq: 5, branch: "m1").bytes)
        #expect(bench.summary == [expected])
        if expected.hasPrefix("405") { #expect(bench.responses[0].headers.contains(.allow)) }
    }

    private func info(_ body: String, _ type: String?, _ bench: inout Bench, _ invite: SIPRequest) -> StatusCode? {
        var request = bench.peerRequest(.info, in: invite, cseq: 6, branch: "m2", sdp: Array(body.utf8))
        request.headers[.contentType] = type
        bench.deliver(request.bytes)
        return bench.responses.last?.status
    }

    @Test("INFO: a package is 469 with Recv-Info, a body that nobody knows 415 with what is taken (RFC 6086)")
    func infoPackages() {
        var (bench, invite) = answered()
        var package = bench.peerRequest(.info, in: invite, cseq: 5, branch: "m1", sdp: Array("Signal=5".utf8))
        package.headers[.contentType] = "application/dtmf-relay"
        package.headers.append(.infoPackage, "infoDtmf")
        bench.deliver(package.bytes)
        #expect(bench.responses[0].status == .badInfoPackage)
        #expect(bench.responses[0].headers[.recvInfo] == "")
        _ = bench.take()
        #expect(info("<media_control/>", "application/media_control+xml", &bench, invite) == .unsupportedMediaType)
        #expect(bench.responses.last?.headers.all(.accept) == ["application/dtmf-relay, application/dtmf"])
        #expect(bench.told.isEmpty)
    }

    @Test(
        "INFO with a body in an encoding is 415 with those that are taken, and no key (RFC 3261 §8.2.3)",
        arguments: ["application/dtmf-relay", "application/dtmf", "text/plain"])
    func encodedInfo(type: String) {
        for (encoding, status) in [("gzip", StatusCode.unsupportedMediaType), ("Identity", .ok), ("", .ok)] {
            var (bench, invite) = answered()
            var request = bench.peerRequest(.info, in: invite, cseq: 5, branch: "m1", sdp: Array("5".utf8))
            request.headers[.contentType] = type
            request.headers.append(.contentEncoding, encoding)
            bench.deliver(request.bytes)
            let isTaken = status == .ok && type != "text/plain"
            let expected: StatusCode = isTaken ? .ok : .unsupportedMediaType
            #expect(bench.responses.map(\.status) == [expected], "\(encoding)")
            #expect(bench.responses[0].headers[.acceptEncoding] == (encoding == "gzip" ? "identity" : nil))
            #expect(bench.told.count == (isTaken ? 1 : 0))
        }
    }

    @Test(
        "A key by INFO is read in every form that gateways use",
        arguments: [
            ("application/dtmf-relay", "Signal=4\r\nDuration=160\r\n", "4", 160),
            ("application/dtmf-relay", "Signal= 4\r\nDuration= 250\r\n", "4", 250),
            ("application/dtmf-relay", "Signal=4\nDuration=160", "4", 160),
            ("application/dtmf-relay", "Signal=4\rDuration=90\r", "4", 90),
            ("Application/DTMF-Relay; charset=utf-8", "signal = \"#\"\r\nDURATION=100", "#", 100),
            ("application/dtmf-relay", "Signal=*", "*", 160), ("application/dtmf-relay", "Signal=10", "*", 160),
            ("application/dtmf-relay", "Signal=11", "#", 160), ("application/dtmf-relay", "Signal=12", "A", 160),
            ("application/dtmf-relay", "Signal=d", "D", 160),
            ("application/dtmf-relay", "Duration=70\r\nSignal=0", "0", 70),
            ("application/dtmf-relay", "Signal=5\r\nDuration=long\r\n", "5", 160),
            ("application/dtmf", "5", "5", 160), ("application/dtmf", "5\r\n", "5", 160),
            ("application/dtmf", " * \n", "*", 160), ("application/dtmf", "11", "#", 160),
            ("application/dtmf", "Signal=7\r\nDuration=80", "7", 80),
        ] as [(String, String, Character, Int)])
    func reportedKeys(type: String, body: String, key: Character, milliseconds: Int) {
        var (bench, invite) = answered()
        #expect(info(body, type, &bench, invite) == .ok)
        #expect(bench.told == [.keyReported(.one, key, milliseconds: milliseconds)])
        // The same request again is the same key.
        _ = info(body, type, &bench, invite)
        #expect(bench.told.count == 1)
    }

    @Test(
        "A hook flash is no key; what is no key is 400",
        arguments: ["16", "!", "hf", "17", "12345", "x", "", "Duration=100"])
    func noKeys(signal: String) {
        var (bench, invite) = answered()
        let isFlash = ["16", "!", "hf"].contains(signal)
        let body = signal.contains("=") ? signal : "Signal=\(signal)\r\n"
        #expect(info(body, "application/dtmf-relay", &bench, invite) == (isFlash ? .ok : .badRequest))
        #expect(bench.told.isEmpty)
    }

    @Test("A key goes out as INFO inside the dialog, and what became of it is told", arguments: [200, 415, 500])
    func sentKey(status: Int) throws {
        var (bench, _) = answered()
        bench.agent.reportKey(
            .one, "#", milliseconds: 100, now: bench.now, random: &bench.random, into: &bench.effects)
        let info = try #require(bench.requests(.info).first)
        #expect(info.headers[.contentType] == "application/dtmf-relay")
        #expect(info.body == Array("Signal=#\r\nDuration=100\r\n".utf8))
        #expect(info.headers[.cseq] == "2 INFO")
        #expect(try info.headers.to().tag == "callee")
        #expect(info.uri.description == "sip:callee@10.0.0.2:5060")
        bench.respond(to: info, status)
        #expect(bench.told == [.infoAnswered(.one, StatusCode(status))])
    }

    @Test("An INFO that nobody answers is told of; one before the answer is none")
    func infoUnanswered() {
        var (bench, _) = answered()
        bench.agent.reportKey(
            .one, "1", milliseconds: 100, now: bench.now, random: &bench.random, into: &bench.effects)
        bench.pass(.seconds(32))
        #expect(bench.told == [.infoAnswered(.one, nil)])
    }

    @Test("A CSeq below an earlier one is 500; a gap is fine (RFC 3261 §12.2.2)")
    func order() {
        var (bench, invite) = answered()
        bench.deliver(bench.peerRequest(.options, in: invite, cseq: 50, branch: "m1").bytes)
        bench.deliver(bench.peerRequest(.bye, in: invite, cseq: 49, branch: "m2").bytes)
        #expect(bench.summary == ["200 OPTIONS", "500 BYE"])
        #expect(bench.told.isEmpty)
        bench.deliver(bench.peerRequest(.bye, in: invite, cseq: 51, branch: "m3").bytes)
        #expect(bench.told == [.ended(.one, .remoteHangUp)])
    }

    @Test("A Require that we do not know is 420 with Unsupported (RFC 3261 §8.2.2.3)")
    func require() {
        var (bench, invite) = answered()
        var request = bench.peerRequest(.invite, in: invite, cseq: 5, branch: "m1", sdp: Bench.offer)
        request.headers.append(.require, "100rel, timer")
        bench.deliver(request.bytes)
        #expect(bench.responses[0].status == .badExtension)
        #expect(bench.responses[0].headers[.unsupported] == "100rel, timer")
        #expect(bench.told.isEmpty)
    }

    @Test("A Require: 100rel in a 1xx, which we never offered, changes nothing")
    func reliableProvisional() {
        var bench = Bench()
        let invite = bench.invite()
        _ = bench.take()
        bench.respond(to: invite, 183, headers: [.init(.require, "100rel"), .init("RSeq", "1")])
        #expect(bench.summary.isEmpty)
        #expect(bench.told == [.progressed(.one, .sessionProgress, body: nil)])
    }

    @Test("An unknown dialog is 481, an ACK for nobody is dropped")
    func unknown() {
        var (bench, invite) = answered()
        bench.deliver(bench.peerRequest(.bye, in: invite, tag: "stranger", cseq: 5, branch: "m1").bytes)
        #expect(bench.summary == ["481 BYE"])
        _ = bench.take()
        bench.deliver(bench.peerRequest(.ack, in: invite, tag: "stranger", cseq: 5, branch: "m2").bytes)
        #expect(bench.effects == [.discarded(reason: .strayACK, from: Bench.peer)])
    }

    @Test("Our BYE while the peer's re-INVITE is open: the re-INVITE is 487")
    func byeDuringOffer() {
        var (bench, invite) = answered()
        bench.deliver(bench.peerRequest(.invite, in: invite, cseq: 5, branch: "r1", sdp: Bench.offer).bytes)
        _ = bench.take()
        bench.end()
        #expect(bench.summary == ["487 INVITE", "BYE"])
    }
}
