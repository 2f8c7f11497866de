import JSON
import PerCL
import SDP
import SIP
import Telephony
import Testing

@testable import CallControl

/// A talk on a leg that is answered, or rings here; what it plays, asks and wants is looked at.
private struct TalkBench {
    static let media = MediaHandle(rawValue: 7)
    static let url = "http://app/next"

    var talk: Talk
    var leg: Leg
    var dossier: Dossier
    var turn: Turn
    private var answeredByApp: Set<EventID> = []
    private var ended: Set<PlaybackID> = []

    struct Impossible: Error {}

    /// - Parameter isAnswered: otherwise it came in, and rings.
    init(
        isAnswered: Bool = true, sendDigits: String? = nil, ifMachine: MachineHandling? = nil, fallback: String? = nil
    ) throws {
        let session = SessionID(rawValue: 7)
        let identifiers = InvitationIdentifiers(callID: "c", fromTag: "f", branch: "z9hG4bK1")
        let bench = Bench()
        turn = bench.exchange.turn
        turn.now = bench.moment
        var request = try Bench.request(sendDigits: sendDigits)
        request.terms.ifMachine = ifMachine
        let clock = CallClock(source: nil, from: turn.now)
        var random = RandomSource(seed: 3)
        let resource = Call(
            callID: CallID(random: &random), accountID: request.accountID, applicationID: nil, parentCallID: nil,
            phoneNumberID: nil, from: request.from.text, to: request.to.text,
            direction: isAnswered ? .outboundAPI : .inbound, status: .inProgress, created: clock.wall)
        dossier = Dossier(resource, to: request.to, terms: request.terms, publicURL: "http://here", clock: clock)
        let audio = LocalAudio(address: "127.0.0.1", port: 40_000, sessionID: 1, sessionVersion: 1)
        let reply = try audio.reply(to: bench.answer)
        leg = Leg(
            incoming: Leg.Incoming(
                offer: bench.answer, sdp: reply.sdp,
                sources: MediaSources(signallingHost: "127.0.0.1", allowsAnySource: false, isFollowed: false),
                longestCall: .seconds(60), agreement: reply.agreement, port: MediaPort(audio)), session, identifiers)
        if isAnswered { _ = leg.answer() }
        talk = Talk(by: leg.media, fallbackURL: fallback.flatMap { WebURL($0) }, isDialling: sendDigits != nil)
        talk.ask(ScriptRequest(CallWebhook.outDialAPIConnect), at: try #require(WebURL(Self.url)), &dossier, &turn)
    }

    var delivered: [Webhook] {
        turn.directives.compactMap { if case .effect(.deliver(let webhook, _)) = $0 { webhook } else { nil } }
    }

    var played: [Prompt] {
        turn.directives.compactMap {
            if case .effect(.media(_, .play(_, let prompt, _, _))) = $0 { prompt } else { nil }
        }
    }

    var entries: [JournalEntry] {
        turn.directives.compactMap { if case .store(.appendJournal(let entry)) = $0 { entry } else { nil } }
    }

    func entry(_ message: String) -> JournalEntry? { entries.first { $0.message.hasPrefix(message) } }

    mutating func event(
        _ body: (inout Talk, inout Leg, inout Dossier, inout Turn) -> Talk.Want?
    ) -> Talk.Want? {
        body(&talk, &leg, &dossier, &turn)
    }

    /// The app's answer to what it was asked last, which it gives once.
    mutating func answer(_ body: String, status: Int = 200) throws -> Talk.Want? {
        let webhook = try #require(delivered.last)
        guard answeredByApp.insert(webhook.eventID).inserted else { throw Impossible() }
        let outcome = WebhookOutcome.answered(status: status, contentType: nil, body: Array(body.utf8))
        _ = dossier.webhookFinished(webhook.eventID, outcome)
        return talk.scriptAnswered(webhook, outcome, &leg, &dossier, &turn)
    }

    /// What plays now ends.
    mutating func endPlayback(_ result: PlaybackResult = .completed) throws -> Talk.Want? {
        var playing: PlaybackID?
        for case .effect(.media(_, let order)) in turn.directives {
            switch order {
            case .play(let id, _, _, _): playing = id
            case .stopPlayback(let id) where id == playing: playing = nil
            default: break
            }
        }
        guard let playing, ended.insert(playing).inserted else { throw Impossible() }
        return talk.advance(&leg, &dossier, &turn) { run, memory, steps in
            run.playbackEnded(playing, result, &memory, into: &steps)
        }
    }

    static let say = #"[{"Say":{"text":"one"}},{"Say":{"text":"two"}}]"#
    static let greeting = AnswerFinding.verdict(
        AnswerVerdict(.answeringMachine, .greeting, milliseconds: 1800, confidence: 0.9, features: []))
}

/// Outside of the macro, which cannot hold closures that change what they are given.
private func expectNothing(_ want: Talk.Want?, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(want == nil, sourceLocation: sourceLocation)
}

@Suite("A talk")
struct TalkTests {
    @Test("A script that comes while sendDigits are dialled waits for their end")
    func heldForDigits() throws {
        var bench = try TalkBench(sendDigits: "12")
        #expect(try bench.answer(TalkBench.say) == nil)
        #expect(bench.played.isEmpty)
        expectNothing(bench.event { $0.digitsSent(.sendDigits, &$1, &$2, &$3) })
        #expect(bench.played.count == 1)
        expectNothing(bench.event { $0.digitsSent(.sendDigits, &$1, &$2, &$3) })
        #expect(bench.played.count == 1, "their end is heard once")
    }

    @Test("A held script is not the machine's: it is gone when one is found")
    func heldForMachine() throws {
        var bench = try TalkBench(sendDigits: "12", ifMachine: .redirect(try #require(WebURL("http://app/machine"))))
        _ = try bench.answer(TalkBench.say)
        expectNothing(bench.event { $0.found(TalkBench.greeting, &$1, &$2, &$3) })
        #expect(bench.delivered.last?.requestType == CallWebhook.machineDetected)
        _ = bench.event { $0.digitsSent(.sendDigits, &$1, &$2, &$3) }
        #expect(bench.played.isEmpty)
    }

    @Test("A machine ends what runs, and is judged once")
    func machine() throws {
        var bench = try TalkBench(ifMachine: .hangup)
        _ = try bench.answer(TalkBench.say)
        guard case .end(let outcome)? = bench.event({ $0.found(TalkBench.greeting, &$1, &$2, &$3) }) else {
            Issue.record("no end")
            return
        }
        #expect(outcome.reason == .machineDetected)
        #expect(bench.dossier.call.answeredBy == .machine)
        expectNothing(bench.event { $0.found(TalkBench.greeting, &$1, &$2, &$3) })
        var human = try TalkBench()
        expectNothing(human.event { $0.found(TalkBench.greeting, &$1, &$2, &$3) })
        #expect(human.talk.answerer == nil)
    }

    @Test("One command after another, and the call ends when they have run out")
    func order() throws {
        var bench = try TalkBench()
        _ = try bench.answer(TalkBench.say)
        expectNothing(try bench.endPlayback())
        #expect(bench.played.count == 2)
        guard case .end(let outcome)? = try bench.endPlayback() else {
            Issue.record("no end")
            return
        }
        #expect((outcome.status, outcome.reason) == (.completed, .appHangup))
        // The last playback's end is heard once.
        expectNothing(
            bench.event { talk, leg, dossier, turn in
                talk.advance(&leg, &dossier, &turn) { run, memory, steps in
                    for number in 0...3 as ClosedRange<UInt64> {
                        run.playbackEnded(PlaybackID(rawValue: number), .completed, &memory, into: &steps)
                    }
                }
            })
        #expect(bench.played.count == 2)
    }

    @Test("What failed, and what was heard with a remark, says so in the journal, with the command; the script goes on")
    func failed() throws {
        var bench = try TalkBench()
        _ = try bench.answer(TalkBench.say)
        expectNothing(try bench.endPlayback(.failed("no voice")))
        #expect(bench.played.count == 2)
        let failed = try #require(bench.entry("PerCL Say failed"))
        #expect(failed.level == .error && failed.metadata["explanation"] == "no voice")
        #expect(failed.metadata["index"] == 0 && failed.metadata["text"] == "one")
        _ = try bench.endPlayback(.completedWithWarning("faint"))
        let faint = try #require(bench.entry("PerCL Say completed"))
        #expect(faint.level == .warning && faint.metadata["explanation"] == "faint")
        #expect(faint.metadata["index"] == 1 && faint.metadata["text"] == "two")
    }

    @Test("An app without a script ends the call; voiceFallbackUrl is asked once before that, and only while it rings")
    func fallback() throws {
        var bench = try TalkBench(isAnswered: false, fallback: "http://app/fallback")
        #expect(try bench.answer("no", status: 500) == nil)
        #expect(bench.delivered.last?.url.text == "http://app/fallback")
        guard case .end(let outcome)? = try bench.answer("no", status: 500) else {
            Issue.record("no end")
            return
        }
        #expect((outcome.status, outcome.reason) == (.failed, .webhookInvalidResponse))
        var answered = try TalkBench(fallback: "http://app/fallback")
        guard case .end(let late)? = try answered.answer("no", status: 500) else {
            Issue.record("no end")
            return
        }
        #expect(late.status == .completed)
    }

    @Test("A call that rings here is answered by the first command that needs it")
    func answers() throws {
        var bench = try TalkBench(isAnswered: false)
        #expect(try bench.answer(TalkBench.say) == .answer)
        #expect(bench.played.isEmpty)
        _ = bench.leg.answer()
        expectNothing(bench.event { $0.answered(&$1, &$2, &$3) })
        #expect(bench.played.count == 1)
        var rejecting = try TalkBench(isAnswered: false)
        guard case .end(let outcome)? = try rejecting.answer(#"[{"Reject":{"reason":"busy"}}]"#) else {
            Issue.record("no end")
            return
        }
        #expect((outcome.status, outcome.reason) == (.failed, .appReject))
    }

    @Test("256 redirects are followed, and the next one ends the call")
    func redirects() throws {
        var bench = try TalkBench()
        let script = #"[{"Redirect":{"actionUrl":"http://app/next"}}]"#
        for _ in 0..<256 {
            #expect(try bench.answer(script) == nil)
            #expect(bench.delivered.last?.requestType == CallWebhook.redirect)
        }
        guard case .end(let outcome)? = try bench.answer(script) else {
            Issue.record("no end")
            return
        }
        #expect(outcome.reason == .maxRedirectsError)
    }

    @Test("A Redirect that comes first hands on what its script was asked with, one that does not says only where from")
    func redirectFields() throws {
        var bench = try TalkBench()
        _ = try bench.answer(#"[{"GetDigits":{"actionUrl":"http://app/digits","maxDigits":1}}]"#)
        _ = bench.event { $0.keyPressed("5", &$1, &$2, &$3) }
        #expect(bench.delivered.last?.requestType == CallWebhook.getDigits)
        _ = try bench.answer(#"[{"Redirect":{"actionUrl":"http://app/next"}}]"#)
        let first = try JSONValue(parsing: try #require(bench.delivered.last).body)
        #expect(first["digits"] == "5")
        #expect(first["originalRequestType"] == .string(CallWebhook.getDigits))
        _ = try bench.answer(#"[{"Pause":{"length":100}},{"Redirect":{"actionUrl":"http://app/next"}}]"#)
        _ = bench.event { talk, leg, dossier, turn in
            talk.advance(&leg, &dossier, &turn) { run, memory, steps in run.pauseOver(&memory, into: &steps) }
        }
        let second = try JSONValue(parsing: try #require(bench.delivered.last).body)
        #expect(second["digits"] == nil)
        #expect(second["originalRequestType"] == .null)
    }

    @Test("A number that is neither the account's nor the call's is not dialled from; the answer to that comes once")
    func outDial() throws {
        let script =
            #"[{"OutDial":{"destination":"+15555550199","callingNumber":"+15555550111","actionUrl":"http://app/a","#
            + #""callConnectUrl":"http://app/c"}}]"#
        var bench = try TalkBench()
        #expect(try bench.answer(script) == nil)
        #expect(bench.turn.directives.contains { if case .effect(.resolveCaller) = $0 { true } else { false } })
        guard
            case .end(let outcome)? = bench.event({ talk, _, dossier, turn in
                talk.callerResolved(nil, &dossier, &turn)
            })
        else {
            Issue.record("no end")
            return
        }
        #expect(outcome.reason == .perclProcessingError)
        var owned = try TalkBench()
        _ = try owned.answer(script)
        var random = RandomSource(seed: 4)
        let number = PhoneNumberID(random: &random)
        for count in [1, 1] {
            _ = owned.event { talk, _, dossier, turn in talk.callerResolved(number, &dossier, &turn) }
            #expect(
                owned.turn.directives.count { if case .makeChild = $0 { true } else { false } } == count)
        }
    }

    @Test("Keys are shown in the journal only where a GetDigits asked for them in the open")
    func keysShown() throws {
        var bench = try TalkBench()
        func press(_ key: Character) {
            _ = bench.event { $0.keyPressed(key, &$1, &$2, &$3) }
            _ = bench.event { talk, _, dossier, turn in
                talk.digitReceived(key, milliseconds: 100, &dossier, &turn)
                return nil
            }
        }
        press("1")
        _ = try bench.answer(#"[{"GetDigits":{"actionUrl":"http://app/d","maxDigits":9,"flushBuffer":true}}]"#)
        press("2")
        var other = try TalkBench()
        _ = try other.answer(#"[{"GetDigits":{"actionUrl":"http://app/d","maxDigits":9,"privacyMode":true}}]"#)
        _ = other.event { $0.keyPressed("3", &$1, &$2, &$3) }
        _ = other.event { talk, _, dossier, turn in
            talk.digitReceived("3", milliseconds: 100, &dossier, &turn)
            return nil
        }
        let shown = bench.entries.filter { $0.message == "Digit received" }.map { $0.metadata["digit"] }
        #expect(shown == [.string(Mask.text), "2"])
        #expect(other.entry("Digit received")?.metadata["digit"] == .string(Mask.text))
    }

    @Test("A key that comes as media and by INFO is one key")
    func twoWays() throws {
        var bench = try TalkBench()
        _ = try bench.answer(#"[{"GetDigits":{"actionUrl":"http://app/d","maxDigits":2}}]"#)
        let asked = bench.delivered.count
        _ = bench.event { $0.keyPressed("4", &$1, &$2, &$3) }
        _ = bench.event { $0.keyReported("4", milliseconds: 100, &$1, &$2, &$3) }
        #expect(bench.delivered.count == asked)
        _ = bench.event { $0.keyReported("4", milliseconds: 100, &$1, &$2, &$3) }
        #expect(bench.delivered.count == asked + 1)
        let body = try JSONValue(parsing: try #require(bench.delivered.last).body)
        #expect(body["digits"] == "44")
    }

    @Test("The wait for a beep ends with it or with its time, once, and then the script speaks")
    func beep() throws {
        for isHeard in [true, false] {
            var bench = try TalkBench(ifMachine: .redirect(try #require(WebURL("http://app/machine"))))
            bench.turn.configuration.beepWait = .seconds(10)
            _ = bench.event { $0.found(TalkBench.greeting, &$1, &$2, &$3) }
            #expect(bench.turn.directives.contains(.arm(.beep, after: .seconds(10))))
            _ = try bench.answer(TalkBench.say)
            #expect(bench.played.isEmpty)
            for _ in 0..<2 {
                if isHeard {
                    let beep = AnswerBeep(milliseconds: 9000, hertz: 1000, lengthMilliseconds: 300)
                    _ = bench.event { $0.found(.beepEnded(beep), &$1, &$2, &$3) }
                } else {
                    _ = bench.event { $0.stopAwaitingBeep("no beep came", &$1, &$2, &$3) }
                }
                #expect(bench.played.count == 1)
            }
        }
    }

    @Test("StartRecordCall records once; its file is told of when the call ends, as long as it then is")
    func recording() throws {
        var bench = try TalkBench()
        _ = try bench.answer(#"[{"StartRecordCall":{}},{"StartRecordCall":{}},{"Pause":{"length":5000}}]"#)
        let started = bench.turn.directives.count {
            if case .effect(.media(_, .startRecording)) = $0 { true } else { false }
        }
        #expect(started == 1)
        #expect(bench.dossier.callRecordingID == bench.talk.recordings.call?.recording.recordingID)
        bench.turn.now.instant = bench.turn.now.instant + .milliseconds(2100)
        bench.talk.recordings.close(&bench.dossier, &bench.turn)
        #expect(bench.talk.recordings.call?.recording.durationSeconds == 3)
        bench.turn.now.instant = bench.turn.now.instant + .seconds(60)
        bench.talk.recordings.close(&bench.dossier, &bench.turn)
        #expect(bench.talk.recordings.call?.recording.durationSeconds == 3)
    }
}
