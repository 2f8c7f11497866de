import Testing

@testable import SIP

@Suite("Outgoing sessions, RFC 3261 §13.2, §9.1, §15.1.1")
struct OutgoingSessionTests {
    /// A bench whose call was answered and acknowledged; effects are empty.
    private func answered(_ change: (inout UserAgentConfiguration) -> Void = { _ in }) -> (Bench, SIPRequest) {
        var bench = Bench(change)
        let invite = bench.invite()
        bench.respond(to: invite, 180)
        bench.respond(to: invite, 200, sdp: Bench.answer)
        _ = bench.take()
        return (bench, invite)
    }

    @Test("An INVITE has what RFC 3261 §8.1.1 and §13.2.1 ask for, and the node's number in its identifiers")
    func invite() throws {
        var bench = Bench()
        var invitation = Bench.invitation
        invitation.extraHeaders.append("P-Asserted-Identity", "<sip:+15559990000@10.0.0.1>")
        invitation.extraHeaders.append(.callID, "not-mine")
        let invite = bench.invite(1, invitation)
        let via = try invite.headers.topVia()
        #expect(via.branch?.hasPrefix("z9hG4bKn3-") == true)
        #expect(via.parameters.contains("rport"))
        #expect(try invite.headers.from().tag?.hasPrefix("n3-") == true)
        #expect(invite.headers.callID?.hasPrefix("n3-") == true)
        #expect(try invite.headers.to().tag == nil)
        #expect(invite.headers[.maxForwards] == "70")
        #expect(invite.headers[.cseq] == "1 INVITE")
        #expect(invite.headers[.contact] == "<sip:belay@10.0.0.1:5060>")
        #expect(invite.headers[.contentType] == "application/sdp")
        #expect(invite.headers["P-Asserted-Identity"] == "<sip:+15559990000@10.0.0.1>")
        #expect(invite.headers.all(.callID).count == 1)
        #expect(invite.body == Bench.offer)
        #expect(bench.effects.count == 1)
    }

    @Test("Identifiers drawn before are the ones that leave")
    func presetIdentifiers() throws {
        var bench = Bench()
        var invitation = Bench.invitation
        let identifiers = UserAgent.drawIdentifiers(node: 3, random: &bench.random)
        invitation.identifiers = identifiers
        let invite = bench.invite(1, invitation)
        #expect(invite.headers.callID == identifiers.callID)
        #expect(try invite.headers.from().tag == identifiers.fromTag)
        #expect(try invite.headers.topVia().branch == identifiers.branch)
    }

    @Test("Progress, answer: the ACK leaves before the answer is told, to the Contact, with the INVITE's CSeq")
    func answer() throws {
        var bench = Bench()
        let invite = bench.invite()
        _ = bench.take()
        bench.respond(to: invite, 100, tag: nil)
        #expect(bench.told.isEmpty)
        bench.respond(to: invite, 183, sdp: Bench.answer)
        #expect(bench.told == [.progressed(.one, .sessionProgress, body: Bench.answer)])
        _ = bench.take()
        bench.respond(to: invite, 200, sdp: Bench.answer, contact: "<sip:x@10.0.0.9:5080>")
        #expect(bench.effects.last == .answered(.one, body: Bench.answer))
        let ack = try #require(bench.requests(.ack).first)
        #expect(ack.uri.description == "sip:x@10.0.0.9:5080")
        #expect(ack.headers[.cseq] == "1 ACK")
        #expect(try ack.headers.to().tag == "callee")
        #expect(try ack.headers.topVia().branch != invite.headers.topVia().branch)
        guard case .send(_, let target) = bench.effects[0] else { return }
        #expect(target == TransportAddress("10.0.0.9:5080"))
    }

    @Test("Requests in a dialog follow the Record-Route, loose and strict (RFC 3261 §12.2.1.1)")
    func routes() throws {
        for (route, uri, next) in [
            ("<sip:10.0.0.7;lr>, <sip:10.0.0.8:5070;lr>", "sip:callee@10.0.0.2:5060", "10.0.0.8:5070"),
            ("<sip:10.0.0.7;lr>, <sip:10.0.0.8:5070>", "sip:10.0.0.8:5070", "10.0.0.8:5070"),
        ] {
            var bench = Bench()
            let invite = bench.invite()
            bench.respond(to: invite, 200, sdp: Bench.answer, headers: [.init(.recordRoute, route)])
            _ = bench.take()
            bench.end()
            let bye = try #require(bench.requests(.bye).first)
            #expect(bye.uri.description == uri)
            let routes = bye.headers.values(.route)
            if uri.contains("callee") {
                #expect(routes == ["<sip:10.0.0.8:5070;lr>", "<sip:10.0.0.7;lr>"])
            } else {
                #expect(routes == ["<sip:10.0.0.7;lr>", "<sip:callee@10.0.0.2:5060>"])
            }
            guard case .send(_, let target) = bench.effects[0] else { return }
            #expect(target == TransportAddress(next))
        }
    }

    @Test("A trunk behind a NAT sends requests where the call began")
    func outboundProxy() {
        var natted = Bench { $0.inDialogRouting = .outboundProxy }
        let second = natted.invite()
        _ = natted.take()
        natted.respond(to: second, 200, contact: "<sip:x@192.168.1.1:5060>")
        guard case .send(_, let target)? = natted.effects.first else { return }
        #expect(target == Bench.peer)
    }

    @Test("A repeated 2xx gets the same ACK again and is not told again (RFC 3261 §13.2.2.4)")
    func repeatedAnswer() {
        var bench = Bench()
        let invite = bench.invite()
        bench.respond(to: invite, 200, sdp: Bench.answer)
        let first = bench.requests(.ack)
        _ = bench.take()
        bench.respond(to: invite, 200, sdp: Bench.answer)
        #expect(bench.requests(.ack) == first)
        #expect(bench.told.isEmpty)
    }

    @Test("Forks: the first 2xx wins, a later one is ACKed and BYEd at once")
    func forks() throws {
        var bench = Bench()
        let invite = bench.invite()
        bench.respond(to: invite, 180, tag: "one")
        bench.respond(to: invite, 180, tag: "two")
        #expect(bench.agent.gauges.dialogs == 2)
        #expect(bench.agent.record(of: .one)?.dialogs.map(\.remoteTag) == ["one", "two"])
        bench.respond(to: invite, 200, tag: "two", sdp: Bench.answer)
        _ = bench.take()
        bench.respond(to: invite, 200, tag: "one", sdp: Bench.answer)
        #expect(bench.summary == ["ACK", "BYE"])
        #expect(try bench.requests.allSatisfy { try $0.headers.to().tag == "one" })
        #expect(bench.told.isEmpty)
        let bye = try #require(bench.requests(.bye).first)
        bench.respond(to: bye, 200, tag: nil)
        #expect(bench.told.isEmpty)
        #expect(bench.agent.record(of: .one)?.phase == .confirmed)
        // A third fork that never rang.
        _ = bench.take()
        bench.respond(to: invite, 200, tag: "three")
        #expect(bench.summary == ["ACK", "BYE"])
    }

    @Test("More 2xx than forks are possible cost nothing more")
    func forkFlood() {
        var bench = Bench { $0.limits.forks = 4 }
        let invite = bench.invite()
        for index in 0..<100 { bench.respond(to: invite, 200, tag: "fork\(index)") }
        #expect(bench.requests(.bye).count == 3)
        #expect(bench.requests(.ack).count == 4)
    }

    @Test(
        "A refusal is acknowledged and told once, and all is quiet after timer D", arguments: [300, 404, 486, 503, 603])
    func refused(status: Int) {
        var bench = Bench()
        let invite = bench.invite()
        bench.respond(to: invite, 180)
        _ = bench.take()
        bench.respond(to: invite, status)
        bench.respond(to: invite, status)
        #expect(bench.summary == ["ACK", "ACK"])
        let code = StatusCode(status) ?? .ok
        #expect(bench.told == [.failed(.one, .response(code, reason: code.reasonPhrase))])
        bench.pass(.seconds(33))
        #expect(bench.agent.gauges.isIdle)
    }

    @Test("No answer at all: seven INVITEs in 64·T1, then timedOut")
    func noAnswer() {
        var bench = Bench()
        _ = bench.invite()
        bench.pass(.seconds(32))
        #expect(bench.requests(.invite).count == 7)
        #expect(bench.told == [.failed(.one, .timedOut)])
        #expect(bench.agent.gauges.isIdle)
    }

    @Test("A transport error is told as such")
    func transportError() {
        var bench = Bench()
        _ = bench.invite()
        bench.agent.sendFailed(to: Bench.peer, "no route", now: bench.now, random: &bench.random, into: &bench.effects)
        #expect(bench.told == [.failed(.one, .transportFailed("no route"))])
        #expect(bench.agent.gauges.isIdle)
    }

    @Test("It may ring as long as its owner likes")
    func longRing() {
        var bench = Bench()
        let invite = bench.invite()
        bench.respond(to: invite, 180)
        bench.pass(.seconds(3600))
        #expect(bench.agent.gauges.sessions == 1)
        #expect(bench.agent.nextDeadline == nil)
    }

    // MARK: CANCEL

    @Test("CANCEL waits for the first provisional response and copies the INVITE (RFC 3261 §9.1)")
    func heldCancel() throws {
        var bench = Bench()
        let invite = bench.invite()
        _ = bench.take()
        bench.end()
        bench.end()
        #expect(bench.effects.isEmpty)
        bench.respond(to: invite, 100, tag: nil)
        let cancel = try #require(bench.requests(.cancel).first)
        #expect(bench.summary == ["CANCEL"])
        #expect(cancel.uri == invite.uri)
        #expect(cancel.headers.all(.via) == invite.headers.all(.via))
        for name in [SIPHeaderName.from, .to, .callID] { #expect(cancel.headers[name] == invite.headers[name]) }
        #expect(cancel.headers[.cseq] == "1 CANCEL")
        bench.respond(to: cancel, 200)
        bench.respond(to: invite, 487)
        #expect(bench.told == [.failed(.one, .canceled)])
        #expect(bench.summary == ["CANCEL", "ACK"])
        bench.pass(.seconds(33))
        #expect(bench.agent.gauges.isIdle)
    }

    @Test("One CANCEL, however many provisional responses come behind it")
    func oneCancel() {
        var bench = Bench()
        let invite = bench.invite()
        bench.respond(to: invite, 180)
        bench.end()
        bench.respond(to: invite, 180)
        bench.respond(to: invite, 183)
        #expect(bench.requests(.cancel).count == 1)
    }

    @Test("A CANCEL held back and an INVITE that nobody answers: canceled after 64·T1")
    func heldCancelTimeout() {
        var bench = Bench()
        _ = bench.invite()
        bench.end()
        bench.pass(.seconds(32))
        #expect(bench.told == [.failed(.one, .canceled)])
        #expect(bench.requests(.cancel).isEmpty)
        #expect(bench.agent.gauges.isIdle)
    }

    @Test("CANCEL crosses the 200: ACK, BYE, canceled", arguments: [true, false])
    func cancelRace(cancelAnsweredFirst: Bool) throws {
        var bench = Bench()
        let invite = bench.invite()
        bench.respond(to: invite, 180)
        _ = bench.take()
        bench.end()
        let cancel = try #require(bench.requests(.cancel).first)
        if cancelAnsweredFirst { bench.respond(to: cancel, 481) }
        bench.respond(to: invite, 200, sdp: Bench.answer)
        if !cancelAnsweredFirst { bench.respond(to: cancel, 200) }
        #expect(bench.summary == ["CANCEL", "ACK", "BYE"])
        #expect(bench.told.isEmpty, "its end is told when the callee has heard of it")
        // The 200 comes again: its ACK again, no second BYE.
        bench.respond(to: invite, 200, sdp: Bench.answer)
        #expect(bench.summary == ["CANCEL", "ACK", "BYE", "ACK"])
        let bye = try #require(bench.requests(.bye).first)
        bench.respond(to: bye, 200)
        bench.pass(.seconds(33))
        #expect(bench.agent.gauges.isIdle)
        #expect(bench.told == [.failed(.one, .canceled)])
    }

    @Test("The answer is processed first: end is a BYE, no CANCEL")
    func answerBeforeEnd() {
        var (bench, invite) = answered()
        bench.end()
        #expect(bench.summary == ["BYE"])
        #expect(bench.requests(.bye).first?.headers[.cseq] == "2 BYE")
        bench.respond(to: invite, 200, sdp: Bench.answer)
        #expect(bench.summary == ["BYE", "ACK"])
    }

    @Test("CANCEL crosses a refusal: canceled, once")
    func cancelRefusal() throws {
        var bench = Bench()
        let invite = bench.invite()
        bench.respond(to: invite, 180)
        bench.end()
        bench.respond(to: invite, 486)
        bench.end()
        let cancel = try #require(bench.requests(.cancel).first)
        bench.respond(to: cancel, 481)
        #expect(bench.told.filter { $0 == .failed(.one, .canceled) }.count == 1)
        bench.pass(.seconds(33))
        #expect(bench.agent.gauges.isIdle)
    }

    @Test("A cancelled INVITE whose final response never comes ends 64·T1 after the CANCEL")
    func cancelWithoutFinal() throws {
        var bench = Bench()
        let invite = bench.invite()
        bench.respond(to: invite, 180)
        bench.pass(.seconds(100))
        bench.end()
        let cancel = try #require(bench.requests(.cancel).first)
        bench.respond(to: cancel, 200)
        _ = bench.take()
        bench.pass(.seconds(31))
        #expect(bench.told.isEmpty)
        bench.pass(.seconds(1))
        #expect(bench.told == [.failed(.one, .canceled)])
        #expect(bench.agent.gauges.isIdle)
    }

    @Test("A 6xx, then a 200 of another branch: failed, and the late callee is ACKed and BYEd")
    func successAfterRefusal() {
        var bench = Bench()
        let invite = bench.invite()
        bench.respond(to: invite, 603, tag: "one")
        _ = bench.take()
        bench.respond(to: invite, 200, tag: "two")
        #expect(bench.summary == ["ACK", "BYE"])
        #expect(bench.told.isEmpty)
    }

    @Test("A reason phrase in Latin-1 is read as what it most likely says")
    func oddReason() {
        var bench = Bench()
        let invite = bench.invite()
        var response = SIPResponse(to: invite, status: .busyHere, reason: "XX", toTag: "callee").bytes
        let at = response.firstIndex(of: UInt8(ascii: "X")) ?? 0
        response.replaceSubrange(at...at + 1, with: [0xFC, UInt8(ascii: "b")])
        bench.deliver(response)
        #expect(bench.told == [.failed(.one, .response(.busyHere, reason: "\u{FC}b"))])
    }

    // MARK: BYE

    @Test("A BYE ends the call whatever the peer answers", arguments: [200, 401, 407, 408, 481, 500])
    func byeAnswers(status: Int) throws {
        var (bench, _) = answered()
        bench.end()
        let bye = try #require(bench.requests(.bye).first)
        bench.respond(to: bye, status)
        #expect(bench.told == [.ended(.one, .localHangUp(confirmed: status == 200))])
        bench.pass(.seconds(33))
        #expect(bench.agent.gauges.isIdle)
    }

    @Test("A BYE that nobody answers ends the call after 64·T1")
    func byeTimeout() {
        var (bench, _) = answered()
        bench.end()
        bench.end()
        bench.pass(.seconds(32))
        #expect(bench.told == [.ended(.one, .localHangUp(confirmed: false))])
        #expect(bench.requests(.bye).count == 11)
        #expect(bench.agent.gauges.isIdle)
    }

    @Test("The peer's BYE is answered 200 and told once, also when it comes again")
    func remoteBye() {
        var (bench, invite) = answered()
        let bye = bench.peerRequest(.bye, in: invite, cseq: 10, branch: "b1")
        bench.deliver(bye.bytes)
        bench.deliver(bye.bytes)
        #expect(bench.summary == ["200 BYE", "200 BYE"])
        #expect(bench.told == [.ended(.one, .remoteHangUp)])
        bench.end()
        #expect(bench.requests(.bye).isEmpty)
        bench.pass(.seconds(33))
        #expect(bench.agent.gauges.isIdle)
    }

    @Test("Both hang up at once: both BYEs are answered, one end is told", arguments: [true, false])
    func byeGlare(peerAnswersFirst: Bool) throws {
        var (bench, invite) = answered()
        bench.end()
        let ours = try #require(bench.requests(.bye).first)
        let theirs = bench.peerRequest(.bye, in: invite, cseq: 10, branch: "b1")
        if peerAnswersFirst { bench.respond(to: ours, 200) }
        bench.deliver(theirs.bytes)
        if !peerAnswersFirst { bench.respond(to: ours, 481) }
        #expect(bench.told == [.ended(.one, .localHangUp(confirmed: true))])
        // After our BYE was answered the dialog is gone, and theirs is a stranger's.
        #expect(bench.summary.last == (peerAnswersFirst ? "481 BYE" : "200 BYE"))
        bench.pass(.seconds(33))
        #expect(bench.agent.gauges.isIdle)
    }

    @Test("A hang-up's reason is in its BYE and CANCEL (RFC 3326)")
    func reason() {
        var (bench, _) = answered()
        bench.agent.end(
            .one, reason: "Q.850;cause=16", now: bench.now, random: &bench.random, into: &bench.effects)
        #expect(bench.requests(.bye).first?.headers[.reason] == "Q.850;cause=16")
    }

    @Test("A BYE that overtakes its 2xx: the call was answered, and is over")
    func byeBeforeAnswer() throws {
        var bench = Bench()
        let invite = bench.invite()
        bench.respond(to: invite, 180)
        _ = bench.take()
        bench.deliver(bench.peerRequest(.bye, in: invite, cseq: 4, branch: "b1").bytes)
        #expect(bench.summary == ["200 BYE"])
        #expect(bench.told.isEmpty)
        bench.respond(to: invite, 200, sdp: Bench.answer)
        #expect(bench.summary == ["200 BYE", "ACK"])
        #expect(bench.told == [.answered(.one, body: Bench.answer), .ended(.one, .remoteHangUp)])
        bench.respond(to: invite, 200, sdp: Bench.answer)
        #expect(bench.summary == ["200 BYE", "ACK", "ACK"])
        bench.end()
        bench.pass(.seconds(60))
        #expect(bench.requests(.bye).isEmpty)
        #expect(bench.told.count { $0.isOutcome } == 1)
        #expect(bench.agent.gauges.isIdle)
    }

    @Test(
        "A callee that hangs up its early dialog and says nothing else: CANCEL after a while, and the call has failed")
    func byeAndNoAnswer() throws {
        var bench = Bench()
        let invite = bench.invite()
        bench.respond(to: invite, 180)
        bench.deliver(bench.peerRequest(.bye, in: invite, cseq: 4, branch: "b1").bytes)
        bench.pass(.milliseconds(2_999))
        #expect(bench.told == [.progressed(.one, .ringing, body: nil)])
        _ = bench.take()
        bench.pass(.milliseconds(1))
        #expect(bench.summary == ["CANCEL"])
        #expect(bench.told == [.failed(.one, .canceledByPeer)])
        _ = bench.take()
        // Its answer crosses the CANCEL.
        bench.respond(to: invite, 200, sdp: Bench.answer)
        #expect(bench.summary == ["ACK"])
        bench.pass(.seconds(60))
        #expect(!bench.told.contains { $0.isOutcome })
        #expect(bench.agent.gauges.isIdle)
    }

    @Test("After a BYE on an early dialog: the INVITE's own refusal counts, another branch rings on, ours ends it")
    func byeWhileEarly() {
        var refused = Bench()
        let first = refused.invite()
        refused.respond(to: first, 180)
        refused.deliver(refused.peerRequest(.bye, in: first, cseq: 4, branch: "b1").bytes)
        refused.respond(to: first, 487)
        #expect(refused.told.last == .failed(.one, .response(.requestTerminated, reason: "Request Terminated")))
        refused.pass(.seconds(60))
        #expect(refused.agent.gauges.isIdle)

        var forked = Bench()
        let second = forked.invite()
        forked.respond(to: second, 180, tag: "one")
        forked.respond(to: second, 180, tag: "two")
        forked.deliver(forked.peerRequest(.bye, in: second, tag: "one", cseq: 4, branch: "b1").bytes)
        forked.pass(.seconds(30))
        #expect(!forked.told.contains { $0.isOutcome })
        forked.respond(to: second, 200, tag: "two", sdp: Bench.answer)
        #expect(forked.told.last == .answered(.one, body: Bench.answer))

        var ended = Bench()
        let third = ended.invite()
        ended.respond(to: third, 180)
        ended.deliver(ended.peerRequest(.bye, in: third, cseq: 4, branch: "b1").bytes)
        ended.end()
        ended.pass(.seconds(60))
        #expect(ended.told.filter(\.isOutcome) == [.failed(.one, .canceled)])
        #expect(ended.agent.gauges.isIdle)
    }

    @Test("Each message is told once for the timeline, repetitions marked as such")
    func traces() {
        var bench = Bench { $0.tracesMessages = true }
        let invite = bench.invite()
        bench.pass(.milliseconds(500))
        bench.respond(to: invite, 486)
        bench.respond(to: invite, 486)
        let lines = bench.effects.compactMap { effect -> String? in
            switch effect {
            case .messageSent(.one, let trace): "> \(trace.startLine) \(trace.isRetransmission)"
            case .messageReceived(.one, let trace): "< \(trace.startLine) \(trace.isRetransmission)"
            default: nil
            }
        }
        let uri = "sip:+15551230000@10.0.0.2:5060"
        #expect(
            lines == [
                "> INVITE \(uri) SIP/2.0 false", "> INVITE \(uri) SIP/2.0 true", "< SIP/2.0 486 Busy Here false",
                "> ACK \(uri) SIP/2.0 false", "< SIP/2.0 486 Busy Here true", "> ACK \(uri) SIP/2.0 true",
            ])
    }

    // MARK: Digest

    private static let challenge = SIPHeaders.Field(
        .wwwAuthenticate, "Digest realm=\"trunk\", nonce=\"abc\", qop=\"auth\"")

    @Test("A challenged INVITE is sent again once with credentials: same Call-ID and tag, CSeq 2, new branch")
    func challenged() throws {
        var bench = Bench { $0.credentials = DigestCredentials(username: "u", password: "p") }
        let first = bench.invite()
        _ = bench.take()
        bench.respond(to: first, 401, headers: [Self.challenge])
        #expect(bench.summary == ["ACK", "INVITE"])
        let second = try #require(bench.requests(.invite).first)
        #expect(second.headers.callID == first.headers.callID)
        #expect(second.headers[.from] == first.headers[.from])
        #expect(second.headers[.cseq] == "2 INVITE")
        #expect(second.body == first.body)
        #expect(try second.headers.topVia().branch != first.headers.topVia().branch)
        #expect(second.headers[.authorization]?.contains("username=\"u\"") == true)
        #expect(bench.effects.contains(.recordChanged(.one)))
        #expect(bench.agent.record(of: .one)?.attempt == 2)
        _ = bench.take()
        bench.respond(to: second, 200, sdp: Bench.answer)
        let ack = try #require(bench.requests(.ack).first)
        #expect(ack.headers[.cseq] == "2 ACK")
        #expect(ack.headers[.authorization] == second.headers[.authorization])
        bench.end()
        let bye = try #require(bench.requests(.bye).first)
        #expect(bye.headers[.cseq] == "3 BYE")
        _ = bench.take()
        bench.respond(to: bye, 401, headers: [Self.challenge])
        let again = try #require(bench.requests(.bye).first)
        #expect(again.headers[.cseq] == "4 BYE")
        #expect(again.headers[.authorization] != nil)
        bench.respond(to: again, 401, headers: [Self.challenge])
        #expect(bench.told == [.ended(.one, .localHangUp(confirmed: false))])
        bench.pass(.seconds(60))
        #expect(bench.agent.gauges.isIdle)
    }

    @Test("A second challenge, a challenge without credentials, and one after end are refusals")
    func notAgain() throws {
        var bench = Bench { $0.credentials = DigestCredentials(username: "u", password: "p") }
        let first = bench.invite()
        bench.respond(to: first, 401, headers: [Self.challenge])
        let second = try #require(bench.requests(.invite).last)
        bench.respond(to: second, 401, headers: [Self.challenge])
        #expect(bench.told == [.failed(.one, .response(.unauthorized, reason: "Unauthorized"))])

        var bare = Bench()
        let invite = bare.invite()
        bare.respond(to: invite, 401, headers: [Self.challenge])
        #expect(bare.told == [.failed(.one, .response(.unauthorized, reason: "Unauthorized"))])

        var ended = Bench { $0.credentials = DigestCredentials(username: "u", password: "p") }
        let canceled = ended.invite()
        ended.end()
        ended.respond(to: canceled, 401, headers: [Self.challenge])
        #expect(ended.told == [.failed(.one, .canceled)])
        #expect(ended.requests(.invite).count == 1)
    }

    // MARK: Stray responses and names

    @Test("Responses to nothing are dropped and counted, and never answered")
    func stray() {
        var (bench, invite) = answered()
        var foreign = invite
        foreign.headers[.via] = "SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKforeign"
        bench.respond(to: foreign, 200)
        #expect(bench.effects == [.discarded(reason: .strayResponse, from: Bench.peer)])
        _ = bench.take()
        // The right branch, another sent-by (RFC 3261 §18.1.2).
        foreign = invite
        foreign.headers[.via] = invite.headers[.via]?.replacingHost()
        bench.respond(to: foreign, 200)
        #expect(bench.effects == [.discarded(reason: .strayResponse, from: Bench.peer)])
    }

    @Test("A session number in use is refused, and so is one of the incoming range")
    func numbers() {
        var bench = Bench()
        _ = bench.invite()
        _ = bench.take()
        _ = bench.invite()
        #expect(bench.effects == [.failed(.one, .protocolError("session number 1 is in use"))])
        _ = bench.take()
        _ = bench.invite(SessionID.firstIncoming.rawValue)
        #expect(bench.summary.isEmpty)
    }
}

extension String {
    fileprivate func replacingHost() -> String {
        "SIP/2.0/UDP 10.0.0.66:5060" + (firstIndex(of: ";").map { String(self[$0...]) } ?? "")
    }
}
