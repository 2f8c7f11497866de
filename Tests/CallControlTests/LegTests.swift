import SDP
import Telephony
import Testing

@testable import CallControl
@testable import SIP

/// A leg that is given one event after another; what it says and wants is compared.
struct LegBench {
    static let session = SessionID(rawValue: 7)
    static let media = MediaHandle(rawValue: 7)
    static let identifiers = InvitationIdentifiers(callID: "c", fromTag: "f", branch: "z9hG4bK1")
    static let callee = SIPURI(user: "+15555550123", host: "127.0.0.1", port: 5070)

    var leg: Leg
    var turn: Turn

    init(_ leg: Leg, _ change: (inout ExchangeConfiguration) -> Void = { _ in }) {
        self.leg = leg
        let bench = Bench(change)
        turn = bench.exchange.turn
    }

    static func waiting(isStored: Bool = true, _ change: (inout ExchangeConfiguration) -> Void = { _ in }) -> Self {
        Self(Leg(waiting: session, identifiers, isStored: isStored), change)
    }

    /// Its turn has come, and the port is being bound.
    static func opening(isStored: Bool = true, joinsAcceptance: Bool = false) -> Self {
        var bench = waiting(isStored: isStored)
        bench.dial(joinsAcceptance: joinsAcceptance)
        _ = bench.wants()
        return bench
    }

    static func ringing(_ change: (inout ExchangeConfiguration) -> Void = { _ in }) -> Self {
        var bench = waiting(change)
        bench.dial()
        _ = bench.leg.turnCommitted()
        _ = bench.leg.mediaOpened()
        bench.leg.invited()
        _ = bench.wants()
        return bench
    }

    static func answered(_ change: (inout ExchangeConfiguration) -> Void = { _ in }) throws -> Self {
        var bench = ringing(change)
        let answer = try #require(bench.leg.answered(Self.description(), record: nil, &bench.turn))
        _ = bench.leg.take(try answer.get(), &bench.turn)
        _ = bench.wants()
        return bench
    }

    static func incoming(withOffer: Bool = true) throws -> Self {
        let audio = LocalAudio(address: "127.0.0.1", port: 40_000, sessionID: 1, sessionVersion: 1)
        let offer = withOffer ? description() : nil
        let reply = try audio.reply(to: offer)
        return Self(
            Leg(
                incoming: Leg.Incoming(
                    offer: offer, sdp: reply.sdp,
                    sources: MediaSources(signallingHost: "127.0.0.1", allowsAnySource: false, isFollowed: false),
                    longestCall: .seconds(60), agreement: reply.agreement, port: MediaPort(audio)), session,
                identifiers))
    }

    /// What the far end says of its audio.
    static func description(port: UInt16 = 50_000, host: String = "127.0.0.1") -> [UInt8] {
        LocalAudio(address: host, port: port, sessionID: 3, sessionVersion: 1).offer.bytes
    }

    mutating func dial(port: UInt16? = 40_000, joinsAcceptance: Bool = false) {
        leg.dial(Self.callee, from: "+15555550100", port: port, joinsAcceptance: joinsAcceptance, &turn)
    }

    /// What has been wanted since the last time.
    mutating func wants() -> [CallDirective] { turn.takeDirectives() }

    mutating func end(_ outcome: CallOutcome = Self.canceled, farEndKnows: Bool = false) -> Leg.Farewell? {
        leg.end(outcome, farEndKnows: farEndKnows, &turn)
    }

    static let canceled = CallOutcome(.canceled, .callCanceled, "")

    var settling: Leg.Settling? { if case .over(let settling) = leg.phase { settling } else { nil } }

    var opened: [UInt16] {
        turn.directives.compactMap { if case .effect(.media(_, .open(let opening))) = $0 { opening.port } else { nil } }
    }
}

@Suite("A leg that goes out")
struct OutgoingLegTests {
    @Test("Its INVITE leaves when the disk has the intent and the port is bound, whichever comes last")
    func bothGates() {
        var bench = LegBench.opening()
        #expect(bench.leg.turnCommitted() == nil)
        guard case .invites(let invitation)? = bench.leg.mediaOpened() else {
            Issue.record("another fact")
            return
        }
        #expect(invitation.requestURI == LegBench.callee)
        var other = LegBench.opening()
        #expect(other.leg.mediaOpened() == nil)
        #expect(other.leg.turnCommitted() == .invites(invitation))
    }

    @Test("Its turn asks for a commit of its own, unless it joins its acceptance")
    func gates() {
        var own = LegBench.waiting()
        own.dial()
        #expect(own.turn.directives.prefix(2) == [.awaitCommit(.turn), .saveRecord])
        var joined = LegBench.waiting(isStored: false)
        joined.dial(joinsAcceptance: true)
        #expect(joined.turn.directives.first == .saveRecord)
        #expect(joined.leg.mediaOpened() == nil)
        guard case .invites? = joined.leg.acceptanceCommitted() else {
            Issue.record("another fact")
            return
        }
    }

    @Test("A turn that came behind the acceptance waits for its own commit, too")
    func acceptedFirst() {
        var bench = LegBench.opening(isStored: false)
        _ = bench.leg.mediaOpened()
        #expect(bench.leg.acceptanceCommitted() == nil)
        guard case .invites? = bench.leg.turnCommitted() else {
            Issue.record("another fact")
            return
        }
    }

    @Test("It is dialled once")
    func once() {
        var bench = LegBench.opening()
        bench.dial(port: 40_002)
        #expect(bench.wants().isEmpty)
    }

    @Test("A port that cannot be bound is replaced; the offer names the new one")
    func otherPort() {
        var bench = LegBench.opening()
        #expect(
            bench.leg.mediaOpenFailed("taken", isPortTaken: true, isLast: false, &bench.turn)
                == .portRefused(40_000, explanation: "taken"))
        bench.leg.changePort(to: 40_002, &bench.turn)
        #expect(bench.opened == [40_002])
        _ = bench.leg.turnCommitted()
        guard case .invites(let invitation)? = bench.leg.mediaOpened() else {
            Issue.record("another fact")
            return
        }
        #expect(String(decoding: invitation.offer, as: UTF8.self).contains("m=audio 40002 "))
    }

    @Test("Ports of others are passed over for ever, refusals of the system's own eight times")
    func refusals() {
        for (isPortTaken, count) in [(true, 200), (false, 7)] {
            var bench = LegBench.opening()
            for index in 0..<count {
                let fact = bench.leg.mediaOpenFailed("no", isPortTaken: isPortTaken, isLast: false, &bench.turn)
                #expect(fact == .portRefused(40_000 + UInt16(index) * 2, explanation: "no"))
                bench.leg.changePort(to: 40_002 + UInt16(index) * 2, &bench.turn)
            }
            let next = bench.leg.mediaOpenFailed("no", isPortTaken: isPortTaken, isLast: false, &bench.turn)
            #expect((next == .noPort(explanation: "no")) == !isPortTaken)
        }
    }

    @Test("A port that comes when nobody wants it any more is given back")
    func lateport() throws {
        var bench = try LegBench.answered()
        bench.leg.changePort(to: 40_004, &bench.turn)
        #expect(bench.wants() == [.releasePort(40_004)])
    }

    @Test("Ended before its acceptance is on disk, it ends with that, as what ended it first says")
    func endsLater() {
        var bench = LegBench.opening(isStored: false)
        #expect(bench.end() == nil)
        #expect(bench.end(CallOutcome(.failed, .internalError, "later")) == nil)
        #expect(!bench.leg.isOver)
        #expect(bench.leg.acceptanceCommitted() == .ended(LegBench.canceled, farEndKnows: false))
        #expect(bench.end()?.awaitsSession == false)
        #expect(bench.settling?.awaitsMedia == true)
    }

    @Test("Never stored, it was never there: its port is closed, nothing is written")
    func abandoned() {
        var bench = LegBench.opening(isStored: false)
        #expect(bench.leg.abandon(&bench.turn) == nil)
        #expect(bench.wants() == [.effect(.media(LegBench.media, .close))])
        #expect(bench.settling?.isUnwritten == true)
        #expect(bench.leg.endNotStored() == false)
        bench.leg.mediaClosed(&bench.turn)
        #expect(bench.wants() == [.releasePort(40_000)])
        #expect(bench.leg.isSettled)
    }

    @Test(
        "Who is told of its end: nobody before the INVITE, the far end after it",
        arguments: [false, true])
    func farEnd(isRinging: Bool) {
        var bench = isRinging ? LegBench.ringing() : LegBench.opening()
        #expect(bench.end()?.awaitsSession == isRinging)
        #expect(bench.settling?.awaitsSession == isRinging)
        #expect(bench.leg.takesLine == isRinging)
        #expect(bench.end() == nil, "it ends once")
    }

    @Test("It leaves the queue when it ends there, and has no port to give back")
    func endsWaiting() {
        var bench = LegBench.waiting()
        #expect(bench.end()?.refusal == nil)
        #expect(bench.wants() == [.withdraw])
        bench.leg.closeMedia(&bench.turn)
        #expect(bench.wants().isEmpty)
        #expect(bench.leg.isSettled)
    }

    @Test("Settled is what waits for nobody: the far end, the media, the disk, in any order")
    func settled() {
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [0, 2, 1]] {
            var bench = LegBench.ringing()
            _ = bench.end()
            #expect(bench.leg.endNotStored() == true)
            for step in order {
                #expect(!bench.leg.isSettled)
                switch step {
                case 0: #expect(bench.leg.sessionOver() == true)
                case 1: bench.leg.mediaClosed(&bench.turn)
                default: bench.leg.endCommitted()
                }
            }
            #expect(bench.leg.isSettled)
            #expect(bench.leg.sessionOver() == false, "nobody waits for it a second time")
        }
    }

    @Test("Its port is given back once, when its media is closed")
    func portOnce() {
        var bench = LegBench.ringing()
        _ = bench.end(farEndKnows: true)
        bench.leg.closeMedia(&bench.turn)
        #expect(bench.wants() == [.effect(.media(LegBench.media, .close))])
        bench.leg.mediaClosed(&bench.turn)
        bench.leg.mediaClosed(&bench.turn)
        #expect(bench.wants() == [.releasePort(40_000)])
    }

    @Test("What the far end answers counts while it rings, and its BYE when it has been answered")
    func exits() throws {
        let busy = SessionFailure.response(.busyHere, reason: "Busy Here")
        #expect(LegBench.ringing().leg.failed(busy) == .ended(OutcomeTable.outcome(of: busy), farEndKnows: true))
        #expect(LegBench.opening().leg.failed(busy) == nil)
        #expect(try LegBench.answered().leg.failed(busy) == nil)
        #expect(LegBench.ringing().leg.ended(.remoteHangUp) == nil)
        guard case .ended(let outcome, true)? = try LegBench.answered().leg.ended(.remoteHangUp) else {
            Issue.record("something else")
            return
        }
        #expect((outcome.status, outcome.reason) == (.completed, .farEndHangup))
        var over = LegBench.ringing()
        _ = over.end()
        #expect(over.leg.failed(.canceled) == .sessionOver)
        #expect(over.leg.ended(.localHangUp(confirmed: true)) == .sessionOver)
    }

    @Test("The record is stored while the far end has a dialog; what waits for it waits no longer than that")
    func records() throws {
        var bench = LegBench.ringing()
        let record = try #require(bench.leg.sessionRecord)
        let hold = RecordHold(remoteTag: "t", number: 1)
        bench.leg.recordDue(record, hold, &bench.turn)
        #expect(bench.wants() == [.saveRecord, .awaitCommit(.dialog(LegBench.session, hold))])
        _ = bench.end()
        _ = bench.wants()
        bench.leg.recordChanged(record, &bench.turn)
        #expect(bench.wants() == [.saveRecord])
        _ = bench.leg.sessionOver()
        bench.leg.recordDue(record, hold, &bench.turn)
        bench.leg.recordChanged(record, &bench.turn)
        #expect(bench.wants() == [.recordStored(hold)])
    }
}

@Suite("A leg that comes in")
struct IncomingLegTests {
    @Test("It rings once it is stored and its port bound, once")
    func rings() throws {
        var bench = try LegBench.incoming()
        bench.leg.openMedia(&bench.turn)
        #expect(bench.opened == [40_000])
        #expect(bench.leg.mediaOpened() == nil)
        #expect(bench.leg.acceptanceCommitted() == .rings)
        #expect(bench.leg.mediaOpened() == nil)
        var other = try LegBench.incoming()
        #expect(other.leg.acceptanceCommitted() == nil)
        #expect(other.leg.mediaOpened() == .rings)
    }

    @Test("183 once, with media that the caller is not missed on; 200 with media that it is")
    func early() throws {
        var bench = try LegBench.incoming()
        bench.leg.sendEarlyMedia(&bench.turn)
        bench.leg.sendEarlyMedia(&bench.turn)
        let early = bench.wants()
        #expect(early.count == 2)
        guard case .session(.progress)? = early.first, case .effect(.media(_, .connect(let before)))? = early.last
        else {
            Issue.record("something else")
            return
        }
        #expect(before.isEarly)
        let reply = bench.leg.answer()
        let incoming = try #require(reply)
        bench.leg.sendAnswer(incoming, &bench.turn)
        let answered = bench.wants()
        guard case .session(.answer)? = answered.first, case .effect(.media(_, .connect(let after)))? = answered.last
        else {
            Issue.record("something else")
            return
        }
        #expect(!after.isEarly)
        #expect(bench.leg.isAudible)
        #expect(bench.leg.answer() == nil)
    }

    @Test("Without an offer nothing is played early, and nothing is heard before the ACK brings the answer")
    func noOffer() throws {
        var bench = try LegBench.incoming(withOffer: false)
        #expect(!bench.leg.mayPlayEarly)
        bench.leg.sendEarlyMedia(&bench.turn)
        #expect(bench.wants().isEmpty)
        let reply = bench.leg.answer()
        let incoming = try #require(reply)
        bench.leg.sendAnswer(incoming, &bench.turn)
        #expect(bench.wants() == [.session(.answer(incoming.sdp))])
        #expect(!bench.leg.isAudible)
        #expect(bench.leg.acknowledged(LegBench.description(), &bench.turn) == .described(.flows(isFirst: true)))
        #expect(bench.leg.isAudible)
    }

    @Test("An ACK without the answer that was asked for leaves nothing to go on with")
    func emptyACK() throws {
        var bench = try LegBench.incoming(withOffer: false)
        _ = bench.leg.answer()
        guard case .described(.answerUnusable)? = bench.leg.acknowledged(nil, &bench.turn) else {
            Issue.record("something else")
            return
        }
    }

    @Test(
        "What a caller hears who is not answered",
        arguments: [
            (CallEndedReason.appReject, StatusCode.decline), (.internalError, .serviceUnavailable),
            (.webhookFailed, .temporarilyUnavailable), (.noAnswer, .temporarilyUnavailable),
        ])
    func refusal(reason: CallEndedReason, status: StatusCode) throws {
        var bench = try LegBench.incoming()
        let end = bench.end(CallOutcome(.failed, reason, ""))
        let farewell = try #require(end)
        #expect(farewell.refusal == status)
        #expect(farewell.awaitsSession)
        #expect(bench.settling?.awaitsMedia == false, "its port was never asked for")
    }

    @Test("A caller who gives up is told nothing")
    func givenUp() throws {
        var bench = try LegBench.incoming()
        guard case .ended(let outcome, true)? = bench.leg.failed(.canceledByPeer) else {
            Issue.record("another fact")
            return
        }
        #expect(outcome.reason == .callCanceled)
        #expect(bench.end(outcome, farEndKnows: true)?.awaitsSession == false)
        guard case .ended(let expired, true)? = try LegBench.incoming().leg.failed(.expired) else {
            Issue.record("something else")
            return
        }
        #expect(expired.status == .noAnswer)
    }
}

@Suite("Descriptions of an answered leg")
struct LegDescriptionTests {
    @Test("A re-INVITE moves the media; what is not answered has no descriptions to change")
    func moves() throws {
        var bench = try LegBench.answered()
        #expect(
            bench.leg.offerReceived(LegBench.description(port: 50_002), &bench.turn)
                == .described(.flows(isFirst: false)))
        let wants = bench.wants()
        guard case .session(.answerOffer)? = wants.first,
            case .effect(.media(_, .connect(let connection)))? = wants.last
        else {
            Issue.record("something else")
            return
        }
        #expect(connection.agreement.remotePort == 50_002)
        var ringing = LegBench.ringing()
        #expect(ringing.leg.offerReceived(LegBench.description(), &ringing.turn) == nil)
        #expect(ringing.wants() == [.session(.refuseOffer(SIPHeaders()))])
    }

    @Test("An offer that comes to nothing leaves the call as it was")
    func refused() throws {
        var bench = try LegBench.answered()
        guard case .described(.offerRefused)? = bench.leg.offerReceived(Array("v=0\r\n".utf8), &bench.turn) else {
            Issue.record("something else")
            return
        }
        #expect(bench.wants().isEmpty)
        #expect(bench.leg.isAudible)
    }

    @Test("A later description goes before a name that is still being looked up")
    func overtaken() throws {
        var bench = LegBench.ringing()
        let answer = try #require(
            bench.leg.answered(LegBench.description(host: "media.example"), record: nil, &bench.turn))
        #expect(bench.leg.take(try answer.get(), &bench.turn) == nil)
        let question = NameQuestion(session: LegBench.session, number: 1)
        #expect(bench.wants() == [.effect(.resolveMediaName(question, "media.example"))])
        #expect(!bench.leg.isAudible)
        #expect(
            bench.leg.offerReceived(LegBench.description(port: 50_004), &bench.turn)
                == .described(.flows(isFirst: true)))
        _ = bench.wants()
        #expect(bench.leg.nameResolved(question, [.loopback], &bench.turn) == nil)
        #expect(bench.wants().isEmpty)
    }

    @Test("A name without an address: an offer is refused, a first answer ends the call")
    func nowhere() throws {
        var offered = try LegBench.answered()
        #expect(offered.leg.offerReceived(LegBench.description(host: "gone.example"), &offered.turn) == nil)
        let question = NameQuestion(session: LegBench.session, number: 1)
        guard case .described(.offerRefused)? = offered.leg.nameResolved(question, [], &offered.turn) else {
            Issue.record("something else")
            return
        }
        var withdrawn = try LegBench.answered()
        _ = withdrawn.leg.offerReceived(LegBench.description(host: "gone.example"), &withdrawn.turn)
        withdrawn.leg.offerWithdrawn()
        #expect(withdrawn.leg.nameResolved(question, [.loopback], &withdrawn.turn) == nil)
        var answered = LegBench.ringing()
        let answer = try #require(
            answered.leg.answered(LegBench.description(host: "gone.example"), record: nil, &answered.turn))
        _ = answered.leg.take(try answer.get(), &answered.turn)
        guard case .described(.answerUnusable)? = answered.leg.nameResolved(question, [], &answered.turn) else {
            Issue.record("something else")
            return
        }
    }

    @Test("Digits go out as the trunk takes them: as media, or one INFO after another")
    func digits() throws {
        let digits = try DigitString("12")
        var media = try LegBench.answered()
        media.leg.sendDigits(.sendDigits, digits, &media.turn)
        guard case .effect(.media(_, .sendDigits(.sendDigits, _, _)))? = media.wants().first else {
            Issue.record("something else")
            return
        }
        #expect(media.leg.nextKeyReport(&media.turn) == nil)
        var info = try LegBench.answered { $0.trunk.reportsKeys = true }
        info.leg.sendDigits(.sendDigits, digits, &info.turn)
        #expect(info.wants() == [.arm(.keyReport, after: .zero)])
        #expect(info.leg.isReportingKeys)
        #expect(info.leg.nextKeyReport(&info.turn) == nil)
        guard case .session(.reportKey("1", _))? = info.wants().first else {
            Issue.record("another fact")
            return
        }
        // Not taken: no further digit goes out, and the sequence is over.
        #expect(info.leg.keyReportAnswered(isTaken: false, &info.turn) == .sendDigits)
        #expect(!info.leg.isReportingKeys)
    }
}
