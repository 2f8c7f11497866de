import JSON
import PerCL
import SIP
import Telephony
import Testing

@testable import CallControl

/// docs/contract/percl.md#addtoconference, docs/contract/rest.md#participants.
@Suite("A call in a conference")
struct ParticipantTests {
    @Test("It is in the mix on the terms that it was added on, and its app is told once")
    func joins() throws {
        var room = ConferenceBench()
        let id = try room.create()
        let call = try room.add(
            to: id, #""talk":false,"listen":true,"dtmfPassThrough":true,"notificationUrl":"http://app/in""#)
        guard case .joinMix(_, let membership)? = room.memberships(call).first else {
            Issue.record("not in the mix")
            return
        }
        #expect((membership.talks, membership.listens, membership.passesDigits) == (false, true, true))
        #expect(room.count("addToConferenceNotification", of: call) == 1)
        let told = room.asked(call, "addToConferenceNotification")
        #expect(room.field("conferenceId", told) == .string(id.text))
        #expect(room.field("status", told) == "inProgress")
        guard case .participant(let participant) = try room.ask(.participant(id, call)) else {
            Issue.record("no participant")
            return
        }
        #expect(participant.standing == ParticipantStanding(talk: false, listen: true, dtmfPassThrough: true))
        #expect(participant.startConfOnEnter)
    }

    @Test("What it may is changed over REST and by its script, one thing at a time, and stands as answered")
    func standing() throws {
        var room = ConferenceBench()
        let id = try room.create()
        let call = try room.add(to: id)
        guard
            case .participant(let muted) = try room.ask(.updateParticipant(id, call, ParticipantChange(talk: false))),
            case .participant(let deaf) = try room.ask(.updateParticipant(id, call, ParticipantChange(listen: false)))
        else {
            Issue.record("no participant")
            return
        }
        #expect(muted.standing == ParticipantStanding(talk: false, listen: true, dtmfPassThrough: false))
        #expect(deaf.standing == ParticipantStanding(talk: false, listen: false, dtmfPassThrough: false))
        #expect(deaf.revision == 3)
        guard case .changeMembership(let membership)? = room.memberships(call).last else {
            Issue.record("the media was not told")
            return
        }
        #expect((membership.talks, membership.listens) == (false, false))
        let orders = room.memberships(call).count
        _ = try room.ask(.updateParticipant(id, call, ParticipantChange(talk: false)))
        #expect(room.memberships(call).count == orders, "what is so already is not ordered again")
    }

    @Test("A list is newest first, filtered by what they may")
    func list() throws {
        var room = ConferenceBench()
        let id = try room.create()
        let first = try room.add(to: id)
        let second = try room.add(to: id, #""talk":false"#)
        func calls(_ filter: ParticipantFilter) throws -> [CallID] {
            guard case .participants(let page) = try room.ask(.participants(id, filter, after: nil)) else { return [] }
            return page.items.map(\.callID)
        }
        #expect(try calls(ParticipantFilter()) == [second, first])
        #expect(try calls(ParticipantFilter(talk: true)) == [first])
        #expect(try calls(ParticipantFilter(talk: false, listen: true)) == [second])
        #expect(try calls(ParticipantFilter(dtmfPassThrough: true)) == [])
    }

    @Test("Taken out over REST: silence, leaveConferenceUrl is asked, its script runs; a second time there is nobody")
    func removed() throws {
        var room = ConferenceBench()
        let id = try room.create()
        try room.add(to: id)
        let call = try room.add(to: id, #""leaveConferenceUrl":"http://app/left""#)
        #expect(try room.ask(.removeParticipant(id, call)) == .removed)
        #expect(room.memberships(call).last == .leaveMix)
        #expect(room.beeps.last == room.media[call])
        let asked = try #require(room.asked(call, "leaveConference"))
        #expect(asked.purpose == .script)
        #expect(room.field("conferenceId", asked) == .string(id.text))
        #expect(room.field("callStatus", asked) == "inProgress")
        #expect(try room.ask(.removeParticipant(id, call)) == .noParticipant)
        try room.answer(call, "leaveConference", #"[{"Say":{"text":"Bye."}}]"#)
        #expect(room.bench.played.last == .speech(text: "Bye.", language: "en-US", isPrivate: false))
        #expect(room.count("leaveConference", of: call) == 1)
    }

    @Test("Taken out without a leaveConferenceUrl it is hung up")
    func removedForGood() throws {
        var room = ConferenceBench()
        let id = try room.create()
        let call = try room.add(to: id)
        #expect(try room.ask(.removeParticipant(id, call)) == .removed)
        #expect(room.bench.rows[call]?.endedReason == .removedFromConference)
        #expect(room.told(id).last == "empty")
    }

    @Test("A call that ends is told of to leaveConferenceUrl before callStatus, and takes no script from it")
    func hangsUp() throws {
        var room = ConferenceBench()
        let id = try room.create()
        let call = try room.add(to: id, #""leaveConferenceUrl":"http://app/left""#)
        try room.end(call)
        let last = room.bench.delivered.filter { $0.callID == call }.suffix(2)
        #expect(last.map(\.requestType) == ["leaveConference", "callStatus"])
        #expect(last.allSatisfy { $0.purpose == .notification })
        #expect(room.field("callStatus", last.first) == "completed")
        #expect(room.field("conferenceId", last.last) == .null, "the end concerns the call alone")
    }

    @Test("Added again to where it is, it has the new terms: no beep, no status, one notification more")
    func again() throws {
        var room = ConferenceBench()
        let id = try room.create()
        try room.add(to: id)
        let control = #""allowCallControl":true,"callControlSequence":"*1","callControlUrl":"http://app/control""#
        let call = try room.add(to: id, control + #","notificationUrl":"http://app/in""#)
        let (beeps, told) = (room.beeps.count, room.told(id).count)
        try room.press("*1", call)
        try room.answer(
            call, "callControl",
            ConferenceBench.join(id, control + #","talk":false,"notificationUrl":"http://app/in""#))
        #expect((room.beeps.count, room.told(id).count) == (beeps, told))
        #expect(room.count("addToConferenceNotification", of: call) == 2)
        guard case .changeMembership(let membership)? = room.memberships(call).last else {
            Issue.record("the media was not told")
            return
        }
        #expect(!membership.talks)
    }

    @Test("Added to another conference it leaves the one where it is, whose leaveConferenceUrl is not asked")
    func moves() throws {
        var room = ConferenceBench()
        let (from, to) = (try room.create(), try room.create())
        let call = try room.add(
            to: from,
            """
            "allowCallControl":true,"callControlSequence":"9","callControlUrl":"http://app/control",
            "leaveConferenceUrl":"http://app/left"
            """)
        try room.press("9", call)
        try room.answer(call, "callControl", ConferenceBench.join(to))
        #expect(room.told(from).last == "empty")
        #expect(room.told(to) == ["empty", "populated", "inProgress"])
        #expect(try room.ask(.participant(from, call)) == .noParticipant)
        guard case .participant = try room.ask(.participant(to, call)), case .joinMix? = room.memberships(call).last
        else {
            Issue.record("not in the other")
            return
        }
        #expect(room.count("leaveConference", of: call) == 0)
        let moved = try #require(room.bench.journal.first { $0.message == "Left the conference for another one" })
        #expect(moved.callID == call)
        #expect(moved.metadata["conferenceId"] == .string(from.text))
        #expect(moved.metadata["explanation"] == "its leaveConferenceUrl is not asked")
    }

    // MARK: Call control

    private static let control =
        #""allowCallControl":true,"callControlSequence":"*7","callControlUrl":"http://app/control""#

    @Test("Its sequence asks for a script, which it alone hears; when that has run out it talks on")
    func control() throws {
        var room = ConferenceBench()
        let id = try room.create()
        let call = try room.add(to: id, Self.control)
        try room.press("1*", call)
        #expect(room.count("callControl", of: call) == 0)
        try room.press("7", call)
        let asked = try #require(room.asked(call, "callControl"))
        #expect(room.field("digits", asked) == "*7")
        #expect(room.field("conferenceId", asked) == .string(id.text))
        try room.answer(call, "callControl", #"[{"Say":{"text":"You are alone."}},{"SetListen":{"listen":false}}]"#)
        #expect(room.bench.played.count == 1)
        #expect(room.isInMix(call), "it stays a participant")
        room.bench.endPlayback()
        guard case .changeMembership(let membership)? = room.memberships(call).last else {
            Issue.record("SetListen did nothing")
            return
        }
        #expect(!membership.listens)
        #expect(room.bench.rows[call]?.status == .inProgress, "the script's end is not the call's")
        #expect(room.count("leaveConference", of: call) == 0)
        try room.press("*7", call)
        #expect(room.count("callControl", of: call) == 2)
    }

    @Test("Nothing is asked where call control was not allowed, or names no sequence")
    func noControl() throws {
        var room = ConferenceBench()
        let id = try room.create()
        let forbidden = try room.add(
            to: id, #""callControlSequence":"*7","callControlUrl":"http://app/control""#)
        try room.press("*7", forbidden)
        #expect(room.count("callControl", of: forbidden) == 0)
        #expect(
            room.bench.journal.contains {
                $0.callID == forbidden && $0.level == .warning
                    && $0.message
                        == "without allowCallControl nothing comes of callControlSequence and callControlUrl"
            })
        let without = try room.add(to: id, #""allowCallControl":true"#)
        #expect(
            room.bench.journal.contains {
                $0.callID == without && $0.message.contains("callControlSequence and callControlUrl")
            })
    }

    @Test("An empty answer changes nothing; one that cannot be had, or does not run there, ends this call alone")
    func badControl() throws {
        for (script, status, reason) in [
            ("[]", 200, nil), ("", 500, CallEndedReason.webhookInvalidResponse),
            (
                #"[{"Enqueue":{"queueId":"QU\#(String(repeating: "a", count: 40))","waitUrl":"http://a/","actionUrl":"http://a/"}}]"#,
                200, .appInvalidPercl
            ),
            (#"[{"Sya":{}}]"#, 200, .appInvalidPercl),
        ] {
            var room = ConferenceBench()
            let id = try room.create()
            let other = try room.add(to: id)
            let call = try room.add(to: id, Self.control)
            try room.press("*7", call)
            try room.answer(call, "callControl", script, status: status)
            #expect(room.bench.rows[call]?.endedReason == reason, "\(script)")
            #expect(room.bench.rows[other]?.status == .inProgress)
            #expect(room.isInMix(other))
        }
    }

    @Test("GetDigits listens to one who is alone in the conference, and to nobody else", arguments: [true, false])
    func getDigits(isAlone: Bool) throws {
        var room = ConferenceBench()
        let id = try room.create()
        if !isAlone { try room.add(to: id) }
        let call = try room.add(to: id, Self.control)
        try room.press("*7", call)
        try room.answer(call, "callControl", #"[{"GetDigits":{"actionUrl":"http://app/digits","maxDigits":1}}]"#)
        try room.press("5", call)
        #expect(room.count("getDigits", of: call) == (isAlone ? 1 : 0))
        #expect(room.bench.rows[call]?.endedReason == (isAlone ? nil : .appInvalidPercl))
        if isAlone { #expect(room.field("conferenceId", room.asked(call, "getDigits")) == .string(id.text)) }
    }

    @Test("RemoveFromConference and TerminateConference do as REST does", arguments: ["Remove", "Terminate"])
    func byScript(_ which: String) throws {
        var room = ConferenceBench()
        let id = try room.create()
        let other = try room.add(to: id)
        let call = try room.add(to: id, Self.control + #","leaveConferenceUrl":"http://app/left""#)
        try room.press("*7", call)
        let name = which == "Remove" ? "RemoveFromConference" : "TerminateConference"
        try room.answer(call, "callControl", #"[{"\#(name)":{}}]"#)
        #expect(room.count("leaveConference", of: call) == 1)
        if which == "Remove" {
            #expect(room.asked(call, "leaveConference")?.purpose == .script)
            #expect(room.bench.rows[other]?.status == .inProgress)
        } else {
            #expect(room.bench.rows.values.allSatisfy { $0.endedReason == .conferenceTerminated })
            #expect(room.told(id).suffix(2) == ["empty", "terminated"])
        }
    }

    @Test("Outside a conference they say what is wrong, and the flags change nothing")
    func outside() throws {
        for name in ["RemoveFromConference", "TerminateConference"] {
            var room = ConferenceBench()
            let call = try room.call(#"[{"\#(name)":{}}]"#)
            #expect(room.bench.rows[call]?.endedReason == .perclProcessingError)
        }
        var room = ConferenceBench()
        let call = try room.call(#"[{"SetTalk":{"talk":false}},{"Pause":{"length":100}}]"#)
        #expect(room.bench.rows[call]?.status == .inProgress)
        #expect(room.bench.journal.contains { $0.message.contains("SetTalk changes nothing") })
    }

    @Test(
        "A machine that is found in a conference is out of it, and ifMachineUrl is asked (docs/contract/calls.md#a-machine-in-a-conference)"
    )
    func machine() throws {
        var room = ConferenceBench()
        let id = try room.create()
        let before = Set(room.bench.rows.keys)
        try room.bench.makeCall(ifMachine: .redirect(try #require(WebURL("http://app/machine"))))
        let call = try #require(Set(room.bench.rows.keys).subtracting(before).first)
        room.bench.farAnswer()
        try room.answer(call, "outDialApiConnect", ConferenceBench.join(id, #""leaveConferenceUrl":"http://app/left""#))
        #expect(room.told(id).last == "inProgress")
        room.bench.find(
            .verdict(AnswerVerdict(.answeringMachine, .answerTone, milliseconds: 900, confidence: 0.99)))
        room.settle()
        #expect(room.told(id).last == "empty")
        #expect(room.count("machineDetected", of: call) == 1)
        #expect(room.count("leaveConference", of: call) == 0)
        #expect(room.field("conferenceId", room.asked(call, "machineDetected")) == .null)
    }

    @Test("Keys that were typed in the talk are not those that a later GetDigits asks for")
    func typedAhead() throws {
        var room = ConferenceBench()
        let id = try room.create()
        let call = try room.add(to: id, #""leaveConferenceUrl":"http://app/left""#)
        try room.press("123", call)
        _ = try room.ask(.removeParticipant(id, call))
        try room.answer(call, "leaveConference", #"[{"GetDigits":{"actionUrl":"http://app/digits","maxDigits":1}}]"#)
        #expect(room.count("getDigits", of: call) == 0)
    }

    @Test("A clock that wakes up late: a script that joins, and the call's longest time, in one turn")
    func late() throws {
        var room = ConferenceBench()
        room.bench = Bench { $0.longestCall = .seconds(60) }
        let id = try room.create()
        try room.call(
            #"[{"Pause":{"length":50000}},{"AddToConference":{"conferenceId":"\#(id.text)"}}]"#)
        let later = Moment(instant: room.bench.moment.instant + .seconds(70), wall: room.bench.moment.wall)
        _ = room.bench.exchange.handle(.timersDue, now: later)
        #expect(room.bench.exchange.conferences.room(id)?.members.isEmpty == true)
    }

    @Test("That there is no such conference ends nothing where a machine's script has taken over meanwhile")
    func lookedUpTooLate() throws {
        var room = ConferenceBench()
        let id = try room.create()
        let call = try room.call(#"[{"Pause":{"length":5000}}]"#)
        room.bench.give(.conferenceLookedUp(call, id, isKnown: false))
        #expect(room.bench.rows[call]?.status == .inProgress)
    }
}
