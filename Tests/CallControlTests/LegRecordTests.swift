import Foundation
import JSON
import SDP
import Telephony
import Testing

@testable import CallControl
@testable import SIP

/// ARCHITECTURE.md#records: what a leg needs to go on is on disk, in each of its states.
@Suite("A leg's record restores it")
struct LegRecordTests {
    /// Its record, by way of the disk's bytes, and the leg that comes of it.
    private func restored(_ leg: Leg) throws -> Leg {
        let record = leg.record
        var writer = JSONWriter(capacity: 1024)
        record.write(into: &writer)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        #expect(
            try String(decoding: writer.bytes, as: UTF8.self) == String(decoding: encoder.encode(record), as: UTF8.self)
        )
        let read = try JSONDecoder().decode(LegRecord.self, from: Data(writer.bytes))
        #expect(read == record)
        let restored = try #require(Leg(restoring: read, leg.session, leg.identifiers))
        #expect(restored.record == record)
        #expect(restored.sessionRecord == leg.sessionRecord)
        #expect((restored.session, restored.identifiers) == (leg.session, leg.identifiers))
        return restored
    }

    @Test("One that waits waits for its turn, stored")
    func waiting() throws {
        let restored = try restored(LegBench.waiting().leg)
        guard case .waiting(let waiting) = restored.phase else {
            Issue.record("another phase")
            return
        }
        #expect(waiting.isStored)
    }

    @Test("One whose INVITE was about to leave has it ready, with the same identifiers and the same offer")
    func opening() throws {
        let former = LegBench.opening().leg
        guard case .opening(let before) = former.phase, case .opening(let after) = try restored(former).phase else {
            Issue.record("another phase")
            return
        }
        #expect(after.invitation == before.invitation)
        #expect((after.isAccepted, after.isCommitted) == (true, true))
        #expect(after.port?.opening == before.port?.opening)
        #expect(after.port?.number == 40_000)
        #expect(after.port?.isOpen == false, "another process binds it anew")
    }

    @Test("One that rings can take the answer to the offer that it made")
    func ringing() throws {
        var turn = LegBench.ringing().turn
        let former = LegBench.ringing().leg
        var after = try restored(former)
        guard case .ringing(let left) = former.phase, case .ringing(let right) = after.phase else {
            Issue.record("another phase")
            return
        }
        #expect(right.port.audio == left.port.audio, "the offer, its version, and which m= line is ours")
        let place = try #require(after.answered(LegBench.description(), record: nil, &turn)).get()
        #expect(after.take(place, &turn) == .described(.flows(isFirst: true)))
    }

    @Test("One that is answered knows dialog, agreement, port, the stream's numbers and its SDP's version")
    func answered() throws {
        let former = try LegBench.answered().leg
        guard case .answered(let before) = former.phase, case .answered(let after) = try restored(former).phase else {
            Issue.record("another phase")
            return
        }
        #expect(after.port == before.port)
        #expect(after.opening == before.opening)
        #expect(after.opening != nil)
        #expect(after.audio.agreement == before.audio.agreement)
        #expect(after.audio.agreement?.remotePort == 50_000)
        #expect(after.audio.local == before.audio.local)
        #expect(after.audio.sources == before.audio.sources)
    }

    @Test("A later offer moves the media, and the record is due again: with the peer's new place and our next version")
    func moved() throws {
        var bench = try LegBench.answered()
        let before = bench.leg.record
        let offer = LegBench.description(port: 50_002)
        let outcome = bench.leg.withAnswered { $0.audio.offerReceived(offer, &bench.turn) } ?? nil
        #expect(outcome == .flows(isFirst: false))
        #expect(bench.wants().contains(.saveRecord))
        let after = bench.leg.record
        #expect(after.audio?.agreement?.remotePort == 50_002)
        #expect(before.audio?.agreement?.remotePort == 50_000)
        _ = try restored(bench.leg)
    }

    @Test("One whose stream was removed still knows that, and how to bring it back (RFC 3264 §8.2)")
    func removed() throws {
        var bench = try LegBench.answered()
        let offer = LegBench.description(port: 0)
        #expect(
            bench.leg.withAnswered { $0.audio.offerReceived(offer, &bench.turn) } == .some(.flows(isFirst: false)))
        var after = try restored(bench.leg)
        guard case .answered(let answered) = after.phase else {
            Issue.record("another phase")
            return
        }
        #expect((answered.audio.agreement?.remotePort, answered.audio.agreement?.direction) == (0, .inactive))
        #expect(answered.audio.local.offer.media.map(\.port) == [40_000])
        let back = LegBench.description(port: 50_002)
        let outcome = after.withAnswered { $0.audio.offerReceived(back, &bench.turn) } ?? nil
        #expect(outcome == .flows(isFirst: false))
        #expect(after.record.audio?.agreement?.remotePort == 50_002)
    }

    @Test(
        "One that came in and rings knows the caller's offer, our answer and what it has been told",
        arguments: [true, false])
    func incoming(withOffer: Bool) throws {
        var bench = try LegBench.incoming(withOffer: withOffer)
        bench.leg.openMedia(&bench.turn)
        _ = bench.leg.mediaOpened()
        #expect(bench.leg.acceptanceCommitted() == .rings)
        guard case .incoming(let before) = bench.leg.phase, case .incoming(let after) = try restored(bench.leg).phase
        else {
            Issue.record("another phase")
            return
        }
        #expect(after.offer == before.offer)
        #expect(after.sdp == before.sdp)
        #expect(after.agreement == before.agreement)
        #expect(after.sources == before.sources)
        #expect(after.longestCall == before.longestCall)
        #expect((after.isStored, after.rings, after.hasEarlyMedia) == (true, true, false))
        #expect(after.port.opening == before.port.opening)
    }

    @Test("One that is over has the far end still to tell, and no media")
    func over() throws {
        var bench = LegBench.ringing()
        _ = bench.end()
        let settling = try #require(LegBench(try restored(bench.leg)).settling)
        #expect(settling.awaitsSession)
        #expect(!settling.awaitsMedia)
    }

    @Test("A record that contradicts itself restores nothing")
    func contradictions() {
        for phase in [LegRecord.Phase.opening, .incoming, .ringing, .answered] {
            #expect(Leg(restoring: LegRecord(phase), LegBench.session, LegBench.identifiers) == nil, "\(phase)")
        }
    }
}

/// ARCHITECTURE.md#records: what a talk needs to be asked for again.
@Suite("A talk's record")
struct TalkRecordTests {
    private func talk(_ bench: Bench) throws -> TalkRecord {
        let bytes = try #require(bench.records.values.first)
        return try #require(CallRecord(reading: bytes).talk)
    }

    @Test("Says what the app was asked, where, and which command of its script is under way")
    func place() throws {
        var bench = Bench()
        try bench.makeCall()
        bench.farAnswer()
        #expect(try talk(bench).request?.type == "outDialApiConnect")
        #expect(try talk(bench).request?.url.text == "http://app/connect")
        #expect(try talk(bench).commandIndex == nil)
        bench.answerWebhook(
            #"[{"Pause":{"length":100}},{"GetDigits":{"actionUrl":"http://app/digits","maxDigits":2}}]"#)
        bench.pass(.milliseconds(100))
        #expect(try talk(bench).commandIndex == 1)
        bench.press("42")
        let asked = try #require(try talk(bench).request)
        #expect(asked.type == "getDigits")
        #expect(asked.url.text == "http://app/digits")
        #expect(asked.fields["digits"] == "42")
        #expect(asked.privateFields == [])
        #expect(try talk(bench).commandIndex == nil)
    }

    @Test("What is private is not written, only that it was there")
    func privateFields() throws {
        var bench = Bench()
        try bench.makeCall()
        bench.farAnswer()
        bench.answerWebhook(
            #"[{"GetDigits":{"actionUrl":"http://app/digits","maxDigits":12,"privacyMode":true}}]"#)
        bench.press("734173417341")
        let asked = try #require(try talk(bench).request)
        #expect(asked.type == "getDigits")
        #expect(asked.fields["digits"] == nil)
        #expect(asked.privateFields == ["digits"])
        #expect(!bench.records.values.contains { String(decoding: $0, as: UTF8.self).contains("734173417341") })
    }

    @Test("Keys that nobody has asked for are kept, and where it waits")
    func memory() throws {
        var bench = Bench()
        try bench.makeCall(sendDigits: "1")
        bench.farAnswer()
        #expect(try talk(bench).isDialling)
        bench.give(.media(try #require(bench.media), .digitsSent(.sendDigits)))
        bench.answerWebhook(
            #"[{"Park":{"waitUrl":"http://app/wait","actionUrl":"http://app/after"}}]"#)
        let parked = try talk(bench)
        #expect(!parked.isDialling)
        #expect(parked.wait == TalkRecord.Wait(actionURL: try #require(WebURL("http://app/after")), queueID: nil))
    }
}

/// A record is no object, or lacks a part that it must have.
private struct NoObject: Error {}

/// docs/contract/calls.md#a-restart.
@Suite("Records of other versions and other nodes")
struct OtherRecordTests {
    /// As version 1 wrote it: the leg's phase by another name, session and wait members of the record itself.
    private func firstVersion(_ record: [UInt8], phase: String) throws -> [UInt8] {
        guard case .object(var members) = try JSONValue(parsing: record), case .object(let leg)? = members["leg"] else {
            throw NoObject()
        }
        members["session"] = leg["session"]
        members["wait"] = members["talk"]?["wait"]
        members["phase"] = .string(phase)
        members["version"] = 1
        for name in ["leg", "talk", "node"] { members[name] = nil }
        return JSONValue.object(members).bytes
    }

    @Test(
        "A server that is brought up to date ends a call by the record of the version before", arguments: [true, false])
    func upgrade(isAnswered: Bool) throws {
        var crashed = Bench()
        try crashed.makeCall()
        crashed.farRing()
        if isAnswered { crashed.farAnswer() }
        let (id, record) = try #require(crashed.records.first)
        crashed.records = [id: try firstVersion(record, phase: isAnswered ? "connected" : "dialling")]
        let bench = RecoveryTests().restarted(crashed)
        #expect(bench.call?.status == (isAnswered ? .completed : .failed))
        #expect(bench.sent(isAnswered ? "BYE " : "CANCEL ") == 1)
        #expect(!bench.effects.contains { if case .fault = $0 { true } else { false } })
    }

    @Test("And goes on with one that waited")
    func upgradeWaiting() throws {
        var crashed = Bench { $0.trunk.callsAtOnce = 0 }
        try crashed.makeCall(sendDigits: "42")
        let (id, record) = try #require(crashed.records.first)
        crashed.records = [id: try firstVersion(record, phase: "queued")]
        #expect(RecoveryTests().restarted(crashed).invites == 1)
    }

    @Test("A version to come of one part is read by nobody", arguments: ["leg", "talk"])
    func laterPart(_ part: String) throws {
        var bench = Bench()
        try bench.makeCall()
        bench.farAnswer()
        guard case .object(var members) = try JSONValue(parsing: try #require(bench.records.values.first)),
            case .object(var inner)? = members[part]
        else { throw NoObject() }
        inner["version"] = 9
        members[part] = .object(inner)
        let bytes = JSONValue.object(members).bytes
        #expect { try CallRecord(reading: bytes) } throws: { "\($0)".contains("\(part) has version 9") }
    }

    @Test("Where nodes share their storage, each takes up its own calls alone", arguments: [true, false])
    func nodes(isOnlyNode: Bool) throws {
        var crashed = Bench()
        try crashed.makeCall()
        crashed.farAnswer()
        let (id, record) = try #require(crashed.records.first)
        guard case .object(var members) = try JSONValue(parsing: record) else { throw NoObject() }
        #expect(members["node"] == 0)
        members["node"] = 5
        var bench = Bench { $0.isOnlyNode = isOnlyNode }
        bench.farEnd = crashed.farEnd
        bench.rows = crashed.rows
        bench.exchange.turn.random = RandomSource(seed: 77)
        bench.pass(crashed.moment.instant - bench.moment.instant + .seconds(1))
        bench.restore(
            UnfinishedWork(
                records: [(id, JSONValue.object(members).bytes)], notifications: [], journalSequences: [:],
                rows: [UnfinishedRow(call: try #require(crashed.call))]))
        #expect(bench.call?.status == (isOnlyNode ? .completed : .inProgress))
        #expect(bench.sent("BYE ") == (isOnlyNode ? 1 : 0))
        #expect(isOnlyNode || bench.exchange.gauges.isIdle)
    }
}
