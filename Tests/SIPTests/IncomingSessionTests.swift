import Testing

@testable import SIP

@Suite("Incoming sessions, RFC 3261 §13.3, §9.2, §15.1.2")
struct IncomingSessionTests {
    private let id = SessionID.firstIncoming

    private func answer(_ bench: inout Bench) {
        bench.agent.answer(id, sdp: Bench.answer, now: bench.now, random: &bench.random, into: &bench.effects)
    }

    private func ring(_ bench: inout Bench) {
        bench.agent.ring(id, now: bench.now, random: &bench.random, into: &bench.effects)
    }

    @Test("Ring, early media, answer, ACK, the caller's BYE")
    func wholeCall() throws {
        var bench = Bench()
        let invite = incomingInvite()
        bench.deliver(invite.bytes)
        #expect(bench.summary == ["100 INVITE"])
        guard case .invited(id, let invitation)? = bench.told.first else {
            Issue.record("not invited")
            return
        }
        #expect(invitation.offer == Bench.offer)
        #expect(invitation.from.tag == "caller")
        ring(&bench)
        bench.agent.progress(id, sdp: Bench.answer, now: bench.now, random: &bench.random, into: &bench.effects)
        answer(&bench)
        #expect(bench.summary == ["100 INVITE", "180 INVITE", "183 INVITE", "200 INVITE"])
        let tags = try bench.responses.map { try $0.headers.to().tag }
        #expect(tags[0] == nil)
        #expect(Set(tags.dropFirst()).count == 1)
        let accepted = try #require(bench.responses.last)
        #expect(accepted.headers[.contact] == "<sip:belay@10.0.0.1:5060>")
        _ = bench.take()
        bench.deliver(followUp(.ack, to: accepted, invite: invite, cseq: 1, branch: "a1").bytes)
        #expect(bench.told == [.acknowledged(id, body: nil)])
        bench.deliver(followUp(.bye, to: accepted, invite: invite, cseq: 2, branch: "b1").bytes)
        #expect(bench.told.last == .ended(id, .remoteHangUp))
        bench.pass(.seconds(40))
        #expect(bench.agent.gauges.isIdle)
    }

    @Test("An INVITE that gives its callee a time is answered 487 when it is over (RFC 3261 §13.3.1)")
    func expires() {
        for expires in ["20", " 20 "] {
            var bench = Bench()
            bench.deliver(incomingInvite(headers: [.init("Expires", expires)]).bytes)
            ring(&bench)
            _ = bench.take()
            bench.pass(.milliseconds(19_999))
            #expect(bench.effects.isEmpty)
            bench.pass(.milliseconds(1))
            #expect(bench.summary == ["487 INVITE"])
            #expect(bench.told == [.canceledByPeer(id), .failed(id, .expired)])
            answer(&bench)
            #expect(!bench.summary.contains("200 INVITE"))
            bench.pass(.seconds(60))
            #expect(bench.agent.gauges.isIdle)
        }
    }

    @Test(
        "What is no number of seconds sets no limit, and an answer in time ends it",
        arguments: ["soon", "-1", "", "20"])
    func noExpiry(expires: String) {
        var bench = Bench()
        bench.deliver(incomingInvite(headers: [.init("Expires", expires)]).bytes)
        if expires == "20" { answer(&bench) } else { ring(&bench) }
        bench.pass(.seconds(25))
        #expect(!bench.summary.contains("487 INVITE"))
    }

    @Test("The longest Expires, and one beyond it, are no end (RFC 3261 §20.19)")
    func longestExpiry() {
        for expires in ["4294967295", "10000000000000000", "18446744073709551615"] {
            var bench = Bench()
            bench.deliver(incomingInvite(headers: [.init("Expires", expires)]).bytes)
            bench.pass(.seconds(3600))
            #expect(!bench.summary.contains("487 INVITE"))
        }
    }

    @Test("A retransmitted INVITE gets the latest response and makes no second session")
    func retransmission() {
        var bench = Bench()
        bench.deliver(incomingInvite().bytes)
        ring(&bench)
        _ = bench.take()
        bench.deliver(incomingInvite().bytes)
        #expect(bench.summary == ["180 INVITE"])
        #expect(bench.told.isEmpty)
    }

    @Test("The 200 is repeated at T1, 2·T1 … T2 until the ACK; without one BYE after 64·T1")
    func unacknowledged() throws {
        var bench = Bench()
        bench.deliver(incomingInvite().bytes)
        answer(&bench)
        _ = bench.take()
        bench.pass(.seconds(32))
        #expect(bench.summary.filter { $0 == "200 INVITE" }.count == 10)
        let bye = try #require(bench.requests(.bye).first)
        bench.respond(to: bye, 200)
        #expect(bench.told == [.ended(id, .neverAcknowledged)])
        bench.pass(.seconds(40))
        #expect(bench.agent.gauges.isIdle)
    }

    @Test("Hanging up before the ACK waits for it (RFC 3261 §15)", arguments: [true, false])
    func earlyHangUp(ackComes: Bool) throws {
        var bench = Bench()
        let invite = incomingInvite()
        bench.deliver(invite.bytes)
        answer(&bench)
        let accepted = try #require(bench.responses.last)
        bench.agent.end(id, now: bench.now, random: &bench.random, into: &bench.effects)
        #expect(bench.requests(.bye).isEmpty)
        if ackComes {
            bench.deliver(followUp(.ack, to: accepted, invite: invite, cseq: 1, branch: "a1").bytes)
        } else {
            bench.pass(.seconds(32))
        }
        let bye = try #require(bench.requests(.bye).first)
        bench.respond(to: bye, 200)
        #expect(bench.told.last == .ended(id, .localHangUp(confirmed: true)))
        bench.pass(.seconds(40))
        #expect(bench.agent.gauges.isIdle)
    }

    @Test("CANCEL before the answer: 200 and 487, and the ACK of the 487 ends it")
    func canceled() throws {
        var bench = Bench()
        let invite = incomingInvite()
        bench.deliver(invite.bytes)
        ring(&bench)
        _ = bench.take()
        var cancel = followUp(.cancel, to: SIPResponse(to: invite, status: .ok, toTag: nil), invite: invite, cseq: 1)
        cancel.headers[.contact] = nil
        bench.deliver(cancel.bytes)
        #expect(bench.summary == ["200 CANCEL", "487 INVITE"])
        #expect(try Set(bench.responses.map { try $0.headers.to().tag }).count == 1)
        #expect(bench.told == [.canceledByPeer(id), .failed(id, .canceledByPeer)])
        let refusal = try #require(bench.responses.last)
        bench.deliver(followUp(.ack, to: refusal, invite: invite, cseq: 1).bytes)
        _ = bench.take()
        answer(&bench)
        bench.pass(.seconds(40))
        #expect(bench.summary.isEmpty)
        #expect(bench.agent.gauges.isIdle)
    }

    @Test("Before the answer an offer of the caller meets its own open one: 500 with Retry-After")
    func earlyOffer() throws {
        var bench = Bench()
        let invite = incomingInvite()
        bench.deliver(invite.bytes)
        ring(&bench)
        let ringing = try #require(bench.responses.last)
        _ = bench.take()
        bench.deliver(
            followUp(.update, to: ringing, invite: invite, cseq: 2, branch: "u1", sdp: Bench.offer).bytes)
        #expect(bench.summary == ["500 UPDATE"])
        #expect(bench.responses[0].headers.contains(.retryAfter))
        #expect(bench.told.isEmpty)
        answer(&bench)
        let accepted = try #require(bench.responses.last)
        // The UPDATE raised the CSeq; the ACK has the INVITE's all the same.
        bench.deliver(followUp(.ack, to: accepted, invite: invite, cseq: 1, branch: "a1").bytes)
        #expect(bench.told == [.acknowledged(id, body: nil)])
    }

    @Test("CANCEL after the answer is too late: 200, and the call goes on")
    func lateCancel() {
        var bench = Bench()
        let invite = incomingInvite()
        bench.deliver(invite.bytes)
        answer(&bench)
        _ = bench.take()
        bench.deliver(
            followUp(.cancel, to: SIPResponse(to: invite, status: .ok, toTag: nil), invite: invite, cseq: 1).bytes)
        #expect(bench.summary == ["200 CANCEL"])
        #expect(bench.told.isEmpty)
    }

    @Test("CANCEL before its INVITE, or for nobody, is 481")
    func cancelForNobody() {
        var bench = Bench()
        let invite = incomingInvite()
        bench.deliver(
            followUp(.cancel, to: SIPResponse(to: invite, status: .ok, toTag: nil), invite: invite, cseq: 1).bytes)
        #expect(bench.summary == ["481 CANCEL"])
        #expect(bench.agent.gauges.isIdle)
    }

    @Test("A caller's BYE before the answer: 200, and 487 for the INVITE")
    func earlyBye() throws {
        var bench = Bench()
        let invite = incomingInvite()
        bench.deliver(invite.bytes)
        ring(&bench)
        let ringing = try #require(bench.responses.last)
        _ = bench.take()
        bench.deliver(followUp(.bye, to: ringing, invite: invite, cseq: 2, branch: "b1").bytes)
        #expect(bench.summary == ["200 BYE", "487 INVITE"])
        #expect(bench.told == [.canceledByPeer(id), .failed(id, .canceledByPeer)])
    }

    @Test("A rejection is repeated until its ACK, with the owner's header fields")
    func rejected() throws {
        var bench = Bench()
        let invite = incomingInvite()
        bench.deliver(invite.bytes)
        bench.agent.reject(
            id, status: .busyHere, headers: SIPHeaders([.init(.retryAfter, "60")]), now: bench.now,
            random: &bench.random, into: &bench.effects)
        let refusal = try #require(bench.responses.last)
        #expect(refusal.status == .busyHere)
        #expect(refusal.headers[.retryAfter] == "60")
        #expect(bench.told.last == .failed(id, .rejected(.busyHere)))
        _ = bench.take()
        bench.pass(.seconds(1))
        #expect(bench.summary == ["486 INVITE"])
        bench.deliver(followUp(.ack, to: refusal, invite: invite, cseq: 1).bytes)
        bench.pass(.seconds(40))
        #expect(bench.summary == ["486 INVITE"])
        #expect(bench.agent.gauges.isIdle)
    }

    @Test("Ending an INVITE that has not been answered refuses it with 480")
    func endBeforeAnswer() {
        var bench = Bench()
        bench.deliver(incomingInvite().bytes)
        bench.agent.end(id, now: bench.now, random: &bench.random, into: &bench.effects)
        #expect(bench.summary.last == "480 INVITE")
        #expect(bench.told.last == .failed(id, .canceled))
    }

    @Test("A ringing INVITE says so again every minute (RFC 3261 §13.3.1.1)")
    func everyMinute() {
        var bench = Bench()
        bench.deliver(incomingInvite().bytes)
        ring(&bench)
        _ = bench.take()
        bench.pass(.seconds(150))
        #expect(bench.summary == ["180 INVITE", "180 INVITE"])
    }

    @Test("An INVITE without an offer takes ours; the ACK brings the answer")
    func withoutOffer() throws {
        var bench = Bench()
        let invite = incomingInvite(sdp: nil)
        bench.deliver(invite.bytes)
        answer(&bench)
        let accepted = try #require(bench.responses.last)
        _ = bench.take()
        bench.deliver(
            followUp(.ack, to: accepted, invite: invite, cseq: 1, branch: "a1", sdp: Bench.offer).bytes)
        #expect(bench.told == [.acknowledged(id, body: Bench.offer)])
    }

    @Test("Record-Route comes back in the 200 and routes our BYE")
    func recordRoute() throws {
        var bench = Bench()
        let invite = incomingInvite(headers: [.init(.recordRoute, "<sip:10.0.0.8:5070;lr>, <sip:10.0.0.7;lr>")])
        bench.deliver(invite.bytes)
        answer(&bench)
        let accepted = try #require(bench.responses.last)
        #expect(accepted.headers.values(.recordRoute).count == 2)
        bench.deliver(followUp(.ack, to: accepted, invite: invite, cseq: 1, branch: "a1").bytes)
        _ = bench.take()
        bench.agent.end(id, now: bench.now, random: &bench.random, into: &bench.effects)
        let bye = try #require(bench.requests(.bye).first)
        #expect(bye.headers.values(.route) == ["<sip:10.0.0.8:5070;lr>", "<sip:10.0.0.7;lr>"])
        #expect(try bye.headers.from().tag?.hasPrefix("n3-") == true)
        #expect(try bye.headers.to().tag == "caller")
        #expect(bye.headers[.cseq] == "1 BYE")
    }

    @Test("The same INVITE by another way is 482 (RFC 3261 §8.2.2.2)")
    func merged() {
        var bench = Bench()
        bench.deliver(incomingInvite().bytes)
        _ = bench.take()
        bench.deliver(incomingInvite(branch: "other-way").bytes)
        #expect(bench.summary == ["482 INVITE"])
        #expect(bench.agent.gauges.sessions == 1)
    }

    @Test("Requests outside dialogs that are answered without keeping anything")
    func outside() {
        for (method, expected) in [
            (SIPMethod.options, "200 OPTIONS"), (.bye, "481 BYE"), (.register, "405 REGISTER"),
            (.other("FETCH"), "501 FETCH"), (.notify, "405 NOTIFY"),
        ] {
            var bench = Bench()
            var request = incomingInvite(sdp: nil)
            request.method = method
            request.headers[.cseq] = "1 \(method)"
            bench.deliver(request.bytes)
            #expect(bench.summary == [expected])
            #expect(bench.agent.gauges.isIdle)
            if method == .options {
                #expect(bench.responses[0].headers[.accept]?.hasPrefix("application/sdp") == true)
                #expect(bench.responses[0].headers.contains(.allow))
                #expect(bench.responses[0].headers.contains(.supported))
            }
            let first = bench.responses
            bench.deliver(request.bytes)
            #expect(bench.responses == first + first)
        }
    }

    @Test("An INVITE with an unknown scheme, body, encoding or extension is refused by its number")
    func refusals() {
        var scheme = incomingInvite()
        scheme.uri = .other(scheme: "nobodyKnowsThisScheme", text: "totallyopaquecontent")
        var body = incomingInvite()
        body.headers[.contentType] = "application/unknownformat"
        var encoding = incomingInvite()
        encoding.headers.append(.contentEncoding, "gzip")
        var contact = incomingInvite()
        contact.headers[.contact] = nil
        let required = incomingInvite(headers: [.init(.require, "nothingSupportsThis")])
        let routes = ["<", "bad route", "<sip:10.0.0.7;lr>, <sip:10.0.0.8"].map { route in
            (incomingInvite(headers: [.init(.recordRoute, route)]), "400 INVITE")
        }
        for (request, status) in routes + [
            (scheme, "416 INVITE"), (body, "415 INVITE"), (encoding, "415 INVITE"), (contact, "400 INVITE"),
            (required, "420 INVITE"),
        ] {
            var bench = Bench()
            bench.deliver(request.bytes)
            #expect(bench.summary == [status])
            #expect(bench.agent.gauges.isIdle)
        }
    }

    @Test(
        "A display name that ought to stand in quotes is taken as if it did (RFC 4475 §3.1.2.15)",
        arguments: [
            "Bob, Jr.", "Bob (Sales)", "Smith, J. <Bob>", "bob@example.com", "Bob \"Bobby\" Smith", "R&D; 2nd: floor",
            "Bob [x] {y} / z = ?",
        ])
    func looseNames(name: String) throws {
        var bench = Bench()
        var request = incomingInvite()
        request.headers[.from] = "\(name) <sip:+13125550142@10.0.0.2>;tag=caller"
        request.headers[.to] = "\(name) <sip:100@10.0.0.1>"
        request.headers[.contact] = "Bob, Jr. <sip:caller@10.0.0.2:5070>"
        bench.deliver(request.bytes)
        guard case .invited(let id, let invitation)? = bench.told.first else {
            Issue.record("not invited: \(bench.summary)")
            return
        }
        #expect(invitation.from.displayName == name)
        #expect(invitation.from.uri.sip?.user == "+13125550142")
        #expect(invitation.from.tag == "caller")
        #expect(invitation.to.displayName == name)
        bench.agent.answer(id, sdp: Bench.answer, now: bench.now, random: &bench.random, into: &bench.effects)
        let answer = try #require(bench.responses.last)
        #expect(answer.status == .ok)
        #expect(answer.headers[.from] == request.headers[.from])
        bench.deliver(followUp(.ack, to: answer, invite: request, cseq: 1, branch: "ack").bytes)
        bench.agent.end(id, now: bench.now, random: &bench.random, into: &bench.effects)
        let bye = try #require(bench.requests(.bye).first)
        #expect(bye.uri.description == "sip:caller@10.0.0.2:5070")
        #expect(try bye.headers.to().displayName == name)
        #expect(try bye.headers.to().tag == "caller")
    }

    @Test(
        "Where a comma or a quote leaves open who is meant, it is 400",
        arguments: [
            "sip:a@10.0.0.2, <sip:b@10.0.0.2>;tag=caller", "<sip:a@10.0.0.2>, <sip:b@10.0.0.2>;tag=caller",
            "\"Bob <sip:b@10.0.0.2>;tag=caller", "Bob, Jr. sip:b@10.0.0.2;tag=caller", "Bob, Jr. <>;tag=caller",
        ])
    func openNames(from: String) {
        var bench = Bench()
        var request = incomingInvite()
        request.headers[.from] = from
        bench.deliver(request.bytes)
        // It echoes what cannot be read.
        let answers = bench.effects.compactMap { effect -> String? in
            guard case .send(let bytes, _) = effect else { return nil }
            return String(decoding: bytes.prefix(11), as: UTF8.self)
        }
        #expect(answers == ["SIP/2.0 400"])
    }

    @Test("Contacts and routes stay lists: what stands between commas is read by itself")
    func listsStay() throws {
        var headers = SIPHeaders()
        headers.append(.contact, "sip:a@h, Bob <sip:b@h>")
        #expect(try headers.addresses(.contact).map(\.uri.description) == ["sip:a@h", "sip:b@h"])
        for (name, value) in [
            (SIPHeaderName.contact, "<sip:a@h>, Bob, Jr. <sip:b@h>"), (.contact, "sip:a@h, B (x) <sip:b@h>"),
            (.recordRoute, "Bob, Jr. <sip:b@h;lr>"), (.route, "Bob (x) <sip:b@h;lr>"),
        ] {
            var headers = SIPHeaders()
            headers.append(name, value)
            #expect(throws: SIPParseError.self, "\(value)") { try headers.addresses(name) }
        }
    }

    @Test("Max-Forwards 0 does not matter to the one who is called (RFC 4475 §3.3.8)")
    func maxForwards() {
        var bench = Bench()
        var request = incomingInvite()
        request.headers[.maxForwards] = "0"
        bench.deliver(request.bytes)
        #expect(bench.summary == ["100 INVITE"])
    }

    @Test("A peer that is not allowed gets 403 for an INVITE and nothing for anything else")
    func notAllowed() {
        var bench = Bench { $0.allowedPeers = [IPAddressRange(.v4(0x0a00_0063))] }
        bench.deliver(incomingInvite().bytes)
        #expect(bench.summary == ["403 INVITE"])
        let request = TurnedAway(incomingInvite(), source: Bench.peer)
        #expect(bench.told == [.discarded(reason: .peerNotAllowed, from: Bench.peer), .turnedAway(request)])
        _ = bench.take()
        var options = incomingInvite(sdp: nil)
        options.method = .options
        options.headers[.cseq] = "1 OPTIONS"
        bench.deliver(options.bytes)
        #expect(bench.summary.isEmpty)
        #expect(bench.agent.gauges.isIdle)
    }

    @Test("Who is allowed may change; a dialog with who was allowed goes on")
    func allowedAnew() throws {
        var bench = Bench { $0.allowedPeers = [IPAddressRange(Bench.peer.address)] }
        let invite = incomingInvite()
        bench.deliver(invite.bytes)
        answer(&bench)
        let accepted = try #require(bench.responses.last)
        bench.agent.allow([IPAddressRange(.v4(0x0a00_0063))])
        _ = bench.take()
        bench.deliver(incomingInvite(callID: "call-2", branch: "in2").bytes)
        #expect(bench.summary == ["403 INVITE"])
        bench.deliver(followUp(.ack, to: accepted, invite: invite, cseq: 1, branch: "a1").bytes)
        bench.deliver(followUp(.bye, to: accepted, invite: invite, cseq: 2, branch: "b1").bytes)
        #expect(bench.told.last == .ended(id, .remoteHangUp))
        _ = bench.take()
        bench.agent.allow([IPAddressRange(Bench.peer.address)])
        bench.deliver(incomingInvite(callID: "call-3", branch: "in3").bytes)
        #expect(bench.summary == ["100 INVITE"])
    }

    @Test("Over the limits INVITEs are 503 with nothing kept")
    func limits() {
        var bench = Bench { $0.limits.incomingSessions = 2 }
        for index in 0..<5 { bench.deliver(incomingInvite(callID: "c\(index)", branch: "b\(index)").bytes) }
        #expect(bench.summary.filter { $0 == "503 INVITE" }.count == 3)
        #expect(bench.agent.gauges.sessions == 2)
        var tight = Bench { $0.limits.serverTransactions = 1 }
        tight.deliver(incomingInvite(callID: "c1", branch: "b1").bytes)
        tight.deliver(incomingInvite(callID: "c2", branch: "b2").bytes)
        #expect(tight.summary == ["100 INVITE", "503 INVITE"])
        #expect(tight.agent.gauges.inviteServerTransactions == 1)
    }

    @Test("Responses go back by rport, by sent-by, and never by maddr (RFC 3261 §18.2.2, RFC 3581)")
    func replyPath() throws {
        let source = try #require(TransportAddress("10.0.0.77:4000"))
        for (via, target, written) in [
            ("10.0.0.2:5090;branch=z9hG4bKx;rport", "10.0.0.77:4000", ";rport=4000;received=10.0.0.77"),
            ("10.0.0.2:5090;branch=z9hG4bKx", "10.0.0.77:5090", ";received=10.0.0.77"),
            ("pbx.example.com;branch=z9hG4bKx", "10.0.0.77:5060", ";received=10.0.0.77"),
            ("10.0.0.2:5090;branch=z9hG4bKx;maddr=192.0.2.9", "10.0.0.77:5090", ";received=10.0.0.77"),
        ] {
            var bench = Bench()
            var request = incomingInvite()
            request.headers[.via] = "SIP/2.0/UDP \(via), SIP/2.0/UDP 10.9.9.9;branch=z9hG4bKy"
            bench.deliver(request.bytes, from: source)
            let sends = bench.effects.compactMap { if case .send(_, let to) = $0 { to } else { nil } }
            #expect(sends == [TransportAddress(target)])
            let answer = try #require(bench.responses.first)
            #expect(answer.headers[.via]?.contains(written) == true)
            #expect(try answer.headers.vias().count == 2)
        }
    }
}
