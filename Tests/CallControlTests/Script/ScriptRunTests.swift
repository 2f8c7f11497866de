import PerCL
import Telephony
import Testing

@testable import CallControl

/// A run that is given one event after another by the stage that does what it wants; its steps are compared.
private struct RunBench {
    let commands: [Command]
    var run: ScriptRun
    var memory = ScriptMemory()
    var stage = ScriptStage()
    private var steps: [ScriptRun.Directive] = []

    init(_ script: String, isAnswered: Bool = true, playsEarly: Bool = false) throws {
        commands = try ScriptText.commands(script)
        run = ScriptRun(Script(commands: commands), isAnswered: isAnswered, playsEarly: playsEarly)
    }

    /// What it has wanted since it was asked last.
    mutating func take() -> [ScriptRun.Directive] {
        defer { steps = [] }
        return steps
    }

    private mutating func step(
        _ body: (inout ScriptRun, inout ScriptMemory, inout [ScriptRun.Directive]) -> Void
    ) {
        var wanted: [ScriptRun.Directive] = []
        body(&run, &memory, &wanted)
        stage.take(wanted)
        steps += wanted
    }

    mutating func start() { step { $0.start(&$1, into: &$2) } }
    mutating func abort() { step { run, _, steps in run.abort(into: &steps) } }
    mutating func press(_ keys: String) { for key in keys { step { $0.keyPressed(key, &$1, into: &$2) } } }

    mutating func endPlayback(_ result: PlaybackResult = .completed) throws {
        let id = try stage.endPlayback()
        step { $0.playbackEnded(id, result, &$1, into: &$2) }
    }

    mutating func endPause() throws {
        try stage.fire(.pause)
        step { $0.pauseOver(&$1, into: &$2) }
    }

    mutating func endKeys() throws {
        try stage.fire(.keys)
        step { run, _, steps in run.keysTimedOut(into: &steps) }
    }

    mutating func endDialling() throws {
        let id = try stage.endDialling()
        step { $0.digitsSent(id, &$1, into: &$2) }
    }

    mutating func acknowledge() throws {
        try stage.acknowledge()
        step { $0.answered(&$1, into: &$2) }
    }

    mutating func completeFile() throws {
        try stage.completeFile()
        step { run, _, steps in run.utteranceCompleted(into: &steps) }
    }

    /// Everything that can come late, from what ran before.
    mutating func late() {
        step { $0.start(&$1, into: &$2) }
        step { $0.answered(&$1, into: &$2) }
        for number in 0...3 as ClosedRange<UInt64> {
            step { $0.playbackEnded(PlaybackID(rawValue: number), .completed, &$1, into: &$2) }
            step { $0.digitsSent(DiallingID(rawValue: number), &$1, into: &$2) }
        }
        step { $0.pauseOver(&$1, into: &$2) }
        step { run, _, steps in run.keysTimedOut(into: &steps) }
        step { run, _, steps in run.voiceChanged(isSpeaking: true, into: &steps) }
        step { run, _, steps in run.voiceChanged(isSpeaking: false, into: &steps) }
        step { run, _, steps in run.fellSilent(into: &steps) }
        step { run, _, steps in run.lengthReached(into: &steps) }
        step { run, _, steps in run.utteranceCompleted(into: &steps) }
        abort()
    }

    func began(_ index: Int) -> ScriptRun.Directive { .commandStarted(commands[index], index: index) }
    func ended(_ index: Int, _ result: PlaybackResult = .completed) -> ScriptRun.Directive {
        .commandEnded(commands[index], index: index, result)
    }
    func aborted(_ index: Int) -> ScriptRun.Directive { .commandAborted(commands[index], index: index) }

    static func playback(_ number: UInt64) -> PlaybackID { PlaybackID(rawValue: number) }
    static func speech(_ text: String) -> Prompt { .speech(text: text, language: "en-US", isPrivate: false) }
}

@Suite("A script's run (docs/contract/percl.md#scripts)")
struct ScriptRunTests {
    @Test("One command after another, each at the end of the one before it, and then the commands have run out")
    func order() throws {
        var bench = try RunBench(
            #"""
            [{"Say":{"text":"one","loop":2}},{"Pause":{"length":700}},{"StartRecordCall":{}},
            {"SendDigits":{"digits":"12"}},{"Play":{"file":"http://app/a.wav","loop":0}}]
            """#)
        bench.start()
        #expect(bench.take() == [bench.began(0), .play(RunBench.playback(1), RunBench.speech("one"), loop: 2)])
        try bench.endPlayback(.completedWithWarning("faint"))
        #expect(
            bench.take()
                == [bench.ended(0, .completedWithWarning("faint")), bench.began(1), .arm(.pause, milliseconds: 700)])
        guard case .sendDigits(let send) = bench.commands[3], case .play(let play) = bench.commands[4] else {
            throw ScriptStage.Impossible()
        }
        try bench.endPause()
        #expect(
            bench.take()
                == [
                    bench.ended(1), bench.began(2), .recordCall, bench.ended(2), bench.began(3),
                    .dial(DiallingID(rawValue: 1), send.digits),
                ])
        try bench.endDialling()
        #expect(
            bench.take() == [bench.ended(3), bench.began(4), .play(RunBench.playback(2), .file(play.file), loop: 0)])
        try bench.endPlayback(.failed("404"))
        #expect(bench.take() == [bench.ended(4, .failed("404")), .ranOut])
        bench.late()
        #expect(bench.take().isEmpty)
    }

    @Test("Only the end of what is at work leads on: not a former prompt's, not a pause that nobody makes")
    func others() throws {
        var bench = try RunBench(#"[{"Say":{"text":"one"}},{"Say":{"text":"two"}},{"Pause":{"length":1}}]"#)
        bench.start()
        try bench.endPlayback()
        _ = bench.take()
        // The second plays.
        for number in [0, 1, 3] as [UInt64] {
            var steps: [ScriptRun.Directive] = []
            bench.run.playbackEnded(RunBench.playback(number), .completed, &bench.memory, into: &steps)
            bench.run.pauseOver(&bench.memory, into: &steps)
            bench.run.digitsSent(DiallingID(rawValue: number), &bench.memory, into: &steps)
            bench.run.start(&bench.memory, into: &steps)
            bench.run.answered(&bench.memory, into: &steps)
            #expect(steps.isEmpty)
        }
        try bench.endPlayback()
        #expect(bench.take() == [bench.ended(1), bench.began(2), .arm(.pause, milliseconds: 1)])
        var steps: [ScriptRun.Directive] = []
        bench.run.playbackEnded(RunBench.playback(2), .completed, &bench.memory, into: &steps)
        #expect(steps.isEmpty)
    }

    @Test("An empty Say is passed over, and what is for the time before the answer, after it")
    func passedOver() throws {
        var bench = try RunBench(
            #"[{"Say":{"text":""}},{"Reject":{"reason":"x"}},{"PlayEarlyMedia":{"file":"http://app/a.wav"}}]"#)
        bench.start()
        #expect(
            bench.take()
                == [
                    bench.began(0), bench.ended(0, .stopped), bench.began(1), bench.ended(1, .stopped), bench.began(2),
                    bench.ended(2, .stopped), .ranOut,
                ])
    }

    @Test("A Say forgets what was typed before it; a Play, a Pause and an empty Say do not")
    func typedAhead() throws {
        for (command, digits) in [
            (#"{"Say":{"text":"Press"}}"#, "3"), (#"{"Play":{"file":"http://app/a.wav"}}"#, "123"),
            (#"{"Say":{"text":""}},{"Pause":{"length":1}}"#, "123"),
        ] {
            var bench = try RunBench(
                #"[\#(command),{"GetDigits":{"actionUrl":"http://app/d","maxDigits":\#(digits.count)}}]"#)
            bench.press("12")
            bench.start()
            bench.press("3")
            if bench.stage.playing == nil { try bench.endPause() } else { try bench.endPlayback() }
            guard case .collected(_, let end)? = bench.take().last else {
                Issue.record("\(command): nothing was collected")
                return
            }
            #expect(end == DigitCollection.End(digits: digits, reason: .maxDigits), "\(command)")
            #expect(bench.memory.typedAhead.isEmpty)
        }
    }

    @Test("GetDigits and RecordUtterance end the run with what they brought; what follows them never begins")
    func terminal() throws {
        var digits = try RunBench(
            #"[{"GetDigits":{"actionUrl":"http://app/d","maxDigits":2}},{"Say":{"text":"never"}}]"#)
        digits.start()
        #expect(digits.take() == [digits.began(0), .arm(.keys, milliseconds: 8000)])
        #expect(digits.run.isCollectingInTheOpen)
        digits.press("1")
        try digits.endKeys()
        guard case .getDigits(let get) = digits.commands[0] else { throw ScriptStage.Impossible() }
        #expect(
            digits.take()
                == [
                    .arm(.keys, milliseconds: 3000), digits.ended(0),
                    .collected(get, DigitCollection.End(digits: "1", reason: .timeout)),
                ])
        #expect(!digits.run.isCollectingInTheOpen && digits.run.collectedBeforeMachine == nil)
        digits.late()
        #expect(digits.take().isEmpty)
        digits.press("7")
        #expect(digits.take().isEmpty)
        #expect(digits.memory.typedAhead == ["7"], "it is kept for the next")

        var record = try RunBench(
            #"[{"RecordUtterance":{"actionUrl":"http://app/r","playBeep":false}},{"Say":{"text":"never"}}]"#)
        record.start()
        #expect(record.run.utterance != nil)
        record.press("5#")
        #expect(record.memory.typedAhead == ["5"], "the key that ends it is used up, another is kept")
        try record.completeFile()
        guard case .recordUtterance(let command) = record.commands[0] else { throw ScriptStage.Impossible() }
        #expect(record.take().suffix(2) == [record.ended(0), .recorded(command, .finishKey)])
        #expect(record.run.utterance == nil)
    }

    @Test("What is collected is private where GetDigits says so, and is told as far as it came when a machine is found")
    func machine() throws {
        var bench = try RunBench(
            #"[{"GetDigits":{"actionUrl":"http://app/d","minDigits":2,"maxDigits":9,"privacyMode":true}}]"#)
        #expect(bench.run.collectedBeforeMachine == nil)
        bench.start()
        #expect(!bench.run.isCollectingInTheOpen)
        bench.press("12")
        let found = bench.run.collectedBeforeMachine
        #expect(found?.end == DigitCollection.End(digits: "12", reason: .tone))
        #expect(found?.command.privacyMode == true)
        bench.abort()
        #expect(bench.run.collectedBeforeMachine == nil)
    }

    @Test("Each command that ends the run does so with what it says, first or not")
    func ends() throws {
        let queue = "QU" + String(repeating: "a", count: 40)
        for text in [
            #"{"Redirect":{"actionUrl":"http://app/n"}}"#, #"{"Hangup":{"reason":"bye"}}"#,
            #"{"Enqueue":{"queueId":"\#(queue)","waitUrl":"http://app/w","actionUrl":"http://app/a"}}"#,
            #"{"Park":{"waitUrl":"http://app/w","actionUrl":"http://app/a"}}"#, #"{"Dequeue":{}}"#, #"{"Unpark":{}}"#,
            #"{"RemoveFromConference":{}}"#, #"{"TerminateConference":{"conferenceId":"CF1"}}"#,
            #"{"Sms":{"to":"+15555550100","from":"+15555550101","text":"hi"}}"#,
        ] {
            for isFirst in [true, false] {
                var bench = try RunBench("[\(isFirst ? "" : #"{"Say":{"text":""}},"#)\(text),\(text)]")
                bench.start()
                let index = isFirst ? 0 : 1
                let expected: ScriptRun.Directive? =
                    switch bench.commands[index] {
                    case .redirect(let redirect): .redirect(redirect, isFirst: isFirst)
                    case .hangup: .hangUp(reason: "bye")
                    case .enqueue(let enqueue): .enqueue(enqueue)
                    case .park(let park): .park(park)
                    case .dequeue, .unpark: .leaveWait(bench.commands[index])
                    case .removeFromConference, .terminateConference: .leaveConference(bench.commands[index])
                    case .sms: .unsupported(bench.commands[index], index: index)
                    default: nil
                    }
                #expect(bench.take().suffix(2) == [bench.began(index), try #require(expected)], "\(text)")
                bench.late()
                #expect(bench.take().isEmpty, "\(text)")
            }
        }
    }

    @Test("Broken off, it stops what it had begun and says which command that was; nothing comes of it afterwards")
    func aborted() throws {
        let digits = DiallingID(rawValue: 1)
        for (text, stops) in [
            (#"{"Say":{"text":"x"}}"#, [.stopPlayback(RunBench.playback(1))]),
            (#"{"Pause":{"length":9}}"#, [.disarm(.pause)]),
            (#"{"SendDigits":{"digits":"1"}}"#, [.stopDialling(digits)]),
            (#"{"GetDigits":{"actionUrl":"http://app/d"}}"#, [.disarm(.keys)]),
            (
                #"{"GetDigits":{"actionUrl":"http://app/d","prompts":[{"Say":{"text":"x"}}]}}"#,
                [.stopPlayback(RunBench.playback(1)), .disarm(.keys)]
            ),
            (
                #"{"GetDigits":{"actionUrl":"http://app/d","prompts":[{"Pause":{"length":9}}]}}"#,
                [.disarm(.pause), .disarm(.keys)]
            ),
            (#"{"RecordUtterance":{"actionUrl":"http://app/r"}}"#, [.stopPlayback(RunBench.playback(1))]),
            (
                #"{"RecordUtterance":{"actionUrl":"http://app/r","playBeep":false}}"#,
                [.disarm(.silence), .disarm(.utterance), .observeSpeech(false), .endUtterance]
            ),
        ] as [(String, [ScriptRun.Directive])] {
            var bench = try RunBench("[\(text),\(text)]")
            bench.start()
            _ = bench.take()
            bench.abort()
            #expect(bench.take() == stops + [bench.aborted(0)], "\(text)")
            bench.late()
            #expect(bench.take().isEmpty, "\(text)")
        }
        var unbegun = try RunBench(#"[{"Say":{"text":"x"}}]"#)
        unbegun.abort()
        #expect(unbegun.take().isEmpty, "nothing had begun")
    }
}

@Suite("The script of a call that rings here (docs/contract/calls.md#calls-that-come-in)")
struct UnansweredScriptTests {
    private static let early = #"{"PlayEarlyMedia":{"file":"http://app/a.wav"}}"#

    @Test(
        "Early media and a pause at its head come before the answer; the first command that needs it waits for the ACK")
    func head() throws {
        var bench = try RunBench(
            #"[\#(Self.early),{"Pause":{"length":5}},{"Say":{"text":"one"}},\#(Self.early)]"#, isAnswered: false,
            playsEarly: true)
        bench.start()
        guard case .playEarlyMedia(let early) = bench.commands[0] else { throw ScriptStage.Impossible() }
        #expect(
            bench.take() == [bench.began(0), .earlyMedia, .play(RunBench.playback(1), .file(early.file), loop: 1)])
        try bench.endPlayback()
        #expect(bench.take() == [bench.ended(0), bench.began(1), .arm(.pause, milliseconds: 5)])
        try bench.endPause()
        #expect(bench.take() == [bench.ended(1), .answer])
        try bench.acknowledge()
        #expect(bench.take() == [bench.began(2), .play(RunBench.playback(2), RunBench.speech("one"), loop: 1)])
        try bench.endPlayback()
        #expect(bench.take() == [bench.ended(2), bench.began(3), bench.ended(3, .stopped), .ranOut])
    }

    @Test("A caller who offered no audio hears nothing early, and the script goes on")
    func noOffer() throws {
        var bench = try RunBench("[\(Self.early),{\"Pause\":{\"length\":5}}]", isAnswered: false)
        bench.start()
        let steps = bench.take()
        #expect(steps.first == bench.began(0))
        guard case .commandEnded(_, 0, .failed(let words))? = steps.dropFirst().first else {
            Issue.record("\(steps)")
            return
        }
        #expect(words.contains("no audio"))
        #expect(steps.suffix(2) == [bench.began(1), .arm(.pause, milliseconds: 5)])
        try bench.endPause()
        #expect(bench.take() == [bench.ended(1), .answer], "also where the commands have run out")
        try bench.acknowledge()
        #expect(bench.take() == [.ranOut])
    }

    @Test("A Reject that comes first refuses; one that does not comes too late")
    func reject() throws {
        var first = try RunBench(#"[{"Reject":{"reason":"busy"}}]"#, isAnswered: false)
        first.start()
        #expect(first.take() == [first.began(0), .reject(reason: "busy")])
        var second = try RunBench(#"[{"Pause":{"length":5}},{"Reject":{"reason":"busy"}}]"#, isAnswered: false)
        second.start()
        try second.endPause()
        #expect(second.take().last == .answer)
        try second.acknowledge()
        #expect(second.take() == [second.began(1), second.ended(1, .stopped), .ranOut])
    }

    @Test("Broken off while it is being answered, the command that waited is the one that was broken off")
    func abortedWhileAnswering() throws {
        var bench = try RunBench(#"[{"Say":{"text":"one"}}]"#, isAnswered: false)
        bench.start()
        #expect(bench.take() == [.answer])
        bench.press("4")
        #expect(bench.memory.typedAhead == ["4"])
        bench.abort()
        #expect(bench.take() == [bench.aborted(0)])
        bench.late()
        #expect(bench.take().isEmpty)
    }
}
