import Testing

@testable import SIP

@Suite("Ending what a crash left behind")
struct RestoringTests {
    private func restored(_ record: SessionRecord, _ change: (inout UserAgentConfiguration) -> Void = { _ in }) -> Bench
    {
        var bench = Bench(change)
        bench.agent.endRestored(.one, record, now: bench.now, random: &bench.random, into: &bench.effects)
        return bench
    }

    private static let identifiers = InvitationIdentifiers(callID: "c", fromTag: "f", branch: "z9hG4bKn3-b")

    @Test("The record of an INVITE about to leave: CANCEL under its branch, canceled when quiet")
    func calling() throws {
        var bench = restored(SessionRecord(invitation: Bench.invitation, identifiers: Self.identifiers))
        #expect(bench.summary == ["CANCEL"])
        let cancel = try #require(bench.requests.first)
        #expect(try cancel.headers.topVia().branch == "z9hG4bKn3-b")
        #expect(cancel.headers.callID == "c")
        #expect(try cancel.headers.from().tag == "f")
        bench.respond(to: cancel, 481)
        bench.pass(.seconds(31))
        #expect(bench.told.isEmpty)
        bench.pass(.seconds(2))
        #expect(bench.told == [.failed(.one, .canceled)])
        #expect(bench.agent.gauges.isIdle)
    }

    @Test("The 487 that follows is acknowledged; a 200 that was on the way is ACKed and BYEd")
    func finals() throws {
        for status in [487, 200] {
            var bench = restored(SessionRecord(invitation: Bench.invitation, identifiers: Self.identifiers))
            let cancel = try #require(bench.requests.first)
            var invite = cancel
            invite.method = .invite
            invite.headers[.cseq] = "1 INVITE"
            _ = bench.take()
            bench.respond(to: invite, status, sdp: status == 200 ? Bench.answer : nil)
            #expect(bench.summary == (status == 200 ? ["ACK", "BYE"] : ["ACK"]))
            // With the refusal all is said: the record may go. Behind an answer its BYE has to end first.
            #expect(bench.told == (status == 200 ? [] : [.failed(.one, .canceled)]))
            _ = bench.take()
            bench.respond(to: invite, status, sdp: status == 200 ? Bench.answer : nil)
            #expect(bench.summary == ["ACK"])
            bench.pass(.seconds(70))
            #expect(bench.told == (status == 200 ? [.failed(.one, .canceled)] : []))
            #expect(bench.agent.gauges.isIdle)
        }
    }

    @Test("A 200 whose Record-Route cannot be read is ACKed and BYEd as any other")
    func unreadableRoute() throws {
        var bench = restored(SessionRecord(invitation: Bench.invitation, identifiers: Self.identifiers))
        var invite = try #require(bench.requests.first)
        invite.method = .invite
        invite.headers[.cseq] = "1 INVITE"
        _ = bench.take()
        for _ in 0..<2 { bench.respond(to: invite, 200, headers: [.init(.recordRoute, "<")]) }
        #expect(bench.summary == ["ACK", "BYE", "ACK"])
        bench.pass(.seconds(70))
        #expect(bench.told == [.failed(.one, .canceled)])
        #expect(bench.agent.gauges.isIdle)
    }

    @Test("A callee that has been told all is not told again by the next start, however long its INVITE lingers")
    func saidOnce() throws {
        var first = Bench()
        let placed = first.invite()
        first.respond(to: placed, 180)
        var bench = restored(try #require(first.agent.record(of: .one)))
        let bye = try #require(bench.requests.first { $0.method == .bye })
        let cancel = try #require(bench.requests.first { $0.method == .cancel })
        var invite = cancel
        invite.method = .invite
        invite.headers[.cseq] = "1 INVITE"
        bench.respond(to: invite, 487)
        #expect(bench.told.isEmpty)
        bench.respond(to: bye, 200)
        #expect(bench.told == [.failed(.one, .canceled)])
        #expect(bench.agent.record(of: .one) == nil)
    }

    @Test("A ringing call: BYE for its early dialog besides the CANCEL")
    func early() throws {
        var first = Bench()
        let invite = first.invite()
        first.respond(to: invite, 180)
        let record = try #require(first.agent.record(of: .one))
        #expect(record.phase == .early)
        let bench = restored(record)
        #expect(bench.summary == ["BYE", "CANCEL"])
        #expect(bench.requests[0].headers[.cseq] == "2 BYE")
        #expect(try bench.requests[0].headers.to().tag == "callee")
    }

    @Test(
        "A callee that refused the early BYE and answers all the same is ACKed and BYEd again",
        arguments: [true, false])
    func answerAfterEarlyBye(byeIsAnswered: Bool) throws {
        var first = Bench()
        let invite = first.invite()
        first.respond(to: invite, 180)
        let record = try #require(first.agent.record(of: .one))
        var bench = restored(record)
        let bye = try #require(bench.requests(.bye).first)
        if byeIsAnswered { bench.respond(to: bye, 481) }
        _ = bench.take()
        bench.respond(to: invite, 200, sdp: Bench.answer)
        #expect(bench.summary == ["ACK", "BYE"])
        let again = try #require(bench.requests(.bye).first)
        bench.respond(to: again, 200)
        bench.pass(.seconds(70))
        #expect(bench.told == [.failed(.one, .canceled)])
        #expect(bench.agent.gauges.isIdle)
    }

    @Test(
        "An answered call: ACK, for nobody knows whether it left, and BYE with the next CSeq; a repeated 200 is ACKed again"
    )
    func confirmed() throws {
        var first = Bench()
        let invite = first.invite()
        first.respond(to: invite, 200, sdp: Bench.answer)
        let record = try #require(first.agent.record(of: .one))
        #expect(record.phase == .confirmed)
        var bench = restored(record)
        #expect(bench.summary == ["ACK", "BYE"])
        let bye = try #require(bench.requests(.bye).first)
        #expect(bye.uri.description == "sip:callee@10.0.0.2:5060")
        bench.respond(to: invite, 200, sdp: Bench.answer)
        #expect(bench.summary == ["ACK", "BYE", "ACK"])
        bench.respond(to: bye, 481)
        bench.pass(.seconds(33))
        #expect(bench.told == [.ended(.one, .localHangUp(confirmed: true))])
        #expect(bench.agent.gauges.isIdle)
    }

    @Test("With credentials all attempts are cancelled: challenges may have come after the record")
    func challenged() {
        let bench = restored(SessionRecord(invitation: Bench.invitation, identifiers: Self.identifiers)) {
            $0.credentials = DigestCredentials(username: "u", password: "p")
        }
        #expect(bench.requests.map { $0.headers[.cseq] } == (1...5).map { "\($0) CANCEL" })
        #expect(Set(bench.requests.compactMap { try? $0.headers.topVia().branch }).count == 5)
    }

    @Test("An incoming call comes back under its number, and later ones are drawn above it")
    func incoming() throws {
        var first = Bench()
        first.deliver(incomingInvite().bytes)
        let id = SessionID.firstIncoming
        #expect(first.agent.record(of: id) == nil)
        first.agent.answer(id, sdp: Bench.answer, now: first.now, random: &first.random, into: &first.effects)
        let record = try #require(first.agent.record(of: id))
        var second = Bench()
        second.agent.endRestored(id, record, now: second.now, random: &second.random, into: &second.effects)
        #expect(second.summary == ["BYE"])
        #expect(try second.requests[0].headers.to().tag == "caller")
        second.deliver(incomingInvite(callID: "other", branch: "other").bytes)
        #expect(second.agent.gauges.sessions == 2)
    }

    @Test("A record survives its encoding")
    func codable() throws {
        var bench = Bench()
        let invite = bench.invite()
        bench.respond(to: invite, 180, headers: [.init(.recordRoute, "<sip:10.0.0.7;lr>")])
        let record = try #require(bench.agent.record(of: .one))
        #expect(try TestCoder.roundTrip(record) == record)
    }

    @Test("A record of another version ends at once, with no message")
    func otherVersion() {
        var record = SessionRecord(invitation: Bench.invitation, identifiers: Self.identifiers)
        record.version = 99
        let bench = restored(record)
        #expect(bench.effects == [.failed(.one, .canceled)])
        #expect(bench.agent.gauges.isIdle)
    }
}
