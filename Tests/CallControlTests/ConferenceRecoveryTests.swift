import JSON
import SIP
import Telephony
import Testing

@testable import CallControl

extension ConferenceBench {
    /// Another process, which finds what is on disk, and has given each unfinished file its length before it began.
    ///
    /// - Parameter seed: what it draws is another than before.
    func restarted(seed: UInt64) throws -> ConferenceBench {
        var next = ConferenceBench()
        next.bench.farEnd = bench.farEnd
        next.bench.rows = bench.rows
        next.bench.records = bench.records
        next.bench.conferences = bench.conferences
        next.bench.notifications = bench.notifications
        next.bench.recordings = bench.recordings.mapValues { recording in
            var recording = recording
            recording.durationSeconds = recording.durationSeconds ?? 3
            return recording
        }
        next.bench.exchange.turn.random = RandomSource(seed: seed)
        next.bench.pass(bench.moment.instant - next.bench.moment.instant + .seconds(1))
        next.bench.restore(
            UnfinishedWork(
                records: next.bench.records.sorted { $0.key < $1.key }.map { ($0.key, $0.value) },
                notifications: next.bench.notifications.values.sorted { left, right in
                    left.webhook.eventSequence < right.webhook.eventSequence
                },
                journalSequences: [:], recordings: next.bench.recordings,
                conferences: next.bench.conferences.values
                    .filter { $0.0.status != .terminated || $0.1 != nil }
                    .sorted { $0.0.conferenceID < $1.0.conferenceID }))
        return next
    }

    /// Recordings of mixes, in the order in which they began.
    var recorded: [RecordingID] {
        mixed.compactMap { if case .startRecording(let id) = $0 { id } else { nil } }
    }
}

/// docs/contract/calls.md#a-restart, docs/contract/webhooks.md#what-is-asked-and-told.
@Suite("What conferences owe when the process is killed")
struct ConferenceRecoveryTests {
    // MARK: Recordings

    @Test("Terminated while its file was not complete: a start tells of the recording, once, and of nothing else")
    func terminated() throws {
        var crashed = ConferenceBench()
        crashed.bench.completesMixRecordings = false
        let id = try crashed.create(isRecorded: true)
        try crashed.add(to: id)
        _ = try crashed.ask(.update(id, ConferenceChange(end: .terminated)))
        #expect(crashed.told(id) == ["empty", "populated", "inProgress", "empty", "terminated"])
        #expect(crashed.bench.conferences[id]?.1 != nil, "a start takes it up")

        var room = try crashed.restarted(seed: 81)
        #expect(room.told(id) == ["conferenceRecordingStatus terminated"])
        let told = room.bench.delivered.last { $0.owner == .conference(id) }
        #expect(room.field("recordingId", told) == .string(try #require(crashed.recorded.first).text))
        #expect(room.field("recordingDurationSec", told) == 3)
        #expect((told?.eventSequence ?? 0) > 1000, "beyond whatever was sent and not recorded")
        #expect(room.row(id)?.status == .terminated && room.bench.conferences[id]?.1 == nil)
        #expect(!room.bench.effects.contains { if case .prepareMusic = $0 { true } else { false } })
        room.settle()
        #expect(room.bench.exchange.gauges.isIdle, "\(room.bench.exchange.gauges)")
        #expect(!room.bench.exchange.conferences.contains(id), "it is forgotten")

        let third = try room.restarted(seed: 82)
        #expect(third.told(id) == [], "it has been told")
    }

    @Test("What such a conference had not sent yet comes first; nobody can be added to it, and it does not count")
    func terminatedUnsent() throws {
        var crashed = ConferenceBench()
        crashed.bench.completesMixRecordings = false
        let id = try crashed.create(isRecorded: true)
        try crashed.add(to: id)
        var random = SystemRandomNumberGenerator()
        crashed.bench.give(
            .conferenceRequest(
                ReplyToken(rawValue: 1), try ConferenceBench.account(), .update(id, ConferenceChange(end: .terminated)),
                RequestID(random: &random)))
        var room = try crashed.restarted(seed: 83)
        let account = try ConferenceBench.account()
        #expect(room.bench.exchange.conferences.count(of: account) == 0)
        let late = try room.add(to: id)
        #expect(room.bench.rows[late]?.endedReason == .conferenceTerminated)
        room.settle()
        #expect(room.told(id) == ["empty", "terminated", "conferenceRecordingStatus terminated"])
    }

    @Test("Several spans whose files were not complete are told of each, in their order")
    func severalSpans() throws {
        var crashed = ConferenceBench()
        crashed.bench.completesMixRecordings = false
        let id = try crashed.create(isRecorded: true)
        for _ in 0..<2 {
            let call = try crashed.add(to: id)
            try crashed.end(call)
        }
        try crashed.add(to: id)
        #expect(crashed.recorded.count == 3)

        var room = try crashed.restarted(seed: 84)
        room.settle()
        #expect(
            room.told(id) == ["empty"] + Array(repeating: "conferenceRecordingStatus empty", count: 3))
        let told = room.bench.delivered.filter { $0.requestType == "conferenceRecordingStatus" }
        #expect(told.map { room.field("recordingId", $0) } == crashed.recorded.map { .string($0.text) })
        let third = try room.restarted(seed: 85)
        #expect(third.told(id) == [])
    }

    @Test("A terminated one whose recording is gone meanwhile is not taken up for ever")
    func recordingGone() throws {
        var crashed = ConferenceBench()
        crashed.bench.completesMixRecordings = false
        let id = try crashed.create(isRecorded: true, statusURL: nil)
        try crashed.add(to: id)
        _ = try crashed.ask(.update(id, ConferenceChange(end: .terminated)))
        crashed.bench.recordings = [:]
        let room = try crashed.restarted(seed: 86)
        #expect(room.bench.conferences[id]?.1 == nil)
        #expect(!room.bench.exchange.conferences.contains(id))
    }

    @Test("A record names what is incomplete, and is read as earlier versions wrote it")
    func record() throws {
        let request = "RQ" + String(repeating: "1", count: 40)
        let recordings = ["2", "3"].compactMap { RecordingID("RE" + String(repeating: $0, count: 40)) }
        func text(_ members: String) -> [UInt8] {
            Array(
                #"{"eventSequence":3,"journalSequence":4,"origin":{"requestID":"\#(request)"}\#(members),"version":1}"#
                    .utf8)
        }
        #expect(try ConferenceRecord(reading: text("")).recordingIDs == [])
        let earlier = try ConferenceRecord(reading: text(#","recordingID":"\#(recordings[0])""#))
        #expect(earlier.recordingIDs == [recordings[0]])
        var record = earlier
        record.recordingIDs = recordings
        #expect(try ConferenceRecord(reading: record.bytes) == record)
        #expect(record.eventSequence == 3 && record.journalSequence == 4)
    }

    // MARK: Who has left

    /// A call that has been taken out of its conference, and whose app has not said yet how it goes on.
    private func removed() throws -> (room: ConferenceBench, conference: ConferenceID, call: CallID, asked: Webhook) {
        var room = ConferenceBench()
        let id = try room.create()
        let call = try room.add(to: id, #""leaveConferenceUrl":"http://app/left""#)
        _ = try room.ask(.removeParticipant(id, call))
        let asked = room.asked(call, "leaveConference")
        return (room, id, call, try #require(asked))
    }

    @Test("Killed before the app has answered to leaveConference: the next process tells it, the same once more")
    func leftUntold() throws {
        let (crashed, _, call, asked) = try removed()
        #expect(asked.purpose == .script)
        var room = try crashed.restarted(seed: 87)
        let told = try #require(room.asked(call, "leaveConference"))
        #expect(told.eventID == asked.eventID && told.eventSequence == asked.eventSequence && told.body == asked.body)
        #expect(told.purpose == .notification, "there is no call any more that a script would be for")
        #expect(room.count("callStatus", of: call) == 0, "it comes behind")
        room.settle()
        #expect(room.count("leaveConference", of: call) == 1)
        #expect(room.count("callStatus", of: call) == 1)
        #expect(room.bench.notifications.isEmpty)
    }

    @Test("Once the app has answered nothing of it is owed")
    func leftTold() throws {
        var (room, _, call, asked) = try removed()
        #expect(room.bench.notifications[asked.eventID]?.webhook.purpose == .notification)
        try room.answer(call, "leaveConference", #"[{"Pause":{"length":60000}}]"#)
        #expect(room.bench.notifications.isEmpty)
        let next = try room.restarted(seed: 88)
        #expect(next.count("leaveConference", of: call) == 0)
    }

    @Test("It hangs up before the app has answered: what was asked is told, be it after a failure, and then the end")
    func hangsUp() throws {
        var (room, _, call, asked) = try removed()
        try room.end(call)
        #expect(!room.bench.effects.contains(.withdrawWebhook(asked.eventID)))
        #expect(room.count("callStatus", of: call) == 0)
        room.bench.give(
            .webhookFinished(
                asked.eventID, .answered(status: 503, contentType: nil, body: []), milliseconds: 1))
        #expect(room.bench.notifications[asked.eventID]?.attempts == 1, "it is tried again")
        #expect(room.count("callStatus", of: call) == 1)
        room.bench.pass(.seconds(60))
        #expect(room.count("leaveConference", of: call) == 2)
        let told = room.bench.delivered.filter { $0.requestType == "leaveConference" }
        #expect(told.last?.eventID == asked.eventID && told.last?.purpose == .notification)
    }

    @Test("The disk refuses the transaction in which it leaves: what is told of it is stored again")
    func refused() throws {
        var room = ConferenceBench()
        let id = try room.create(statusURL: nil)
        let call = try room.add(to: id, #""leaveConferenceUrl":"http://app/left""#)
        room.bench.commitsAtOnce = false
        _ = try room.ask(.removeParticipant(id, call))
        let asked = try #require(room.asked(call, "leaveConference"))
        // The bench wrote it; the disk did not.
        room.bench.notifications = [:]
        for token in room.bench.heldCommits { room.bench.give(.commitFailed(token, .diskFailing)) }
        room.bench.commitsAtOnce = true
        room.bench.pass(.seconds(2))
        #expect(room.bench.notifications[asked.eventID] != nil)
        try room.answer(call, "leaveConference", #"[{"Pause":{"length":60000}}]"#)
        #expect(room.bench.notifications.isEmpty)
    }
}
