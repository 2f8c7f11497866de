import Foundation
import Synchronization
import Telephony
import Testing

@testable import Media

/// A program in espeak-ng's place notes what it is to say, and holds a text with "hold" in it up until it is let go.
private struct HeldSpeaker {
    let scratch: Scratch
    let synthesizer: SpeechSynthesizer

    init(
        atOnce: Int = 1, failsAt word: String = "never-said", cached: Bool = false, maximumWaiting: Int = 256,
        secondsAhead: Int = 60
    ) throws {
        scratch = try Scratch()
        let gate = scratch.file("gate")
        guard mkfifo(gate, 0o600) == 0 else { throw CocoaError(.fileWriteUnknown) }
        let path = try scratch.write(
            Array(
                """
                #!/bin/sh
                text=$(cat)
                echo "$text" >> \(scratch.file("said"))
                case "$text" in *hold*) read line < \(gate);; *\(word)*) exit 3;; esac
                printf %s "$text" | /usr/bin/espeak-ng "$@"

                """.utf8), to: "speaker")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        var configuration = SpeechSynthesizer.Configuration(cacheFolder: cached ? scratch.file("cache") : nil)
        configuration.program = path
        configuration.confinement = []
        configuration.maximumAtOnce = atOnce
        configuration.timeoutMilliseconds = 50_000
        configuration.maximumWaiting = maximumWaiting
        configuration.secondsAhead = secondsAhead
        synthesizer = SpeechSynthesizer(configuration: configuration)
    }

    /// The beginnings of the texts that were begun, in order.
    var said: [String] {
        let text = (try? String(contentsOfFile: scratch.file("said"), encoding: .utf8)) ?? ""
        return text.split(separator: "\n").map { String($0.prefix { $0 != " " }) }
    }

    /// Lets go on whoever is held up at this moment.
    func releaseThoseHeld() {
        let gate = open(scratch.file("gate"), O_WRONLY | O_NONBLOCK)
        guard gate >= 0 else { return }
        _ = write(gate, "go\n", 3)
        close(gate)
    }

    /// Lets the one that is held up go on; waits until one is.
    func release() async {
        let gate = scratch.file("gate")
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                if let file = FileHandle(forWritingAtPath: gate) {
                    try? file.write(contentsOf: Data("go\n".utf8))
                    try? file.close()
                }
                continuation.resume()
            }
        }
    }
}

private func until(_ condition: () async -> Bool) async {
    while !(await condition()) { try? await Task.sleep(for: .milliseconds(5)) }
}

@Suite("A long text is heard while its end is being made", .timeLimit(.minutes(1)))
struct GrowingSpeechTests {
    private static func text(_ beginnings: String...) -> String {
        beginnings.map { "\($0) is how this sentence begins and here is how it comes to an end." }
            .joined(separator: " ")
    }

    @Test(
        "The first piece plays while the second is held up; then the rest follows at once, in order and without a gap")
    func firstSound() async throws {
        let speaker = try HeldSpeaker()
        let text = Self.text("Alpha", "Bravo-hold", "Charlie", "Delta", "Echo", "Foxtrot", "Golf", "Hotel", "India")
        let pieces = SpeechPieces.of(text)
        #expect(pieces.count > 2 && !pieces[0].contains("hold") && pieces[1].contains("hold"))
        let clip = try await speaker.synthesizer.growingClip(for: SpeechRequest(text: text)).0
        // It is handed over although the second piece cannot be done.
        let plain = SpeechSynthesizer()
        var expected = try await plain.clip(for: SpeechRequest(text: pieces[0])).0.samples()
        #expect(clip.samples() == expected)
        #expect(!clip.isComplete)

        var queue = PlaybackQueue()
        let isTaken = queue.add(PlaybackID(rawValue: 1), clip, loop: 1)
        #expect(isTaken)
        var heard: [Int16] = []
        var ended: [(PlaybackID, PlaybackEnd)] = []
        func play() {
            withUnsafeTemporaryAllocation(of: Int16.self, capacity: MediaFrame.samples) { frame in
                queue.fill(frame, ended: &ended)
                heard.append(contentsOf: frame)
            }
        }
        while heard.count < expected.count / 2 { play() }
        #expect(heard[...] == expected.prefix(heard.count), "sound, before the whole is made")

        await speaker.release()
        await until { clip.isComplete }
        while ended.isEmpty { play() }
        for piece in pieces.dropFirst() {
            expected += try await plain.clip(for: SpeechRequest(text: piece)).0.samples()
        }
        #expect(
            heard.prefix(expected.count).elementsEqual(expected),
            "each piece begins with the sample behind the one before")
        #expect(heard.count - expected.count < MediaFrame.samples)
        #expect(ended.count == 1)
        #expect(speaker.said == pieces.map { String($0.prefix { $0 != " " }) })
    }

    @Test("In pieces it lasts as long as in one: the synthesizer pauses at each seam by itself")
    func seams() async throws {
        let text =
            Self.text("Alpha", "Bravo", "Charlie")
            + " Really? Yes! That is, when you come, bring your card, and be early."
        let synthesizer = SpeechSynthesizer()
        let whole = try await synthesizer.clip(for: SpeechRequest(text: text)).0
        let grown = try await synthesizer.growingClip(for: SpeechRequest(text: text)).0
        await until { grown.isComplete }
        #expect(abs(grown.milliseconds - whole.milliseconds) < whole.milliseconds / 50)
        #expect(abs(SignalLevel.speechDecibels(grown.samples()) - SignalLevel.speechDecibels(whole.samples())) < 2)
    }

    @Test("The first pieces of those who wait go before the later pieces of those who hear something")
    func firstPiecesFirst() async throws {
        let speaker = try HeldSpeaker()
        async let one = speaker.synthesizer.growingClip(
            for: SpeechRequest(text: Self.text("Alpha-hold", "Bravo", "Charlie"))
        ).0
        await until { speaker.said.count == 1 }
        async let two = speaker.synthesizer.growingClip(for: SpeechRequest(text: Self.text("Delta", "Echo"))).0
        async let three = speaker.synthesizer.growingClip(for: SpeechRequest(text: Self.text("Foxtrot", "Golf"))).0
        await until { await speaker.synthesizer.waiting == 3 }
        await speaker.release()
        let clips = try await [one, two, three]
        await until { clips.allSatisfy(\.isComplete) }
        #expect(speaker.said.first == "Alpha-hold")
        #expect(Set(speaker.said[1...2]) == ["Delta", "Foxtrot"])
        #expect(Set(speaker.said.dropFirst(3)).isSuperset(of: ["Bravo", "Echo", "Golf"]))
    }

    @Test("What is stopped is not spoken on: nothing more is made once nobody has the clip")
    func stopped() async throws {
        let speaker = try HeldSpeaker()
        var clip: AudioClip? = try await speaker.synthesizer.growingClip(
            for: SpeechRequest(text: Self.text("Alpha", "Bravo-hold", "Charlie", "Delta", "Echo", "Foxtrot", "Golf"))
        ).0
        await until { speaker.said.count == 2 }
        #expect(clip != nil)
        clip = nil
        await speaker.release()
        // Whoever asks now comes behind what would have been asked for.
        _ = try await speaker.synthesizer.clip(for: SpeechRequest(text: "Hotel"))
        await until { await speaker.synthesizer.waiting == 0 }
        #expect(speaker.said == ["Alpha", "Bravo-hold", "Hotel"])
    }

    @Test("A piece that fails ends the clip with its reason, behind what was made before")
    func failure() async throws {
        let speaker = try HeldSpeaker(failsAt: "Bravo")
        let clip = try await speaker.synthesizer.growingClip(
            for: SpeechRequest(text: Self.text("Alpha", "Bravo", "Charlie"))
        ).0
        await until { clip.failureReason != nil }
        #expect(clip.failureReason?.contains("status 3") == true)
        #expect(clip.milliseconds > 1000)
        await #expect(throws: SpeechFailure.self) {
            try await speaker.synthesizer.growingClip(for: SpeechRequest(text: Self.text("Bravo", "Alpha", "Charlie")))
        }
    }

    @Test("Each piece is kept, so that a text that shares a sentence has it at once; a private one leaves nothing")
    func kept() async throws {
        let speaker = try HeldSpeaker(cached: true)
        for texts in [("Alpha", "Bravo"), ("Alpha", "Charlie"), ("Alpha", "Bravo")] {
            let clip = try await speaker.synthesizer.growingClip(for: SpeechRequest(text: Self.text(texts.0, texts.1)))
                .0
            await until { clip.isComplete }
        }
        #expect(speaker.said == ["Alpha", "Bravo", "Charlie"])
        let files = try FileManager.default.contentsOfDirectory(atPath: speaker.scratch.file("cache")).count
        let secret = try await speaker.synthesizer.growingClip(
            for: SpeechRequest(text: Self.text("Delta", "Echo"), privacy: true)
        ).0
        await until { secret.isComplete }
        #expect(try FileManager.default.contentsOfDirectory(atPath: speaker.scratch.file("cache")).count == files)
    }
}

@Suite("Accounts take turns at speaking", .timeLimit(.minutes(1)))
struct SharedSpeechTests {
    private static let flood = AccountID("AC" + String(repeating: "b", count: 40))
    private static let other = AccountID("AC" + String(repeating: "a", count: 40))

    private typealias Asking = Task<AudioClip, any Error>

    private static func request(_ text: String, of account: AccountID?) -> SpeechRequest {
        SpeechRequest(text: text, account: account)
    }

    /// Asks on behalf of the account, each text in a task of its own, and waits until all of them wait.
    private static func ask(_ speaker: HeldSpeaker, _ texts: [String], of account: AccountID?) async -> [Asking] {
        let before = await speaker.synthesizer.waiting
        let tasks = texts.map { text in
            Task { try await speaker.synthesizer.growingClip(for: request(text, of: account)).0 }
        }
        await until { await speaker.synthesizer.waiting == before + texts.count }
        return tasks
    }

    @Test("However many texts of one account wait, another's is spoken next, and so is what follows of it")
    func turns() async throws {
        let speaker = try HeldSpeaker()
        var tasks = await Self.ask(speaker, ["Hold-hold"], of: Self.flood)
        await until { speaker.said.count == 1 }
        tasks += await Self.ask(speaker, (0..<12).map { "Flood\($0) is said here" }, of: Self.flood)
        tasks += await Self.ask(speaker, ["Other is said here", "Another is said here"], of: Self.other)
        await speaker.release()
        for task in tasks { _ = try await task.value }
        let places = ["Other", "Another"].compactMap { speaker.said.firstIndex(of: $0) }.sorted()
        #expect(places.count == 2 && places[0] <= 2 && places[1] <= 4, "\(speaker.said)")
    }

    @Test("No account has all programs: another's text is spoken while every one that it may have is held up")
    func programs() async throws {
        let speaker = try HeldSpeaker(atOnce: 3)
        let tasks = await Self.ask(speaker, (0..<5).map { "Flood\($0)-hold" }, of: Self.flood)
        await until { speaker.said.count == 2 }
        _ = try await speaker.synthesizer.growingClip(for: Self.request("Other is said here", of: Self.other))
        #expect(speaker.said.count == 3)
        for task in tasks { task.cancel() }
        await until {
            speaker.releaseThoseHeld()
            return await speaker.synthesizer.waiting == 0
        }
        #expect(speaker.said.count == 3)
    }

    @Test("What no call waits for any more is not spoken; what another call waits for is")
    func dropped() async throws {
        let speaker = try HeldSpeaker()
        let held = await Self.ask(speaker, ["Hold-hold"], of: Self.flood)
        await until { speaker.said.count == 1 }
        let given = await Self.ask(
            speaker, (0..<20).map { "Flood\($0) is said here" } + ["Shared by two"], of: Self.flood)
        let shared = Task {
            try await speaker.synthesizer.growingClip(for: Self.request("Shared by two", of: Self.other)).0
        }
        await until { await speaker.synthesizer.listeners == 23 }
        for task in given { task.cancel() }
        for task in given { await #expect(throws: CancellationError.self) { try await task.value } }
        #expect(await speaker.synthesizer.waiting == 2, "the one that is held, and the one that another waits for")
        await speaker.release()
        _ = try await (held[0].value, shared.value)
        #expect(speaker.said == ["Hold-hold", "Shared"])
        await until { await speaker.synthesizer.waiting == 0 }
    }

    @Test("A long text's next piece that nobody will hear is taken out of the queue as its call ends")
    func letGo() async throws {
        let speaker = try HeldSpeaker()
        let sentences = ["First-hold", "Second", "Third", "Fourth"].map {
            "\($0) is how this sentence begins and here is how it comes to an end."
        }
        var asking: Asking? = await Self.ask(speaker, [sentences.joined(separator: " ")], of: Self.flood)[0]
        await until { speaker.said.count == 1 }
        let block = await Self.ask(speaker, ["Block-hold"], of: Self.other)
        await speaker.release()
        var clip = try await asking?.value
        asking = nil
        await until { speaker.said.count == 2 }
        await until { await speaker.synthesizer.waiting == 2 }
        #expect(clip?.isComplete == false)
        clip = nil
        await until { await speaker.synthesizer.waiting == 1 }
        await speaker.release()
        _ = try await block[0].value
        #expect(speaker.said == ["First-hold", "Block-hold"])
    }

    @Test("An account may have so many texts waiting; another's are taken as if there were none")
    func bound() async throws {
        let speaker = try HeldSpeaker(maximumWaiting: 4)
        var tasks = await Self.ask(speaker, ["Hold-hold"], of: Self.flood)
        await until { speaker.said.count == 1 }
        tasks += await Self.ask(speaker, ["One", "Two", "Three"], of: Self.flood)
        await #expect(throws: SpeechFailure.tooManyWaiting) {
            try await speaker.synthesizer.growingClip(for: Self.request("Four", of: Self.flood))
        }
        let other = await Self.ask(speaker, ["Other"], of: Self.other)
        await speaker.release()
        for task in tasks + other { _ = try await task.value }
    }

    @Test("Of a text that lasts for half an hour no more is made than is heard in a while")
    func ahead() async throws {
        let speaker = try HeldSpeaker(secondsAhead: 5)
        let clip = try await speaker.synthesizer.growingClip(
            for: Self.request(String(repeating: "7", count: 4090), of: Self.flood)
        ).0
        await until { clip.milliseconds > 5_000 }
        await until { await speaker.synthesizer.waiting == 0 }
        #expect(!clip.isComplete && clip.milliseconds < 300_000)
    }

    @Test("Decoding takes turns too: another account's file is next but one, and no account has all threads")
    func decoding() async {
        let queue = WorkQueue("test", width: 2)
        let gate = DispatchSemaphore(value: 0)
        let order = Order()
        queue.run(of: Self.flood, cost: 1) { gate.wait() }
        for _ in 0..<20 { queue.run(of: Self.flood, cost: 1) { order.append("flood") } }
        queue.run(of: Self.other, cost: 1) { order.append("other") }
        await until { order.items == ["other"] }
        #expect(queue.waiting == 20)
        gate.signal()
        await until { order.items.count == 21 }
    }
}

private final class Order: Sendable {
    private let list = Mutex<[String]>([])
    var items: [String] { list.withLock { $0 } }
    func append(_ item: String) { list.withLock { $0.append(item) } }
}
