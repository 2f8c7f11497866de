import Foundation
import Testing

@testable import Media

@Suite("Speech", .timeLimit(.minutes(1)))
struct SpeechTests {
    /// A program that stands in for espeak-ng: a shell script of the test's.
    func script(_ text: String, in scratch: Scratch) throws -> String {
        let path = try scratch.write(Array("#!/bin/sh\n\(text)\n".utf8), to: "speaker")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        return path
    }

    @Test("Every language of Say has a voice that speaks at the line's level")
    func languages() async throws {
        let synthesizer = SpeechSynthesizer()
        for language in [
            "ca-ES", "da-DK", "de-DE", "en-AU", "en-CA", "en-GB", "en-IN", "en-US", "es-ES", "es-MX", "fi-FI", "fr-CA",
            "fr-FR", "it-IT", "ja-JP", "ko-KR", "nb-NO", "nl-NL", "pl-PL", "pt-BR", "pt-PT", "ru-RU", "sv-SE", "zh-CN",
            "zh-HK", "zh-TW",
        ] {
            let (clip, _) = try await synthesizer.clip(
                for: SpeechRequest(text: "Hello 1 2 3, this is number 42.", language: language, privacy: true))
            #expect(clip.milliseconds > 700, "\(language)")
            let samples = clip.samples()
            #expect((-24 ... -16).contains(SignalLevel.speechDecibels(samples)), "\(language)")
            #expect((-30 ... -12).contains(SignalLevel.decibels(samples)), "\(language)")
            #expect(samples.allSatisfy { $0.magnitude < 32_000 }, "\(language)")
        }
    }

    @Test("A language without a voice is spoken by the nearest, with a warning")
    func warnings() {
        #expect(SpeechVoice(language: "en-US") == SpeechVoice(language: "EN-us"))
        #expect(SpeechVoice(language: "en-US").warning == nil)
        #expect(SpeechVoice(language: "fr-CA").name == SpeechVoice(language: "fr-FR").name)
        #expect(SpeechVoice(language: "fr-CA").warning != nil)
        #expect(SpeechVoice(language: "de-AT").name == SpeechVoice(language: "de-DE").name)
        #expect(SpeechVoice(language: "tlh").name == SpeechVoice(language: "en-US").name)
        #expect(SpeechVoice(language: "tlh").warning?.contains("tlh") == true)
    }

    @Test("A text that looks like an option or a command is only spoken")
    func hostileText() async throws {
        let (clip, _) = try await SpeechSynthesizer().clip(
            for: SpeechRequest(text: "--version; rm -rf $(HOME) `id` \u{0} -w /tmp/x", privacy: true))
        #expect(clip.milliseconds > 1000)
    }

    @Test("Nothing to say is silence, and too much is refused")
    func lengths() async throws {
        let synthesizer = SpeechSynthesizer()
        #expect(try await synthesizer.clip(for: SpeechRequest(text: " \n ")).0.count == 0)
        await #expect(throws: SpeechFailure.textTooLong(bytes: 4097)) {
            try await synthesizer.clip(for: SpeechRequest(text: String(repeating: "a", count: 4097)))
        }
    }

    @Test("What was said before comes out of the folder, also in another run; private texts leave no trace")
    func cache() async throws {
        let scratch = try Scratch()
        let folder = scratch.file("cache")
        let request = SpeechRequest(text: "Once upon a time")
        let first = try await SpeechSynthesizer(configuration: .init(cacheFolder: folder)).clip(for: request).0
        var secret = request
        secret.text = "My number is secret"
        secret.privacy = true
        _ = try await SpeechSynthesizer(configuration: .init(cacheFolder: folder)).clip(for: secret)
        let files = try FileManager.default.contentsOfDirectory(atPath: folder)
        #expect(files.count == 1)

        // Another run, whose program could not speak.
        var mute = SpeechSynthesizer.Configuration(cacheFolder: folder)
        mute.program = "/nonexistent"
        let again = try await SpeechSynthesizer(configuration: mute).clip(for: request).0
        #expect(again.samples() == first.samples())
        var faster = request
        faster.wordsPerMinute = 200
        await #expect(throws: SpeechFailure.self) { try await SpeechSynthesizer(configuration: mute).clip(for: faster) }
    }

    @Test("A damaged or foreign file in the folder is no speech")
    func damagedCache() throws {
        let scratch = try Scratch()
        let folder = scratch.file("cache")
        let key = SpeechCache.Key(text: "abc", voice: "v", wordsPerMinute: 100)
        let samples = Sound.noise(milliseconds: 100)
        SpeechCache(folder: folder, maximumBytes: 1 << 20).store(AudioClip(samples: samples), for: key)
        let name = try #require(try FileManager.default.contentsOfDirectory(atPath: folder).first)
        let whole = try Data(contentsOf: URL(fileURLWithPath: folder + "/" + name))
        var random = Seeded(10)
        var unharmed = 0
        for _ in 0..<300 {
            let damaged = random.mutate(Array(whole.prefix(40))) + Array(whole.dropFirst(40))
            try Data(damaged).write(to: URL(fileURLWithPath: folder + "/" + name))
            let found = SpeechCache(folder: folder, maximumBytes: 1 << 20).clip(for: key)
            if let found {
                unharmed += 1
                #expect(found.count == samples.count)
            }
        }
        #expect(unharmed < 250)
        #expect(key.hash != SpeechCache.Key(text: "abd", voice: "v", wordsPerMinute: 100).hash)
    }

    @Test("The folder keeps its limit, and what was used last")
    func eviction() throws {
        let scratch = try Scratch()
        let folder = scratch.file("cache")
        let clip = AudioClip(samples: Sound.noise(milliseconds: 500))
        let cache = SpeechCache(folder: folder, maximumBytes: 100_000, maximumBytesInMemory: 20_000)
        let keys = (0..<40).map { SpeechCache.Key(text: "text \($0)", voice: "v", wordsPerMinute: 100) }
        for key in keys {
            cache.store(clip, for: key)
            #expect(cache.clip(for: keys[0]) != nil)
            #expect(cache.bytes <= 100_000)
        }
        #expect(cache.clip(for: keys[39]) != nil)
        #expect(cache.clip(for: keys[1]) == nil)
        let files = try FileManager.default.contentsOfDirectory(atPath: folder)
        #expect(files.count <= 12)
        #expect(SpeechCache(folder: folder, maximumBytes: 100_000).bytes == cache.bytes)
    }

    @Test("A program that hangs, floods, fails or is missing is ended, and its fault told")
    func badPrograms() async throws {
        for (text, timeout) in [
            ("sleep 60", 200), ("exec cat /dev/zero", 20_000), ("exit 3", 20_000), ("echo hi", 20_000),
        ] {
            let scratch = try Scratch()
            var configuration = SpeechSynthesizer.Configuration()
            configuration.program = try script("exec 2>&1\n" + text.replacing("sleep", with: "exec sleep"), in: scratch)
            configuration.timeoutMilliseconds = timeout
            configuration.confinement = []
            await #expect(throws: SpeechFailure.self, "\(text)") {
                try await SpeechSynthesizer(configuration: configuration).clip(for: SpeechRequest(text: "a"))
            }
        }
    }

    @Test("A program's input is read to its end, and its output bounded")
    func childProgram() throws {
        let echo = ChildProgram(
            path: "/bin/cat", arguments: [], timeoutMilliseconds: 10_000, maximumOutputBytes: 1 << 20)
        let bytes = (0..<500_000).map { UInt8(truncatingIfNeeded: $0) }
        #expect(try echo.run(input: bytes).bytes == bytes)
        let little = ChildProgram(path: "/bin/cat", arguments: [], timeoutMilliseconds: 10_000, maximumOutputBytes: 100)
        #expect(throws: ProgramFailure.self) { try little.run(input: bytes) }
        // Nothing of ours is open in the child but its three standard descriptors (and the one that ls reads with).
        let list = ChildProgram(
            path: "/bin/ls", arguments: ["/proc/self/fd"], timeoutMilliseconds: 10_000, maximumOutputBytes: 1000)
        #expect(
            try String(decoding: list.run(input: []).bytes, as: UTF8.self).split(separator: "\n") == [
                "0", "1", "2", "3",
            ])
    }

    @Test("No more wait than may, and a text that is asked for twice at once is spoken once")
    func boundedQueue() async throws {
        let scratch = try Scratch()
        var configuration = SpeechSynthesizer.Configuration()
        configuration.program = try script(
            "echo x >> \(scratch.file("runs"))\nexec /usr/bin/espeak-ng \"$@\"", in: scratch)
        configuration.confinement = []
        configuration.maximumAtOnce = 1
        configuration.maximumWaiting = 3
        let synthesizer = SpeechSynthesizer(configuration: configuration)
        let same = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<10 {
                group.addTask { try await synthesizer.clip(for: SpeechRequest(text: "The same for all")).0.count }
            }
            return try await group.reduce(into: Set<Int>()) { $0.insert($1) }
        }
        #expect(same.count == 1)
        #expect(try Data(contentsOf: URL(fileURLWithPath: scratch.file("runs"))).count == 2)

        let refused = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<12 {
                group.addTask {
                    do {
                        _ = try await synthesizer.clip(
                            for: SpeechRequest(text: String(repeating: "Number \(number). ", count: 30)))
                        return false
                    } catch {
                        return error as? SpeechFailure == .tooManyWaiting
                    }
                }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(refused >= 6)
        #expect(refused <= 9)
    }
}
