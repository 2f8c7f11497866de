import Testing

@testable import SIP

@Suite("Offers that meet, and dialogs that a challenge leaves behind (RFC 3261 §14.2, §22.2; RFC 3311 §5.2)")
struct OverlapTests {
    private func answerOffer(_ bench: inout Bench, _ id: SessionID = .one, _ sdp: [UInt8]? = Bench.answer) {
        bench.agent.answerOffer(id, sdp: sdp, now: bench.now, random: &bench.random, into: &bench.effects)
    }

    private func answered() -> (Bench, SIPRequest) {
        var bench = Bench()
        let invite = bench.invite()
        bench.respond(to: invite, 200, sdp: Bench.answer)
        _ = bench.take()
        return (bench, invite)
    }

    @Test("A re-INVITE before the ACK of the last one is 500 with Retry-After; after it, it is taken")
    func unacknowledged() throws {
        var (bench, invite) = answered()
        for (cseq, offer) in [(5, Bench.offer), (15, nil)] as [(UInt32, [UInt8]?)] {
            bench.deliver(bench.peerRequest(.invite, in: invite, cseq: cseq, branch: "r\(cseq)", sdp: offer).bytes)
            answerOffer(&bench)
            _ = bench.take()
            bench.deliver(
                bench.peerRequest(.invite, in: invite, cseq: cseq + 1, branch: "s\(cseq)", sdp: Bench.offer).bytes)
            #expect(bench.summary == ["500 INVITE"])
            let pause = try #require(bench.responses.first?.headers[.retryAfter].flatMap { Int($0) })
            #expect((0...10).contains(pause))
            #expect(bench.told.isEmpty)
            bench.deliver(bench.peerRequest(.ack, in: invite, cseq: cseq + 1, branch: "s\(cseq)").bytes)
            let ack = bench.peerRequest(
                .ack, in: invite, cseq: cseq, branch: "a\(cseq)", sdp: offer == nil ? Bench.answer : nil)
            bench.deliver(ack.bytes)
            _ = bench.take()
            bench.deliver(
                bench.peerRequest(.invite, in: invite, cseq: cseq + 2, branch: "t\(cseq)", sdp: Bench.offer).bytes)
            #expect(bench.summary == ["100 INVITE"])
            #expect(bench.told == [.offerReceived(.one, body: Bench.offer)])
            answerOffer(&bench)
            bench.deliver(bench.peerRequest(.ack, in: invite, cseq: cseq + 2, branch: "b\(cseq)").bytes)
            _ = bench.take()
        }
        bench.pass(.seconds(60))
        #expect(bench.summary.isEmpty)
        #expect(bench.agent.gauges.sessions == 1)
    }

    @Test("A refused one is over with its answer: the next is taken at once")
    func refused() {
        var (bench, invite) = answered()
        bench.deliver(bench.peerRequest(.invite, in: invite, cseq: 5, branch: "r1", sdp: Bench.offer).bytes)
        answerOffer(&bench, .one, nil)
        _ = bench.take()
        bench.deliver(bench.peerRequest(.invite, in: invite, cseq: 6, branch: "r2", sdp: Bench.offer).bytes)
        #expect(bench.summary == ["100 INVITE"])
    }

    @Test("An UPDATE meets an open offer, the peer's or ours: 500; where there is none, it is taken (RFC 3311 §5.2)")
    func update() {
        for (offer, isOpen) in [(Bench.offer, false), (nil, true)] as [([UInt8]?, Bool)] {
            var (bench, invite) = answered()
            bench.deliver(bench.peerRequest(.invite, in: invite, cseq: 5, branch: "r1", sdp: offer).bytes)
            _ = bench.take()
            bench.deliver(bench.peerRequest(.update, in: invite, cseq: 6, branch: "u1", sdp: Bench.offer).bytes)
            #expect(bench.summary == ["500 UPDATE"])
            #expect(bench.responses.first?.headers.contains(.retryAfter) == true)
            answerOffer(&bench)
            _ = bench.take()
            // Our 2xx has the answer to the peer's offer, or an offer that the ACK answers.
            bench.deliver(bench.peerRequest(.update, in: invite, cseq: 7, branch: "u2", sdp: Bench.offer).bytes)
            #expect(bench.summary == (isOpen ? ["500 UPDATE"] : []))
            #expect(bench.told == (isOpen ? [] : [.offerReceived(.one, body: Bench.offer)]))
        }
    }

    @Test("A caller's re-INVITE before its ACK of the first answer is 500 too")
    func incoming() throws {
        var bench = Bench()
        let invite = incomingInvite()
        bench.deliver(invite.bytes)
        let id = try #require(
            bench.told.lazy.compactMap { if case .invited(let id, _) = $0 { id } else { nil } }.first)
        bench.agent.answer(id, sdp: Bench.answer, now: bench.now, random: &bench.random, into: &bench.effects)
        let answer = try #require(bench.responses.last)
        #expect(answer.status == .ok)
        _ = bench.take()
        bench.deliver(followUp(.invite, to: answer, invite: invite, cseq: 2, branch: "in2", sdp: Bench.offer).bytes)
        #expect(bench.summary == ["500 INVITE"])
        #expect(bench.responses.first?.headers.contains(.retryAfter) == true)
        bench.deliver(followUp(.ack, to: answer, invite: invite, cseq: 1, branch: "in3").bytes)
        _ = bench.take()
        bench.deliver(followUp(.invite, to: answer, invite: invite, cseq: 3, branch: "in4", sdp: Bench.offer).bytes)
        #expect(bench.summary == ["100 INVITE"])
    }

    // MARK: What a challenge leaves behind

    private static let challenge = SIPHeaders.Field(
        .wwwAuthenticate, "Digest realm=\"trunk\", nonce=\"abc\", qop=\"auth\"")
    private static let proxyChallenge = SIPHeaders.Field(
        .proxyAuthenticate, "Digest realm=\"trunk\", nonce=\"abc\", qop=\"auth\"")

    @Test(
        "With a challenge the early dialogs of the INVITE are gone, from the record too, and a tag that comes again is new",
        arguments: [401, 407], [1, 2])
    func earlyDialogs(status: Int, forks: Int) throws {
        var bench = Bench { $0.credentials = DigestCredentials(username: "u", password: "p") }
        let first = bench.invite()
        for fork in 0..<forks {
            bench.respond(to: first, 183, tag: "fork\(fork)", sdp: Bench.offer, contact: "<sip:old@10.0.0.9:5060>")
        }
        #expect(bench.agent.record(of: .one)?.dialogs.count == forks)
        #expect(bench.agent.gauges.dialogs == forks)
        bench.respond(to: first, status, headers: [status == 401 ? Self.challenge : Self.proxyChallenge])
        let second = try #require(bench.requests(.invite).last)
        #expect(second.headers[.cseq] == "2 INVITE")
        let record = try #require(bench.agent.record(of: .one))
        #expect(record.dialogs.isEmpty)
        #expect(record.phase == .calling)
        #expect(bench.agent.gauges.dialogs == 0)
        _ = bench.take()
        // The same far end goes on under its tag, elsewhere; its 200 has no description.
        bench.respond(to: second, 180, tag: "fork0", contact: "<sip:moved@10.0.0.8:5060>")
        #expect(bench.agent.record(of: .one)?.dialogs.map(\.remoteTag) == ["fork0"])
        bench.respond(to: second, 200, tag: "fork0", contact: "<sip:moved@10.0.0.8:5060>")
        #expect(bench.told.last == .answered(.one, body: []), "what came before the challenge answers nothing")
        let ack = try #require(bench.requests(.ack).last)
        #expect(ack.headers[.cseq] == "2 ACK")
        #expect(ack.uri.description == "sip:moved@10.0.0.8:5060")
        bench.end()
        let bye = try #require(bench.requests(.bye).last)
        #expect(bye.headers[.cseq] == "3 BYE")
        #expect(bye.uri.description == "sip:moved@10.0.0.8:5060")
    }
}
