import PerCL
import Telephony
import Testing

@testable import CallControl

/// A GetDigits by itself: what it wants is done by a stage.
private struct CollectionBench {
    var collection: DigitCollection
    var memory = ScriptMemory()
    var stage = ScriptStage()
    private var steps: [ScriptRun.Directive] = []
    private(set) var end: DigitCollection.End?

    init(_ attributes: String = "", typedAhead: String = "") throws {
        let command = try ScriptText.command(#"{"GetDigits":{"actionUrl":"http://app/d"\#(attributes)}}"#)
        guard case .getDigits(let get) = command else { throw ScriptStage.Impossible() }
        collection = DigitCollection(get)
        for key in typedAhead { memory.keep(key) }
    }

    mutating func take() -> [ScriptRun.Directive] {
        defer { steps = [] }
        return steps
    }

    private mutating func step(
        _ body: (inout DigitCollection, inout ScriptMemory, inout [ScriptRun.Directive]) -> DigitCollection.End?
    ) throws {
        // It is over.
        guard end == nil else { throw ScriptStage.Impossible() }
        var wanted: [ScriptRun.Directive] = []
        end = body(&collection, &memory, &wanted)
        stage.take(wanted)
        steps += wanted
    }

    mutating func begin() throws { try step { $0.begin(&$1, &$2) } }
    mutating func press(_ keys: String) throws {
        for key in keys { try step { collection, _, steps in collection.keyPressed(key, &steps) } }
    }

    mutating func endPlayback() throws {
        let id = try stage.endPlayback()
        try step {
            $0.playbackEnded(id, &$1, &$2)
            return nil
        }
    }

    mutating func endPause() throws {
        try stage.fire(.pause)
        try step {
            $0.pauseOver(&$1, &$2)
            return nil
        }
    }

    mutating func timeOut() throws {
        try stage.fire(.keys)
        try step { collection, _, _ in collection.timedOut() }
    }

    /// Nothing plays, and no timer runs.
    var isStill: Bool { stage.playing == nil && stage.timers.isEmpty }
}

@Suite("GetDigits by itself (docs/contract/percl.md#getdigits)")
struct DigitCollectionTests {
    private static let times = #","initialTimeoutMs":500,"digitTimeoutMs":200"#
    private static let prompts =
        #","prompts":[{"Say":{"text":"one"}},{"Pause":{"length":90}},{"Say":{"text":"two"}}]"#

    @Test("Prompts in their order, then the first key's time; each key begins the next one's anew")
    func order() throws {
        var bench = try CollectionBench(Self.prompts + Self.times)
        try bench.begin()
        #expect(bench.stage.timers.isEmpty, "no key is waited for while the prompts play")
        try bench.endPlayback()
        #expect(bench.stage.timers == [.pause: 90])
        try bench.endPause()
        #expect(bench.stage.timers.isEmpty)
        try bench.endPlayback()
        #expect(bench.take().last == .arm(.keys, milliseconds: 500))
        for _ in 0..<3 {
            try bench.press("4")
            #expect(bench.take() == [.arm(.keys, milliseconds: 200)])
        }
        try bench.timeOut()
        #expect(bench.end == DigitCollection.End(digits: "444", reason: .timeout) && bench.isStill)
    }

    @Test("The first key stops the prompt that plays, or the pause, and no prompt follows", arguments: [false, true])
    func bargeIn(_ isPausing: Bool) throws {
        var bench = try CollectionBench(Self.prompts + Self.times)
        try bench.begin()
        if isPausing { try bench.endPlayback() }
        _ = bench.take()
        try bench.press("1")
        #expect(
            bench.take() == [
                isPausing ? .disarm(.pause) : .stopPlayback(PlaybackID(rawValue: 1)), .arm(.keys, milliseconds: 200),
            ])
        #expect(bench.stage.timers == [.keys: 200] && bench.stage.playing == nil)
        // What was stopped may end all the same, and a pause that was disarmed.
        var late: [ScriptRun.Directive] = []
        bench.collection.playbackEnded(PlaybackID(rawValue: 1), &bench.memory, &late)
        bench.collection.pauseOver(&bench.memory, &late)
        #expect(late.isEmpty)
        try bench.press("2")
        #expect(bench.take() == [.arm(.keys, milliseconds: 200)])
    }

    @Test(
        "A finish key, or the last of maxDigits, ends it at once and leaves no timer",
        arguments: [
            (#","maxDigits":3"#, "123", "123", .maxDigits), (#","maxDigits":3"#, "12#", "12", .finishKey),
            (#","maxDigits":1"#, "9", "9", .maxDigits), (#","finishOnKey":"*5""#, "12#5", "12#", .finishKey),
            (#","finishOnKey":"*5""#, "12*", "12", .finishKey),
            (#","finishOnKey":"","maxDigits":3"#, "1#*", "1#*", .maxDigits),
            (#","finishOnKey":"5","maxDigits":2"#, "15", "1", .finishKey), ("", "#", "", .finishKey),
            (#","minDigits":3"#, "12#", "", .finishKey), (#","minDigits":3"#, "123#", "123", .finishKey),
            (#","minDigits":0"#, "#", "", .finishKey),
        ] as [(String, String, String, DigitCollection.Reason)])
    func ends(_ attributes: String, _ keys: String, _ digits: String, _ reason: DigitCollection.Reason) throws {
        var bench = try CollectionBench(attributes)
        try bench.begin()
        try bench.press(String(keys.dropLast()))
        #expect(bench.end == nil)
        _ = bench.take()
        try bench.press(String(keys.suffix(1)))
        #expect(bench.take() == [.disarm(.keys)])
        #expect(bench.end == DigitCollection.End(digits: digits, reason: reason) && bench.isStill)
    }

    @Test("Sixteen digits are collected where nothing is said, and no fifteenth is the last")
    func usually() throws {
        var bench = try CollectionBench()
        try bench.begin()
        try bench.press("123456789012345")
        #expect(bench.end == nil)
        try bench.press("6")
        #expect(bench.end == DigitCollection.End(digits: "1234567890123456", reason: .maxDigits))
    }

    @Test(
        "Too few digits are none, by the timeout as by a machine",
        arguments: [("1", ""), ("12", "12"), ("123", "123")])
    func tooFew(_ keys: String, _ digits: String) throws {
        var bench = try CollectionBench(#","minDigits":2"#)
        try bench.begin()
        try bench.press(keys)
        #expect(bench.collection.machineFound() == DigitCollection.End(digits: digits, reason: .tone))
        try bench.timeOut()
        #expect(bench.end == DigitCollection.End(digits: digits, reason: .timeout))
    }

    @Test("Keys typed ahead come first and keep the prompts from playing; then the next key's time runs")
    func typedAhead() throws {
        var bench = try CollectionBench(Self.prompts + Self.times, typedAhead: "41")
        try bench.begin()
        #expect(bench.take() == [.arm(.keys, milliseconds: 200)])
        #expect(bench.memory.typedAhead.isEmpty)
        try bench.press("#")
        #expect(bench.end == DigitCollection.End(digits: "41", reason: .finishKey))
    }

    @Test(
        "Where they end it, what is behind them is kept for the next",
        arguments: [
            (#","maxDigits":2"#, "123", "12", .maxDigits, "3"), ("", "1#2#", "1", .finishKey, "2#"),
            (#","maxDigits":2"#, "12", "12", .maxDigits, ""), ("", "#9", "", .finishKey, "9"),
        ] as [(String, String, String, DigitCollection.Reason, String)])
    func endedAhead(
        _ attributes: String, _ keys: String, _ digits: String, _ reason: DigitCollection.Reason, _ left: String
    ) throws {
        var bench = try CollectionBench(attributes + Self.prompts, typedAhead: keys)
        try bench.begin()
        #expect(bench.end == DigitCollection.End(digits: digits, reason: reason))
        #expect(bench.take().isEmpty)
        #expect(bench.isStill)
        #expect(bench.memory.typedAhead == Array(left))
    }

    @Test("flushBuffer forgets what was typed ahead, to the last key")
    func flushed() throws {
        var bench = try CollectionBench(#","flushBuffer":true"# + Self.prompts, typedAhead: "41#")
        try bench.begin()
        #expect(bench.end == nil && bench.memory.typedAhead.isEmpty && bench.stage.playing != nil)
    }

    @Test("Stopped, it stops its prompt and its timer")
    func stopped() throws {
        for isWaiting in [false, true] {
            var bench = try CollectionBench(#","prompts":[{"Say":{"text":"one"}}]"#)
            try bench.begin()
            if isWaiting { try bench.endPlayback() }
            var wanted: [ScriptRun.Directive] = []
            bench.collection.stop(&wanted)
            bench.stage.take(wanted)
            #expect(bench.isStill)
        }
    }
}

@Suite("Prompts within a command, by themselves (docs/contract/percl.md#prompts)")
struct PromptRunTests {
    private struct PromptBench {
        var run: PromptRun
        var memory = ScriptMemory()
        var stage = ScriptStage()
        private var steps: [ScriptRun.Directive] = []

        init(_ prompts: String) throws {
            run = PromptRun(try prompts.isEmpty ? [] : ScriptText.commands("[\(prompts)]"))
        }

        mutating func take() -> [ScriptRun.Directive] {
            defer { steps = [] }
            return steps
        }

        private mutating func step<Value>(
            _ body: (inout PromptRun, inout ScriptMemory, inout [ScriptRun.Directive]) -> Value
        ) -> Value {
            var wanted: [ScriptRun.Directive] = []
            let value = body(&run, &memory, &wanted)
            stage.take(wanted)
            steps += wanted
            return value
        }

        mutating func start() { step { $0.start(&$1, &$2) } }
        mutating func stop() { step { run, _, steps in run.stop(&steps) } }
        mutating func endPlayback() throws -> Bool {
            let id = try stage.endPlayback()
            return step { $0.playbackEnded(id, &$1, &$2) }
        }
        mutating func endPause() throws -> Bool {
            try stage.fire(.pause)
            return step { $0.pauseOver(&$1, &$2) }
        }
    }

    private static func speech(_ text: String) -> Prompt { .speech(text: text, language: "en-US", isPrivate: false) }

    @Test("Each is played as often as it says, when the one before it is over; an empty text is passed over")
    func order() throws {
        var bench = try PromptBench(
            #"""
            {"Say":{"text":""}},{"Say":{"text":"one","loop":3}},{"Pause":{"length":70}},{"Say":{"text":""}},
            {"Say":{"text":"two","loop":0}}
            """#)
        #expect(bench.run.isOver, "not begun")
        bench.start()
        #expect(bench.take() == [.play(PlaybackID(rawValue: 1), Self.speech("one"), loop: 3)])
        #expect(try bench.endPlayback() == true)
        #expect(!bench.run.isOver)
        #expect(bench.take() == [.arm(.pause, milliseconds: 70)])
        #expect(try bench.endPause() == true)
        #expect(!bench.run.isOver)
        #expect(bench.take() == [.play(PlaybackID(rawValue: 2), Self.speech("two"), loop: 0)])
        #expect(try bench.endPlayback() == true)
        #expect(bench.run.isOver)
        #expect(bench.take().isEmpty)
    }

    @Test(
        "Where there are none, or none that says anything, they are over at once",
        arguments: ["", #"{"Say":{"text":""}}"#])
    func none(_ prompts: String) throws {
        var bench = try PromptBench(prompts)
        bench.start()
        #expect(bench.run.isOver)
        #expect(bench.take().isEmpty)
    }

    @Test("Another's end, and one that comes twice, is none of theirs")
    func others() throws {
        var bench = try PromptBench(#"{"Say":{"text":"one"}},{"Pause":{"length":70}}"#)
        bench.start()
        _ = bench.take()
        var steps: [ScriptRun.Directive] = []
        #expect(bench.run.playbackEnded(PlaybackID(rawValue: 2), &bench.memory, &steps) == false)
        #expect(bench.run.pauseOver(&bench.memory, &steps) == false)
        #expect(steps.isEmpty && !bench.run.isOver)
        #expect(try bench.endPlayback() == true)
        #expect(bench.run.playbackEnded(PlaybackID(rawValue: 1), &bench.memory, &steps) == false)
        #expect(steps.isEmpty)
    }

    @Test("Stopped, they are over for good")
    func stopped() throws {
        for isPausing in [false, true] {
            var bench = try PromptBench(#"{"Say":{"text":"one"}},{"Pause":{"length":70}},{"Say":{"text":"two"}}"#)
            bench.start()
            if isPausing { _ = try bench.endPlayback() }
            _ = bench.take()
            bench.stop()
            #expect(bench.take() == [isPausing ? .disarm(.pause) : .stopPlayback(PlaybackID(rawValue: 1))])
            #expect(bench.run.isOver)
            bench.stop()
            bench.start()
            #expect(bench.run.isOver)
            #expect(bench.take().isEmpty)
        }
    }
}

@Suite struct ScriptMemoryTests {
    @Test("128 keys are kept in their order, and what is typed beyond is lost")
    func typedAhead() {
        var memory = ScriptMemory()
        let keys = (0..<130).map { Character("\($0 % 10)") }
        for key in keys { memory.keep(key) }
        #expect(memory.typedAhead == Array(keys.prefix(128)))
        #expect(memory.takeTypedAhead() == "0")
        #expect(memory.takeTypedAhead() == "1")
        memory.keep("*")
        #expect(memory.typedAhead.count == 127 && memory.typedAhead.last == "*")
        memory.forgetTypedAhead()
        #expect(memory.takeTypedAhead() == nil)
    }

    @Test("No number is given twice; 0 is the call's own sendDigits")
    func numbers() {
        var memory = ScriptMemory()
        #expect((0..<3).map { _ in memory.drawPlayback().rawValue } == [1, 2, 3])
        #expect((0..<3).map { _ in memory.drawDialling().rawValue } == [1, 2, 3])
        #expect(DiallingID.sendDigits.rawValue == 0)
    }
}
