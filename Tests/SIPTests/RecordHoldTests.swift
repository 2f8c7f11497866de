import Testing

@testable import SIP

extension Bench {
    /// An agent whose owner stores records.
    fileprivate static var storing: Bench { Bench { $0.awaitsRecords = true } }

    /// What waits for a record, in order.
    fileprivate var due: [RecordHold] {
        effects.compactMap { if case .recordDue(_, let hold) = $0 { hold } else { nil } }
    }

    fileprivate mutating func store(_ hold: RecordHold, of id: SessionID = .one) {
        agent.recordStored(id, hold, now: now, random: &random, into: &effects)
    }

    fileprivate mutating func answer(_ id: SessionID) {
        agent.answer(id, sdp: Bench.answer, now: now, random: &random, into: &effects)
    }
}

@Suite("What binds the peer waits for the record: after a crash nobody else could end it")
struct RecordHoldTests {
    @Test("The ACK of a 2xx waits, and the BYE behind it; the answer is told at once, a repeated 2xx brings nothing")
    func acknowledgement() throws {
        var bench = Bench.storing
        let invite = bench.invite()
        _ = bench.take()
        bench.respond(to: invite, 200, sdp: Bench.answer)
        #expect(bench.summary.isEmpty)
        #expect(bench.effects.contains(.answered(.one, body: Bench.answer)))
        let hold = try #require(bench.due.first)
        #expect(bench.agent.record(of: .one)?.dialogs.map(\.remoteTag) == ["callee"])
        #expect(bench.agent.record(of: .one)?.phase == .confirmed)
        bench.pass(.milliseconds(500))
        bench.respond(to: invite, 200, sdp: Bench.answer)
        bench.end()
        #expect(bench.summary.isEmpty)
        #expect(bench.due == [hold])
        bench.store(hold)
        #expect(bench.summary == ["ACK", "BYE"])
        // From here on it is repeated at once.
        bench.respond(to: invite, 200, sdp: Bench.answer)
        #expect(bench.summary == ["ACK", "BYE", "ACK"])
        bench.respond(to: try #require(bench.requests(.bye).first), 200)
        #expect(bench.effects.last == .ended(.one, .localHangUp(confirmed: true)))
        bench.pass(.seconds(33))
        #expect(bench.agent.gauges.isIdle)
    }

    @Test("A disk that comes to a standstill is waited for 16·T1, which is a quarter of the callee's patience")
    func standstill() throws {
        var bench = Bench.storing
        let invite = bench.invite()
        bench.respond(to: invite, 200, sdp: Bench.answer)
        _ = bench.take()
        bench.pass(.milliseconds(7999))
        #expect(bench.summary.isEmpty)
        bench.pass(.milliseconds(1))
        #expect(bench.summary == ["ACK"])
    }

    @Test("The record comes when all is over: it changes nothing")
    func late() throws {
        var bench = Bench.storing
        let invite = bench.invite()
        bench.respond(to: invite, 200, sdp: Bench.answer)
        let hold = try #require(bench.due.first)
        bench.pass(.seconds(8))
        _ = bench.take()
        bench.store(hold)
        bench.store(hold, of: SessionID(rawValue: 9))
        #expect(bench.effects.isEmpty)
    }

    @Test("Each fork's ACK waits for a record that knows it")
    func forks() throws {
        var bench = Bench.storing
        let invite = bench.invite()
        bench.respond(to: invite, 200, tag: "one", sdp: Bench.answer)
        bench.respond(to: invite, 200, tag: "two", sdp: Bench.answer)
        #expect(bench.agent.record(of: .one)?.dialogs.map(\.remoteTag) == ["one", "two"])
        let holds = bench.due
        #expect(holds.count == 2)
        _ = bench.take()
        bench.store(holds[1])
        #expect(bench.summary == ["ACK", "BYE"])
        #expect(try bench.requests.allSatisfy { try $0.headers.to().tag == "two" })
        _ = bench.take()
        bench.store(holds[0])
        #expect(bench.summary == ["ACK"])
        #expect(try bench.requests[0].headers.to().tag == "one")
    }

    @Test("A 2xx that crossed the CANCEL is on record until its BYE is over, and then only is the end told")
    func crossedCancel() throws {
        var bench = Bench.storing
        let invite = bench.invite()
        bench.respond(to: invite, 100, tag: nil)
        bench.end()
        _ = bench.take()
        bench.respond(to: invite, 200, sdp: Bench.answer)
        #expect(bench.summary.isEmpty)
        let record = try #require(bench.agent.record(of: .one))
        #expect(record.phase == .confirmed)
        #expect(record.dialogs.map(\.remoteTag) == ["callee"])
        bench.store(try #require(bench.due.first))
        #expect(bench.summary == ["ACK", "BYE"])
        #expect(!bench.effects.contains(.failed(.one, .canceled)))
        #expect(bench.agent.record(of: .one) != nil)
        bench.respond(to: try #require(bench.requests(.bye).first), 200)
        #expect(bench.effects.last == .failed(.one, .canceled))
        #expect(bench.agent.record(of: .one) == nil)
        bench.pass(.seconds(33))
        #expect(bench.agent.gauges.isIdle)
    }

    @Test("Our 2xx to a caller waits, and is repeated from when it has left")
    func incoming() throws {
        var bench = Bench.storing
        bench.deliver(incomingInvite().bytes)
        _ = bench.take()
        bench.answer(.firstIncoming)
        #expect(bench.agent.record(of: .firstIncoming)?.dialogs.map(\.remoteTag) == ["caller"])
        let hold = try #require(bench.due.first)
        bench.pass(.seconds(2))
        #expect(bench.summary.isEmpty)
        bench.store(hold, of: .firstIncoming)
        #expect(bench.summary == ["200 INVITE"])
        bench.pass(.milliseconds(1500))
        #expect(bench.summary == ["200 INVITE", "200 INVITE", "200 INVITE"])
    }

    @Test("A caller that hangs up before our 2xx has left gets 487 (RFC 3261 §15.1.2)")
    func callerHangsUp() throws {
        var bench = Bench.storing
        let invite = incomingInvite()
        bench.deliver(invite.bytes)
        bench.agent.ring(.firstIncoming, now: bench.now, random: &bench.random, into: &bench.effects)
        let ringing = try #require(bench.responses.last)
        bench.answer(.firstIncoming)
        let hold = try #require(bench.due.first)
        _ = bench.take()
        bench.deliver(followUp(.bye, to: ringing, invite: invite, cseq: 2, branch: "b1").bytes)
        #expect(bench.summary == ["200 BYE", "487 INVITE"])
        bench.store(hold, of: .firstIncoming)
        #expect(bench.summary == ["200 BYE", "487 INVITE"])
        bench.pass(.seconds(40))
        #expect(bench.agent.gauges.isIdle)
    }

    @Test(
        "Our 2xx to a request that moves the peer's target waits for the record of it; one that moves nothing does not",
        arguments: [SIPMethod.invite, .update], [true, false])
    func targetMoves(method: SIPMethod, hasOffer: Bool) throws {
        var bench = Bench.storing
        let invite = bench.invite()
        bench.respond(to: invite, 200, sdp: Bench.answer)
        bench.store(try #require(bench.due.first))
        for (number, host) in [(UInt32(5), "10.0.0.2:5060"), (6, "10.0.0.5:5099")] {
            _ = bench.take()
            var request = bench.peerRequest(
                method, in: invite, cseq: number, branch: "r\(number)", sdp: hasOffer ? Bench.offer : nil)
            request.headers[.contact] = "<sip:callee@\(host)>"
            bench.deliver(request.bytes)
            bench.agent.answerOffer(
                .one, sdp: Bench.answer, now: bench.now, random: &bench.random, into: &bench.effects)
            if number == 6 {
                #expect(!bench.summary.contains("200 \(method)"))
                #expect(bench.agent.record(of: .one)?.dialogs[0].remoteTarget.description == "sip:callee@\(host)")
                bench.store(try #require(bench.due.last))
            }
            #expect(bench.summary.last == "200 \(method)")
            if method == .invite {
                bench.deliver(bench.peerRequest(.ack, in: invite, cseq: number, branch: "a\(number)").bytes)
            }
        }
    }

    @Test("What a restart acknowledges is on record as well: a second crash ends it")
    func restored() throws {
        let identifiers = InvitationIdentifiers(callID: "c", fromTag: "f", branch: "z9hG4bKn3-b")
        var first = Bench.storing
        let record = SessionRecord(invitation: Bench.invitation, identifiers: identifiers)
        first.agent.endRestored(.one, record, now: first.now, random: &first.random, into: &first.effects)
        var invite = try #require(first.requests(.cancel).first)
        invite.method = .invite
        invite.headers[.cseq] = "1 INVITE"
        _ = first.take()
        first.respond(to: invite, 200, sdp: Bench.answer)
        #expect(first.summary.isEmpty)
        let known = try #require(first.agent.record(of: .one))
        #expect(known.dialogs.map(\.remoteTag) == ["callee"])
        first.store(try #require(first.due.first))
        #expect(first.summary == ["ACK", "BYE"])

        var second = Bench.storing
        second.agent.endRestored(.one, known, now: second.now, random: &second.random, into: &second.effects)
        #expect(second.requests(.ack).first?.headers[.cseq] == "1 ACK")
        #expect(try second.requests(.bye).first?.headers.to().tag == "callee")
    }

    @Test("An owner that stores nothing waits for nothing")
    func nobodyStores() {
        var bench = Bench()
        let invite = bench.invite()
        _ = bench.take()
        bench.respond(to: invite, 200, sdp: Bench.answer)
        #expect(bench.summary == ["ACK"])
        #expect(bench.due.isEmpty)
    }
}
