import PerCL
import Telephony
import Testing

@testable import CallControl

/// A RecordUtterance by itself, with a caller who speaks only where somebody listens.
private struct UtteranceBench {
    var utterance: UtteranceRecording
    var memory = ScriptMemory()
    var stage = ScriptStage()
    private var steps: [ScriptRun.Directive] = []

    init(_ attributes: String) throws {
        let command = try ScriptText.command(#"{"RecordUtterance":{"actionUrl":"http://app/r"\#(attributes)}}"#)
        guard case .recordUtterance(let record) = command else { throw ScriptStage.Impossible() }
        utterance = UtteranceRecording(record)
    }

    /// It records, and nothing of that is told any more.
    static func recording(_ attributes: String = "") throws -> Self {
        var bench = try Self(#","playBeep":false"# + attributes)
        bench.begin()
        _ = bench.take()
        return bench
    }

    mutating func take() -> [ScriptRun.Directive] {
        defer { steps = [] }
        return steps
    }

    @discardableResult
    private mutating func step<Value>(
        _ body: (inout UtteranceRecording, inout [ScriptRun.Directive]) -> Value
    ) -> Value {
        var wanted: [ScriptRun.Directive] = []
        let value = body(&utterance, &wanted)
        stage.take(wanted)
        steps += wanted
        return value
    }

    mutating func begin() {
        var memory = memory
        step { $0.begin(&memory, &$1) }
        self.memory = memory
    }

    mutating func endBeep() throws {
        let id = try stage.endPlayback()
        step { $0.playbackEnded(id, &$1) }
    }

    mutating func speak(_ speaks: Bool) throws {
        try stage.speak(speaks)
        step { speaks ? $0.voiceStarted(&$1) : $0.voiceEnded(&$1) }
    }

    mutating func press(_ key: Character) -> Bool { step { $0.keyPressed(key, &$1) } }

    mutating func fallSilent() throws {
        try stage.fire(.silence)
        step { $0.fellSilent(&$1) }
    }

    mutating func reachLength() throws -> UtteranceRecording.Reason? {
        try stage.fire(.utterance)
        return step { $0.lengthReached(&$1) }
    }

    mutating func stop() { step { $0.stop(&$1) } }

    mutating func completeFile() throws -> UtteranceRecording.Reason? {
        try stage.completeFile()
        return utterance.fileCompleted()
    }

    static let finish: [ScriptRun.Directive] = [
        .disarm(.silence), .disarm(.utterance), .observeSpeech(false), .endUtterance,
    ]
}

@Suite("RecordUtterance by itself (docs/contract/percl.md#recordutterance)")
struct UtteranceRecordingTests {
    private static let autoStart = #","autoStart":true,"playBeep":false,"maxLengthSec":7"#

    @Test("A beep, and at its end the recording begins, with both of its times")
    func beep() throws {
        var bench = try UtteranceBench(#","silenceTimeoutMs":900,"maxLengthSec":7"#)
        bench.begin()
        #expect(bench.take() == [.play(PlaybackID(rawValue: 1), .beep, loop: 1)])
        #expect(bench.press("#") == false, "nothing is recorded yet")
        var late: [ScriptRun.Directive] = []
        bench.utterance.playbackEnded(PlaybackID(rawValue: 2), &late)
        bench.utterance.voiceStarted(&late)
        bench.utterance.voiceEnded(&late)
        bench.utterance.fellSilent(&late)
        #expect(bench.utterance.lengthReached(&late) == nil)
        #expect(bench.utterance.fileCompleted() == nil && late.isEmpty)
        try bench.endBeep()
        guard case .startUtterance(let command)? = bench.take().last else { throw ScriptStage.Impossible() }
        #expect(command == bench.utterance.command)
        #expect(bench.stage.timers == [.silence: 900, .utterance: 7000])
    }

    @Test("Without a beep it begins at once; what is not said is three seconds of silence and a minute in all")
    func usual() throws {
        var bench = try UtteranceBench(#","playBeep":false"#)
        bench.begin()
        #expect(
            bench.take()
                == [
                    .observeSpeech(true), .arm(.utterance, milliseconds: 60_000), .arm(.silence, milliseconds: 3000),
                    .startUtterance(bench.utterance.command),
                ])
    }

    @Test("While somebody speaks no silence is counted; afterwards what is left of it beyond the quiet that showed it")
    func silence() throws {
        for (timeout, rest) in [(900, 700), (201, 1), (200, 0), (150, 0), (0, 0)] {
            var bench = try UtteranceBench.recording(#","silenceTimeoutMs":\#(timeout)"#)
            try bench.speak(true)
            #expect(bench.take() == [.disarm(.silence)])
            try bench.speak(false)
            #expect(bench.take() == [.arm(.silence, milliseconds: rest)])
            try bench.fallSilent()
            #expect(bench.take() == UtteranceBench.finish)
            #expect(try bench.completeFile() == .timeout)
        }
    }

    @Test("A finish key ends it, once; another is not its own", arguments: ["#", "*"])
    func finishKey(_ finish: String) throws {
        var bench = try UtteranceBench.recording(finish == "#" ? "" : #","finishOnKey":"*0""#)
        for key in "123" { #expect(bench.press(key) == false) }
        #expect(bench.press(finish == "#" ? "*" : "#") == false)
        #expect(bench.take().isEmpty)
        #expect(bench.press(Character(finish)) == true)
        #expect(bench.take() == UtteranceBench.finish)
        #expect(bench.press(Character(finish)) == false, "it is over")
        #expect(bench.take().isEmpty)
        #expect(try bench.completeFile() == .finishKey)
    }

    @Test("At its longest length it ends, whoever speaks")
    func length() throws {
        var bench = try UtteranceBench.recording()
        try bench.speak(true)
        _ = bench.take()
        #expect(try bench.reachLength() == nil, "the file is waited for")
        #expect(bench.take() == UtteranceBench.finish)
        // What was under way comes too late to count.
        var late: [ScriptRun.Directive] = []
        bench.utterance.voiceStarted(&late)
        bench.utterance.voiceEnded(&late)
        bench.utterance.fellSilent(&late)
        #expect(bench.utterance.lengthReached(&late) == nil)
        bench.utterance.stop(&late)
        #expect(late.isEmpty)
        #expect(try bench.completeFile() == .maxLength, "what ended it first")
    }

    @Test("With autoStart it waits for a voice, however long that keeps silent, and its length begins with that")
    func autoStart() throws {
        var bench = try UtteranceBench(Self.autoStart)
        bench.begin()
        #expect(bench.take() == [.observeSpeech(true), .arm(.utterance, milliseconds: 7000)])
        #expect(bench.press("#") == false, "no recording to end")
        #expect(bench.take().isEmpty)
        try bench.speak(true)
        #expect(bench.take() == [.startUtterance(bench.utterance.command), .arm(.utterance, milliseconds: 7000)])
        try bench.speak(false)
        #expect(bench.take() == [.arm(.silence, milliseconds: 2800)])
        try bench.speak(true)
        #expect(bench.take() == [.disarm(.silence)], "it is begun once")
        #expect(try bench.reachLength() == nil)
        #expect(try bench.completeFile() == .maxLength)
    }

    @Test("Where nobody spoke it ends without a file that would have to be waited for")
    func nobody() throws {
        var bench = try UtteranceBench(Self.autoStart)
        bench.begin()
        _ = bench.take()
        #expect(try bench.reachLength() == .maxLength)
        #expect(bench.take() == [.observeSpeech(false)])
        #expect(bench.utterance.fileCompleted() == nil)
    }

    @Test("The call's end completes what is recorded, and stops a beep; what only waits for a voice has no file")
    func stopped() throws {
        var recording = try UtteranceBench.recording()
        recording.stop()
        #expect(recording.take() == UtteranceBench.finish)
        #expect(try recording.completeFile() == .hangup)
        var waiting = try UtteranceBench(Self.autoStart)
        waiting.begin()
        _ = waiting.take()
        waiting.stop()
        #expect(waiting.take() == UtteranceBench.finish.dropLast())
        #expect(waiting.utterance.fileCompleted() == .hangup)
        var beeping = try UtteranceBench("")
        beeping.begin()
        _ = beeping.take()
        beeping.stop()
        #expect(beeping.take() == [.stopPlayback(PlaybackID(rawValue: 1))])
        #expect(beeping.utterance.fileCompleted() == nil)
    }
}
