import JSON
import Telephony
import Testing

@testable import CallControl

/// docs/contract/percl.md#recording-a-conference
@Suite("What each participant says and hears is recorded for itself, where the server is set so")
struct ParticipantRecordingTests {
    private static let leave = #""leaveConferenceUrl":"http://app/left""#
    private static let control =
        #""allowCallControl":true,"callControlSequence":"*7","callControlUrl":"http://app/control""#

    private static func room(isSet: Bool = true) -> ConferenceBench {
        var room = ConferenceBench()
        room.bench = Bench { $0.recordsParticipants = isSet }
        return room
    }

    /// Of the call, in that conference or any.
    private func stays(of call: CallID, in id: ConferenceID? = nil, _ room: ConferenceBench) -> [Recording] {
        room.bench.recordings.values.filter { recording in
            guard case .participant(call, in: let conference) = recording.owner else { return false }
            return id == nil || conference == id
        }
    }

    /// What the call's media was told of mixes and recordings, in order.
    private func orders(_ call: CallID, _ room: ConferenceBench) -> [String] {
        room.bench.effects.compactMap { effect in
            guard case .media(let handle, let order) = effect, handle == room.media[call] else { return nil }
            return switch order {
            case .joinMix: "join"
            case .leaveMix: "leave"
            case .startRecording(let id, let content): "start \(content) \(id)"
            case .stopRecording(let id): "stop \(id)"
            default: nil
            }
        }
    }

    private func log(_ call: CallID, _ room: ConferenceBench) -> [JournalEntry] {
        room.bench.journal.filter { $0.callID == call && $0.message.hasPrefix("Recording ") }
    }

    @Test(
        "From where the talk begins, or one comes, to where it leaves: the call's, the conference's, in the call's log")
    func stay() throws {
        var room = Self.room()
        let id = try room.create(isRecorded: true)
        let waiting = try room.add(to: id, #""startConfOnEnter":false,"# + Self.leave)
        #expect(room.bench.recordings.isEmpty, "there is no talk yet")
        let starter = try room.add(to: id)
        let late = try room.add(to: id)
        for call in [waiting, starter, late] {
            let own = stays(of: call, in: id, room)
            let recording = try #require(own.first)
            #expect(own.count == 1 && recording.durationSeconds == nil && !recording.isPrivate)
            #expect(recording.callID == call && recording.conferenceID == id)
            #expect(orders(call, room) == ["join", "start stay \(recording.recordingID)"])
        }
        #expect(room.bench.recordings.count == 4, "the mix has one besides")
        room.bench.pass(.milliseconds(1500))

        // Taken out, it goes on; its file is complete a moment later.
        _ = try room.ask(.removeParticipant(id, waiting))
        let left = try #require(stays(of: waiting, room).first)
        #expect(left.durationSeconds == 3 && left.revision == 2)
        #expect(left.dateUpdated.microseconds - left.dateCreated.microseconds == 1_500_000)
        #expect(
            orders(waiting, room) == ["join", "start stay \(left.recordingID)", "stop \(left.recordingID)", "leave"])
        #expect(log(waiting, room).map(\.message) == ["Recording begins", "Recording complete"])
        #expect(
            log(waiting, room).allSatisfy {
                $0.metadata["recordingId"] == .string(left.recordingID.text)
                    && $0.metadata["conferenceId"] == .string(id.text)
            })

        // Whose call ends is told by the clock, as with all that a call's end cuts short.
        try room.end(starter)
        #expect(stays(of: starter, room).first?.durationSeconds == 2)
        #expect(stays(of: late, room).first?.durationSeconds == nil)
        _ = try room.ask(.update(id, ConferenceChange(end: .terminated)))
        #expect(room.bench.recordings.values.allSatisfy { $0.durationSeconds != nil })
        #expect(room.bench.recordings.count == 4)
        #expect(
            room.told(id).filter { $0.hasPrefix("conferenceRecordingStatus") }.count == 1, "the mix's alone is told of")
    }

    @Test(
        "Where it is not set, and in a conference that is not recorded, nobody is",
        arguments: [(false, true), (true, false), (false, false)])
    func neither(isSet: Bool, isRecorded: Bool) throws {
        var room = Self.room(isSet: isSet)
        let id = try room.create(isRecorded: isRecorded)
        let calls = [try room.add(to: id, #""startConfOnEnter":false"#), try room.add(to: id), try room.add(to: id)]
        #expect(room.bench.recordings.values.allSatisfy { $0.owner == .conference(id) })
        #expect(calls.allSatisfy { orders($0, room) == ["join"] })
    }

    @Test("Added again to where it is, its recording goes on; in another conference it has another one")
    func moves() throws {
        var room = Self.room()
        let (from, to) = (try room.create(isRecorded: true), try room.create(isRecorded: true))
        let call = try room.add(to: from, Self.control)
        try room.press("*7", call)
        try room.answer(call, "callControl", ConferenceBench.join(from, Self.control))
        let first = try #require(stays(of: call, in: from, room).first)
        #expect(orders(call, room) == ["join", "start stay \(first.recordingID)"])
        try room.press("*7", call)
        try room.answer(call, "callControl", ConferenceBench.join(to))
        let second = try #require(stays(of: call, in: to, room).first)
        #expect(
            orders(call, room) == [
                "join", "start stay \(first.recordingID)", "stop \(first.recordingID)", "join",
                "start stay \(second.recordingID)",
            ])
        #expect(stays(of: call, in: from, room).map(\.durationSeconds) == [3])
        #expect(stays(of: call, in: to, room).map(\.durationSeconds) == [nil])
        #expect(stays(of: call, room).count == 2)
    }

    @Test("A file that is complete only when its call is in another conference is told of as its own")
    func late() throws {
        var room = Self.room()
        let id = try room.create(isRecorded: true)
        let call = try room.add(to: id, Self.leave)
        room.bench.completesRecordings = false
        _ = try room.ask(.removeParticipant(id, call))
        let first = try #require(stays(of: call, room).first)
        #expect(first.durationSeconds == nil)
        try room.answer(call, "leaveConference", ConferenceBench.join(id))
        let second = try #require(stays(of: call, room).first { $0 != first })
        room.bench.give(
            .media(try #require(room.media[call]), .recordingEnded(first.recordingID, milliseconds: 4100, failure: nil))
        )
        #expect(room.bench.recordings[first.recordingID]?.durationSeconds == 5)
        #expect(room.bench.recordings[second.recordingID]?.durationSeconds == nil)
        room.bench.pass(.milliseconds(700))
        try room.end(call)
        #expect(room.bench.recordings[first.recordingID]?.durationSeconds == 5)
        #expect(room.bench.recordings[second.recordingID]?.durationSeconds == 1)
    }

    @Test("StartRecordCall and RecordUtterance run beside it, each with its own end")
    func beside() throws {
        var room = Self.room()
        let id = try room.create(isRecorded: true)
        let add = ConferenceBench.join(id, Self.control).dropFirst()
        let call = try room.call(#"[{"StartRecordCall":{}},"# + add)
        try room.press("*7", call)
        try room.answer(
            call, "callControl", #"[{"RecordUtterance":{"actionUrl":"http://app/record","playBeep":false}}]"#)
        let own = room.bench.recordings.values.filter { $0.owner == .call(call) }
        let stay = try #require(stays(of: call, room).first)
        #expect(own.count == 2 && stays(of: call, room).count == 1)
        #expect((own + [stay]).allSatisfy { $0.durationSeconds == nil })
        try room.press("#", call)
        let utterance = try #require(room.field("recordingId", room.asked(call, "record"))?.string)
        #expect(own.contains { $0.recordingID.text == utterance })
        #expect(room.bench.recordings.values.filter { $0.callID == call && $0.durationSeconds == nil }.count == 2)
        try room.answer(call, "record", "[]")
        room.bench.pass(.milliseconds(100))
        try room.end(call)
        #expect(room.bench.recordings.values.allSatisfy { $0.durationSeconds != nil })
        let told = room.field("recordingId", room.asked(call, "callStatus"))?.string
        #expect(told != nil && told != utterance && told != stay.recordingID.text, "callStatus is StartRecordCall's")
    }

    @Test("Its conference's row stands before it in each transaction: the disk may have refused that one before")
    func rowFirst() throws {
        var room = Self.room()
        let id = try room.create(isRecorded: true)
        try room.add(to: id)
        let late = try room.add(to: id, Self.leave)
        _ = try room.ask(.removeParticipant(id, late))
        var referring = 0
        for case .store(let operations, _) in room.bench.effects {
            var isStored = false
            for operation in operations {
                switch operation {
                case .saveConference(let conference, _): isStored = isStored || conference.conferenceID == id
                case .saveRecording(let recording) where recording.callID == late:
                    referring += 1
                    #expect(isStored)
                default: break
                }
            }
        }
        #expect(referring == 2, "its beginning and its end")
    }
}
