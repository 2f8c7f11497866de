import Foundation
import Synchronization
import Testing

@testable import Media

@Suite("What is to be said is text")
struct SpeechTextTests {
    /// Spellings that espeak-ng would read as names of phonemes, or as a command of its own.
    static let marks = [
        "[[" + String(repeating: "a:", count: 200) + "]]", "[[\(ending)]] hello", "hello [[\(ending)",
        "[\u{AD}[\(ending)]\u{AD}] hello", "[\u{200B}[\(ending)]] hello", "[\u{1}[\(ending)]] hello",
        "[\u{FEFF}[\(ending)]\u{2060}] hello", "\u{FF3B}\u{FF3B}\(ending)\u{FF3D}\u{FF3D} hello",
        "\u{301A}\(ending)\u{301B} hello", "[[[[\(ending)]]]] hello", "[\u{E000}[\(ending)]] hello",
        "[\u{0}[\(ending)]] hello", "[\u{9F}[\(ending)]] hello", "\u{1}Vde hello", "\u{1}99S\u{1}20P hello",
        "\u{1}B. hello",
    ]
    /// Said as marks it is hardly heard; as names of phonemes it ends espeak-ng 1.51 with SIGSEGV.
    private static let ending = String(repeating: ";", count: 400)

    @Test("No bracket, control character or character of nobody's reaches the program", arguments: marks)
    func neutral(_ text: String) {
        let neutral = SpeechText.neutral(text)
        #expect(!neutral.contains("["))
        #expect(!neutral.contains("]"))
        #expect(
            neutral.unicodeScalars.allSatisfy {
                ![.control, .privateUse, .format, .unassigned].contains($0.properties.generalCategory)
            })
        #expect(SpeechText.neutral(neutral) == neutral)
    }

    @Test(
        "What people write stays as it is",
        arguments: [
            "Hello, world!\nIt's 5 o'clock (sharp) – a < b & c > d; 100 % \"sure\".", "Grüße, naïve Ångström: 10 €",
            "你好，世界。", "Привет, мир", "नमस्ते", "안녕하세요", "👍🏽 👨‍👩‍👧", "&#91;&#91;a:&#93;&#93;",
            "<speak><voice name=\"de\">a</voice></speak>",
        ])
    func untouched(_ text: String) {
        #expect(SpeechText.neutral(text) == text)
    }

    @Test("Plain text is letters, digits and pauses, in words of a bearable length")
    func plain() {
        #expect(SpeechText.plain("Hello, (world)! 5 % <b>") == "Hello,  world ! 5    b ")
        let long = SpeechText.plain(String(repeating: "a", count: 100))
        #expect(long.split(separator: " ").map(\.count) == [40, 40, 20])
        #expect(SpeechText.plain("[[%&$]]").allSatisfy { $0 == " " })
    }

    @Test("Marks of phonemes are spoken as the characters that they are, and nothing ends early", arguments: marks)
    func spoken(_ text: String) async throws {
        let crashes = Crashes()
        let synthesizer = SpeechSynthesizer { crashes.take($0) }
        let clip = try await synthesizer.clip(for: SpeechRequest(text: text, wordsPerMinute: 450, privacy: true)).0
        #expect(clip.milliseconds > 200)
        #expect(clip.remark == nil)
        #expect(crashes.all.isEmpty)
    }

    @Test("What would be phonemes in square brackets sounds as it does in round ones")
    func sameSound() async throws {
        let synthesizer = SpeechSynthesizer()
        let square = try await synthesizer.clip(for: SpeechRequest(text: "[[h@l'oU]]")).0
        let round = try await synthesizer.clip(for: SpeechRequest(text: "((h@l'oU))")).0
        #expect(square.samples() == round.samples())
    }

    @Test("A text that ends the program is told of, and spoken once more as plain letters by the plain voice")
    func secondAttempt() async throws {
        let scratch = try Scratch()
        let crashes = Crashes()
        let synthesizer = SpeechSynthesizer(configuration: try fragile(scratch, endsAt: "*%*")) { crashes.take($0) }
        let clip = try await synthesizer.clip(for: SpeechRequest(text: "Hello % world")).0
        let plain = try await SpeechSynthesizer().clip(for: SpeechRequest(text: "Hello world")).0
        #expect(abs(clip.milliseconds - plain.milliseconds) < 300)
        let told = try #require(crashes.all.first)
        #expect(crashes.all.count == 1)
        #expect(told.isSpoken)
        #expect(told.reason.contains("signal 11"))
        #expect(!told.description.contains("world"))
        #expect(clip.remark == told.description)
        let runs = try String(contentsOfFile: scratch.file("runs"), encoding: .utf8).split(separator: "\n")
        #expect(runs.map { $0.contains("-v en-us+f3") } == [true, false])
    }

    @Test("Of a long text only the piece that ends the program is plainer, and the clip says so")
    func secondAttemptOfAPiece() async throws {
        let scratch = try Scratch()
        let synthesizer = SpeechSynthesizer(configuration: try fragile(scratch, endsAt: "*%*"))
        let sentence = "This is a sentence that goes on for quite a while until it comes to its end."
        let text = "\(sentence) \(sentence) Now 5 % of it are gone, which is less than some would like. \(sentence)"
        let clip = try await synthesizer.growingClip(for: SpeechRequest(text: text)).0
        while !clip.isComplete, clip.failureReason == nil { await Task.yield() }
        #expect(clip.failureReason == nil)
        #expect(clip.remark?.contains("signal 11") == true)
    }

    @Test("A text that ends the program twice fails, and nothing is tried a third time")
    func noThirdAttempt() async throws {
        let scratch = try Scratch()
        let crashes = Crashes()
        let synthesizer = SpeechSynthesizer(configuration: try fragile(scratch, endsAt: "*")) { crashes.take($0) }
        await #expect(throws: SpeechFailure.self) {
            try await synthesizer.clip(for: SpeechRequest(text: "Hello world"))
        }
        #expect(crashes.all.map(\.isSpoken) == [false])
        let runs = try String(contentsOfFile: scratch.file("runs"), encoding: .utf8)
        #expect(runs.split(separator: "\n").count == 2)
    }

    /// A program that ends with SIGSEGV at texts of a shell's pattern, and notes how it was called.
    private func fragile(_ scratch: Scratch, endsAt pattern: String) throws -> SpeechSynthesizer.Configuration {
        var configuration = SpeechSynthesizer.Configuration()
        configuration.program = try SpeechTests().script(
            """
            echo "$@" >> \(scratch.file("runs"))
            text=$(cat)
            case "$text" in \(pattern)) kill -SEGV $$;; esac
            printf %s "$text" | /usr/bin/espeak-ng "$@"
            """, in: scratch)
        configuration.confinement = []
        return configuration
    }
}

/// What a synthesizer told of.
private final class Crashes: Sendable {
    private let taken = Mutex<[SpeechCrash]>([])

    var all: [SpeechCrash] { taken.withLock { $0 } }

    func take(_ crash: SpeechCrash) { taken.withLock { $0.append(crash) } }
}
