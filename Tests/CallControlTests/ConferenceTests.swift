import JSON
import SIP
import Telephony
import Testing

@testable import CallControl

/// docs/contract/percl.md#conferences, docs/contract/rest.md#conferences.
@Suite("The life of a conference")
struct ConferenceTests {
    @Test("Made over REST it is empty, and its app is told so")
    func made() throws {
        var room = ConferenceBench()
        let id = try room.create()
        #expect(room.told(id) == ["empty"])
        #expect(room.row(id)?.status == .empty)
        let told = try #require(room.bench.delivered.last)
        #expect(told.owner == .conference(id) && told.purpose == .notification)
        for name in ["callId", "from", "to", "callStatus", "direction", "parentCallId", "queueId", "recordingUrl"] {
            #expect(room.field(name, told) == .null, "\(name)")
        }
        #expect(room.field("conferenceId", told) == .string(id.text))
        #expect(room.bench.effects.contains(.prepareMusic(id, nil, try ConferenceBench.account())))
    }

    @Test("Made by a script it is told of to both URLs, and the caller is not in it")
    func madeByScript() throws {
        var room = ConferenceBench()
        let call = try room.call(
            """
            [{"CreateConference":{"actionUrl":"http://app/created","statusCallbackUrl":"http://app/conference",
            "alias":"Monday","playBeep":"never","record":true}}]
            """)
        let asked = try #require(room.asked(call, "createConference"))
        #expect(asked.purpose == .script && asked.url.text == "http://app/created")
        let id = try #require(room.field("conferenceId", asked)?.string.flatMap { ConferenceID($0) })
        #expect(room.told(id) == ["empty"])
        let told = room.bench.delivered.first { $0.owner == .conference(id) }
        #expect(room.field("callId", told) == .string(call.text))
        #expect(room.row(id)?.alias == "Monday")
        #expect(room.row(id)?.isRecorded == true)
        #expect(try room.ask(.participant(id, call)) == .noParticipant)
        try room.answer(call, "createConference", ConferenceBench.join(id))
        #expect(room.told(id) == ["empty", "populated", "inProgress"])
    }

    @Test("Those who wait hear music and not each other; the one who starts it ends the music, once")
    func moderator() throws {
        var room = ConferenceBench()
        let id = try room.create()
        let waiting = try (0..<2).map { _ in try room.add(to: id, #""startConfOnEnter":false"#) }
        #expect(room.told(id) == ["empty", "populated"])
        #expect(room.mixed == [.open, .hear(.music(of: id))])
        let starter = try room.add(to: id)
        #expect(room.told(id) == ["empty", "populated", "inProgress"])
        #expect(
            room.mixed == [
                .open, .hear(.music(of: id)), .hear(.talk), .beep(except: try #require(room.media[starter])),
            ])
        #expect((waiting + [starter]).allSatisfy { room.isInMix($0) })
        let late = try room.add(to: id, #""startConfOnEnter":false"#)
        #expect(room.told(id).count == 3)
        #expect(room.beeps.last == room.media[late])
    }

    @Test("The first who starts it is told of as populated and in progress, alone, without a beep")
    func alone() throws {
        var room = ConferenceBench()
        let id = try room.create()
        try room.add(to: id)
        #expect(room.told(id) == ["empty", "populated", "inProgress"])
        #expect(room.beeps.isEmpty)
    }

    @Test("When who started it leaves the others talk on; only the last one empties it, and it can be used again")
    func leaves() throws {
        var room = ConferenceBench()
        let id = try room.create()
        let starter = try room.add(to: id)
        let other = try room.add(to: id, #""startConfOnEnter":false"#)
        try room.end(starter)
        #expect(room.told(id) == ["empty", "populated", "inProgress"])
        #expect(room.beeps.last == room.media[starter])
        let beeps = room.beeps.count
        try room.end(other)
        #expect(room.told(id).last == "empty")
        #expect(room.mixed.last == .close)
        #expect(room.beeps.count == beeps, "nobody is left to hear it")
        try room.add(to: id)
        #expect(room.told(id) == ["empty", "populated", "inProgress", "empty", "populated", "inProgress"])
        #expect(room.mixed.filter { $0 == .open }.count == 2)
    }

    @Test(
        "Who comes and who goes is heard as playBeep says",
        arguments: [
            (Conference.PlayBeep.always, 2), (.entryOnly, 1), (.exitOnly, 1), (.never, 0),
        ])
    func beeps(_ beep: Conference.PlayBeep, expected: Int) throws {
        var room = ConferenceBench()
        let id = try room.create(beep: beep)
        try room.add(to: id)
        let second = try room.add(to: id)
        try room.end(second)
        #expect(room.beeps.count == expected)
    }

    @Test("Terminated: everybody is hung up at once, and told why; a second time nothing happens")
    func terminated() throws {
        var room = ConferenceBench()
        let id = try room.create()
        let first = try room.add(to: id, #""leaveConferenceUrl":"http://app/left""#)
        let second = try room.add(to: id)
        let change = ConferenceChange(end: .terminated)
        guard case .conference(let ended) = try room.ask(.update(id, change)) else {
            Issue.record("no conference")
            return
        }
        #expect(ended.status == .terminated)
        #expect(room.told(id) == ["empty", "populated", "inProgress", "empty", "terminated"])
        for call in [first, second] {
            #expect(room.bench.rows[call]?.status == .completed)
            #expect(room.bench.rows[call]?.endedReason == .conferenceTerminated)
        }
        #expect(room.bench.sent("BYE ") == 2)
        #expect(room.count("leaveConference", of: first) == 1)
        #expect(room.asked(first, "leaveConference")?.purpose == .notification, "its answer is no script")
        #expect(room.count("leaveConference", of: second) == 0)
        #expect(room.beeps.count == 1, "nobody is left to hear of the end")
        _ = try room.ask(.update(id, change))
        #expect(room.told(id).count == 5)
        #expect(room.bench.exchange.conferences.count == 0)
    }

    @Test("Added to one that has been terminated, or that there never was, a call ends, and its log says which")
    func tooLate() throws {
        var room = ConferenceBench()
        let id = try room.create()
        _ = try room.ask(.update(id, ConferenceChange(end: .terminated)))
        let late = try room.add(to: id, #""leaveConferenceUrl":"http://app/left""#)
        #expect(room.bench.rows[late]?.endedReason == .conferenceTerminated)
        #expect(room.count("leaveConference", of: late) == 0)
        var random = SystemRandomNumberGenerator()
        let unknown = try room.add(to: ConferenceID(random: &random))
        #expect(room.bench.rows[unknown]?.endedReason == .perclProcessingError)
        #expect(room.told(id) == ["empty", "terminated"])
        let complaints = room.bench.journal.filter { $0.message == "PerCL AddToConference failed" }
        #expect(complaints.count == 2)
        #expect(complaints.first?.metadata["explanation"]?.string?.contains(id.text) == true)
    }

    @Test("Emptied over REST: each goes on at its leaveConferenceUrl, or is hung up, and the conference stays")
    func emptied() throws {
        var room = ConferenceBench()
        let id = try room.create()
        let first = try room.add(to: id, #""leaveConferenceUrl":"http://app/left""#)
        let second = try room.add(to: id)
        _ = try room.ask(.update(id, ConferenceChange(end: .empty)))
        #expect(room.told(id) == ["empty", "populated", "inProgress", "empty"])
        #expect(room.bench.rows[second]?.endedReason == .conferenceEmptied)
        #expect(room.bench.rows[first]?.status == .inProgress)
        #expect(room.asked(first, "leaveConference")?.purpose == .script)
        #expect(!room.isInMix(first))
        try room.answer(first, "leaveConference", #"[{"Hangup":{}}]"#)
        #expect(room.bench.rows[first]?.endedReason == .appHangup)
        _ = try room.ask(.update(id, ConferenceChange(end: .empty)))
        #expect(room.told(id).count == 4, "an empty one is not emptied")
    }

    @Test("Recorded from its beginning to its end, each time anew, and told of behind what ended it")
    func recorded() throws {
        var room = ConferenceBench()
        let id = try room.create(isRecorded: true)
        let waiting = try room.add(to: id, #""startConfOnEnter":false"#)
        #expect(room.bench.recordings.isEmpty, "music is not recorded")
        let starter = try room.add(to: id)
        let recording = try #require(room.bench.recordings.values.first)
        #expect(recording.owner == .conference(id))
        #expect(room.mixed.contains(.startRecording(recording.recordingID)))
        try room.end(starter)
        try room.end(waiting)
        #expect(room.told(id) == ["empty", "populated", "inProgress", "empty", "conferenceRecordingStatus empty"])
        let told = try #require(room.bench.delivered.last { $0.owner == .conference(id) })
        #expect(room.field("recordingId", told) == .string(recording.recordingID.text))
        #expect(room.field("recordingDurationSec", told) == 3)
        #expect(room.bench.recordings[recording.recordingID]?.durationSeconds == 3)
        try room.add(to: id)
        #expect(room.bench.recordings.count == 2)
    }

    @Test(
        "An end that the disk refuses is an end all the same, and gets there; a client hears of it, and may ask again")
    func endRefused() throws {
        var room = ConferenceBench()
        let id = try room.create(statusURL: nil)
        let account = try ConferenceBench.account()
        let change = ConferenceChange(end: .terminated)
        room.bench.commitsAtOnce = false
        room.bench.give(
            .conferenceRequest(
                ReplyToken(rawValue: 1), account, .update(id, change), RequestID(random: &room.bench.random)))
        room.bench.give(
            .conferenceRequest(
                ReplyToken(rawValue: 2), account, .update(id, change), RequestID(random: &room.bench.random)))
        let (first, second) = (try #require(room.bench.heldCommits.first), try #require(room.bench.heldCommits.last))
        #expect(first != second && room.replies.count == 1, "neither is answered yet")
        room.bench.give(.commitFailed(first, .diskFull))
        #expect(room.bench.effects.contains(.reply(ReplyToken(rawValue: 1), .conference(.notStored))))
        #expect(
            room.bench.effects.contains { effect in
                if case .store(let operations, nil) = effect {
                    operations.contains {
                        if case .saveConference(let it, _) = $0 { it.status == .terminated } else { false }
                    }
                } else {
                    false
                }
            }, "it is stored once more, by somebody who waits for nothing")
        room.bench.give(.committed(second))
        #expect(
            room.bench.effects.contains { effect in
                if case .reply(ReplyToken(rawValue: 2), .conference(.conference(let it))) = effect {
                    it.status == .terminated
                } else {
                    false
                }
            })
        #expect(room.bench.exchange.conferences.count == 0)
    }

    @Test("Alias and beep can be changed, and nothing else is by that")
    func changed() throws {
        var room = ConferenceBench()
        let id = try room.create()
        guard
            case .conference(let conference) = try room.ask(
                .update(id, ConferenceChange(alias: .some("Tuesday"), playBeep: .never)))
        else {
            Issue.record("no conference")
            return
        }
        #expect(conference.alias == "Tuesday" && conference.playBeep == .never && conference.revision == 2)
        #expect(room.row(id) == conference)
        #expect(room.told(id) == ["empty"])
        #expect(try room.ask(.update(id, ConferenceChange(alias: .some(nil)))) != .noConference)
        #expect(room.row(id)?.alias == nil)
        let replies = room.replies.count
        #expect(try room.ask(.update(id, ConferenceChange())) != .noConference, "what changes nothing is answered too")
        #expect(room.replies.count == replies + 1)
    }

    @Test("Its own story tells who came, who left and what became of it")
    func story() throws {
        var room = ConferenceBench()
        let id = try room.create(statusURL: nil)
        let call = try room.add(to: id)
        let media = try #require(room.media[call])
        room.bench.give(.media(media, .talking(true)))
        room.bench.pass(.milliseconds(1500))
        room.bench.give(.media(media, .talking(false)))
        room.bench.wallSetAhead = .seconds(-3600)
        try room.end(call)
        #expect(
            room.story(id) == [
                "Conference created", "Participant came", "Conference populated", "Conference inProgress",
                "Participant talked", "Participant left", "Conference empty",
            ])
        let entries = room.bench.journal.filter { $0.room == .conference(id) }
        #expect(entries.map(\.sequence) == Array(1...7))
        #expect(entries.allSatisfy { $0.callID == nil && $0.metadata["conferenceId"] == .string(id.text) })
        #expect(entries[4].metadata["milliseconds"] == 1500)
        #expect(entries[5].metadata["seconds"] == 1, "whatever the clock is set to")
    }

    @Test("Its row is on disk before what refers to it: its notifications and its recordings")
    func rowFirst() throws {
        var room = ConferenceBench()
        let id = try room.create(isRecorded: true)
        let call = try room.add(to: id)
        try room.end(call)
        var isStored = false
        var referring = 0
        for case .store(let operations, _) in room.bench.effects {
            for operation in operations {
                switch operation {
                case .saveConference(let conference, _): isStored = isStored || conference.conferenceID == id
                case .saveNotification(let pending) where pending.webhook.owner == .conference(id):
                    referring += 1
                    #expect(isStored, "\(pending.webhook.requestType)")
                case .saveRecording(let recording):
                    referring += 1
                    #expect(isStored && recording.owner == .conference(id))
                default: break
                }
            }
        }
        #expect(referring == 7, "five notifications, and the recording's beginning and end")
    }

    @Test("Music that cannot be had is told of in its story, with the reason, and nothing of it to its app")
    func music() throws {
        var room = ConferenceBench()
        let id = try room.create()
        room.bench.give(.mix(.musicFailed(id, explanation: "its server answered 404")))
        room.settle()
        let entry = try #require(room.bench.journal.last { $0.room == .conference(id) })
        #expect(entry.level == .warning)
        #expect(entry.metadata["explanation"] == "its server answered 404")
        #expect(room.told(id) == ["empty"])
        _ = try room.ask(.update(id, ConferenceChange(end: .terminated)))
        let before = room.bench.journal.count
        room.bench.give(.mix(.musicFailed(id, explanation: "too late")))
        #expect(room.bench.journal.count == before)
    }

    @Test("After a crash it is empty, its app is told so once, and it can be used again")
    func crash() throws {
        var crashed = ConferenceBench()
        let id = try crashed.create()
        let call = try crashed.add(to: id, #""leaveConferenceUrl":"http://app/left""#)
        #expect(crashed.row(id)?.status == .inProgress)
        var room = ConferenceBench()
        room.bench.farEnd = crashed.bench.farEnd
        room.bench.rows = crashed.bench.rows
        room.bench.records = crashed.bench.records
        room.bench.conferences = crashed.bench.conferences
        room.bench.exchange.turn.random = RandomSource(seed: 77)
        room.bench.pass(crashed.bench.moment.instant - room.bench.moment.instant + .seconds(1))
        let (conference, record) = try #require(crashed.bench.conferences[id])
        room.bench.restore(
            UnfinishedWork(
                records: crashed.bench.records.map { ($0.key, $0.value) }, notifications: [], journalSequences: [:],
                conferences: [(conference, record)]))
        room.settle()
        #expect(room.told(id) == ["empty"])
        #expect(room.row(id)?.status == .empty)
        #expect(room.bench.rows[call]?.endedReason == .internalError)
        #expect(room.count("leaveConference", of: call) == 1)
        let sequences = room.bench.delivered.filter { $0.owner == .conference(id) }.map(\.eventSequence)
        #expect((sequences.first ?? 0) > 1000, "beyond whatever was sent and not recorded")
        guard case .participants(let page) = try room.ask(.participants(id, ParticipantFilter(), after: nil)) else {
            Issue.record("no list")
            return
        }
        #expect(page.items.isEmpty)
        try room.add(to: id)
        #expect(room.told(id) == ["empty", "populated", "inProgress"])
    }

    @Test("After a crash what had not been sent yet goes first, one at a time, and that it is empty comes behind it")
    func owedBeforeCrash() throws {
        var crashed = ConferenceBench()
        let id = try crashed.create()
        try crashed.add(to: id)
        let wall = crashed.bench.moment.wall
        let owed = crashed.bench.delivered.filter { $0.owner == .conference(id) }.suffix(2).map { webhook in
            PendingNotification(webhook: webhook, attempts: 0, firstAttempt: wall, nextAttempt: wall)
        }
        var room = ConferenceBench()
        room.bench.exchange.turn.random = RandomSource(seed: 78)
        room.bench.pass(crashed.bench.moment.instant - room.bench.moment.instant + .seconds(1))
        let (conference, record) = try #require(crashed.bench.conferences[id])
        room.bench.restore(
            UnfinishedWork(
                records: [], notifications: owed, journalSequences: [:], conferences: [(conference, record)]))
        #expect(room.told(id) == ["populated"])
        room.settle()
        #expect(room.told(id) == ["populated", "inProgress", "empty"])
    }
}

extension ConferenceBench {
    /// The client hangs a call up.
    mutating func end(_ call: CallID) throws {
        var random = SystemRandomNumberGenerator()
        bench.give(
            .updateCall(
                ReplyToken(rawValue: 901), call, try Self.account(), .completed, RequestID(random: &random)))
        settle()
    }
}
