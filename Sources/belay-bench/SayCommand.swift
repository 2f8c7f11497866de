import ArgumentParser
import Media

/// `belay-bench say`: how long callers wait for the first sound of a text, alone and at once.
///
/// From the request to the moment when a clip can be played from its beginning; what follows is the engine's next tick,
/// 20 ms at most. Every text is another one, so that nothing comes out of a cache.
struct SayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "say", abstract: "First sound of long texts, and of many texts at once.")

    @Option(help: "Callers at once.") var calls = 20
    @Option(help: "Characters of each of their texts.") var characters = 300
    @Option(help: "How often each is measured.") var rounds = 10

    func run() async throws {
        var number = 0
        for (calls, characters) in [(1, 4000), (calls, characters)] {
            var firstSounds = LatencyHistogram()
            var wholes = LatencyHistogram()
            for _ in 0..<rounds {
                let texts = (0..<calls).map { _ in
                    number += 1
                    return Self.text(number, characters)
                }
                for times in try await Self.speak(texts) {
                    firstSounds.record(times.first)
                    wholes.record(times.whole)
                }
            }
            print("\(calls) at once, \(characters) characters each, \(rounds) rounds")
            print(
                "  first sound: median \(firstSounds.milliseconds(50)) ms, 95 in 100 \(firstSounds.milliseconds(95)) ms, "
                    + "longest \(firstSounds.milliseconds(100)) ms")
            print("  the whole:   median \(wholes.milliseconds(50)) ms, longest \(wholes.milliseconds(100)) ms")
        }
    }

    private static func speak(_ texts: [String]) async throws -> [(first: Duration, whole: Duration)] {
        let synthesizer = SpeechSynthesizer()
        let clock = ContinuousClock()
        return try await withThrowingTaskGroup(of: (first: Duration, whole: Duration).self) { group in
            for text in texts {
                group.addTask {
                    let start = clock.now
                    let clip = try await synthesizer.growingClip(for: SpeechRequest(text: text)).0
                    let first = clock.now - start
                    while !clip.isComplete, clip.failureReason == nil { try await Task.sleep(for: .milliseconds(5)) }
                    return (first, clock.now - start)
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    private static func text(_ number: Int, _ characters: Int) -> String {
        let sentence =
            "This is message number \(number) of the clinic about your appointment on Monday. Please bring your card, and "
            + "come ten minutes early. If you cannot come, press two now, or call us until Friday at noon. "
        return String(String(repeating: sentence, count: characters / sentence.count + 1).prefix(characters))
    }
}
