import Foundation
import Media
import People
import SIP
import Testing

@testable import Carrier

/// docs/carrier.md.
@Suite("A file of people, to its bounds")
struct FileBoundTests {
    private static let number = "people:\n  - number: \"+15005559001\"\n"

    private func parsed(_ members: String) throws -> CarrierTable.Subscriber? {
        try PeopleFile.parse(Self.number + members, name: "people.yaml").first?.subscriber
    }

    private func steps(_ script: String) throws -> [Conversation.Step]? {
        switch try parsed("    script:\n      - \(script)")?.behaviour {
        case .answers(_, let conversation)?: conversation.steps
        default: nil
        }
    }

    /// The last line of what stands below the number cannot be used.
    private func refused(_ members: String, _ words: String, line: Int = 3) {
        do throws(PeopleFileError) {
            let people = try PeopleFile.parse(Self.number + members, name: "people.yaml")
            Issue.record("taken: \(people)")
        } catch {
            #expect(error.description.hasPrefix("people.yaml, line \(line): "), "\(error)")
            #expect(error.description.contains(words), "\(error)")
        }
    }

    @Test("Rings are 0 to 60, and one where nobody says; statuses 300 to 699")
    func numbers() throws {
        for (count, after) in [(0, 0...0), (1, 900...1100), (60, 54_000...66_000)] {
            #expect(try parsed("    rings: \(count)")?.behaviour == .answers(after: after, CarrierTable.stays([])))
        }
        #expect(try parsed("    name: Ada")?.behaviour == .answers(after: 900...1100, CarrierTable.stays([])))
        for wrong in ["-1", "61", "1.5", "two"] { refused("    rings: \(wrong)", "rings \"\(wrong)\"") }
        for status in [300, 699] {
            let expected = try #require(StatusCode(status))
            #expect(try parsed("    refuses: \(status)")?.behaviour == .rejects(expected, after: 0...0))
        }
        for wrong in ["299", "700", "busy"] { refused("    refuses: \(wrong)", "refuses \"\(wrong)\"") }
        refused("    refuses: 486\n    early: Hello", "who refuses says nothing", line: 4)
    }

    @Test("Every kind of line has its name, and none is sound")
    func lines() throws {
        for (name, line) in [
            ("sound", .sound), ("loses ACKs", .losesACKs(2)), ("doubles", .doubles),
            ("other port", .mediaFromAnotherPort), ("forks", .forks),
        ] as [(String, Line)] {
            #expect(try parsed("    line: \(name)")?.line == line)
        }
        #expect(try parsed("    rings: 1")?.line == .sound)
    }

    @Test("A pause is 0 to 3600 seconds, to the millisecond")
    func pauses() throws {
        for (seconds, milliseconds) in [("0", 0), ("3600", 3_600_000), ("0.0016", 2), ("0.0014", 1), ("1.25", 1250)] {
            #expect(try steps("wait: \(seconds)") == [.wait(milliseconds...milliseconds)])
        }
        for wrong in ["-0.001", "3600.001"] {
            refused("    script:\n      - wait: \(wrong)", "seconds from 0 to 3600", line: 4)
        }
    }

    @Test("A row of keys has 1 to 64, of those that a telephone has")
    func keys() throws {
        let most = String(repeating: "9", count: 64)
        for digits in ["0123456789*#ABCD", "1", most] {
            #expect(try steps("press: \"\(digits)\"") == [.press(digits)])
            #expect(try steps("hear: {digits: \"\(digits)\"}") == [.hearDigits(digits, within: 30_000...30_000)])
        }
        for wrong in ["", most + "9", "a", "1 2", "E", "１"] {
            refused("    script:\n      - press: \"\(wrong)\"", "1 to 64 of 0-9", line: 4)
            refused("    script:\n      - hear: {digits: \"\(wrong)\"}", "1 to 64 of 0-9", line: 4)
        }
    }

    @Test("A text has up to 4096 bytes, and is not empty")
    func texts() throws {
        let most = String(repeating: "é", count: 2048)
        #expect(try steps("say: \(most)") == [.utter(.speech(most))])
        for wrong in [most + "a", "''", "[a]"] {
            refused("    script:\n      - say: \(wrong)", "a text of at most 4096 bytes", line: 4)
        }
        refused("    script:\n      - say: {language: de-DE}", "`text:`", line: 4)
        refused("    script:\n      - say: {text: a, voice: b}", "one of text, language", line: 4)
        #expect(
            try parsed("    language: de-DE\n    early: Moment\n    script: [{say: Ja}]")?.behaviour
                == .announces(
                    [.ringback, .speech("Moment", language: "de-DE")],
                    CarrierTable.stays([.utter(.speech("Ja", language: "de-DE"))])))
    }

    @Test("What is heard is speech, or digits, each with its limits")
    func hears() throws {
        let plain = Conversation.Step.hearSpeech(quiet: 1000...1000, within: 30_000...30_000)
        for script in ["hear", "hear: speech", "hear: {speech: true}", "hear: {}"] {
            #expect(try steps(script) == [plain], "\(script)")
        }
        #expect(try steps("hear: {within: 3}") == [.hearSpeech(quiet: 1000...1000, within: 3000...3000)])
        #expect(try steps("hear: {pause: 2}") == [.hearSpeech(quiet: 2000...2000, within: 30_000...30_000)])
        for beside in ["pause: 1", "speech: true"] {
            refused("    script:\n      - hear: {digits: \"1\", \(beside)}", "beside digits", line: 4)
        }
        refused("    script:\n      - hear: {music: true}", "one of speech, digits, within, pause", line: 4)
    }

    @Test("A script has up to 200 steps")
    func steps() throws {
        func script(_ count: Int) -> String { "    script:\n" + String(repeating: "      - beep\n", count: count) }
        guard case .answers(_, let conversation)? = try parsed(script(200))?.behaviour else {
            Issue.record("none")
            return
        }
        #expect(conversation.steps.count == 200)
        #expect(throws: PeopleFileError.self) { try PeopleFile.parse(Self.number + script(201), name: "people.yaml") }
        #expect(try parsed("    script: []")?.behaviour == .answers(after: 900...1100, CarrierTable.stays([])))
    }

    @Test("What has another form is told with its line")
    func forms() {
        refused("    script: beep", "a list of at most 200 steps")
        refused("    early: [a]", "the text that is said before the answer")
        refused("    script:\n      - [a]", "one of wait, say", line: 4)
        refused("  - 5", "`number:` and what they do")
        refused("others: 1", "\"others\" cannot be used; allowed: people")
        refused("  - number: \"15005559001\"", "a number in E.164 form")
    }

    @Test("Without a file there is nobody; one of a megabyte is read, of more, or of other bytes than UTF-8, not")
    func files() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "belay-people-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(try PeopleFile.read(at: nil) == [] && PeopleFile.people(at: nil) == [:])
        let text = Self.number + "    rings: 2\n#"
        let padding = String(repeating: "x", count: (1 << 20) - text.utf8.count)
        try Data((text + padding).utf8).write(to: URL(filePath: path))
        let people = try PeopleFile.people(at: path)
        #expect(people.keys.sorted() == ["+15005559001"])
        #expect(people["+15005559001"]?.behaviour == .answers(after: 1800...2200, CarrierTable.stays([])))
        let refusal = PeopleFileError(description: "\(path) is not UTF-8 of at most 1048576 bytes")
        for bytes in [Data((text + padding + "x").utf8), Data([0x23, 0xFF])] {
            try bytes.write(to: URL(filePath: path))
            #expect(throws: refusal) { try PeopleFile.read(at: path) }
        }
    }
}

@Suite("What a call leaves behind")
struct LeftBehindTests {
    /// A folder that is gone when the test is.
    private final class Folder {
        let path = FileManager.default.temporaryDirectory.appending(path: "belay-calls-\(UUID().uuidString)").path

        init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }

        deinit { try? FileManager.default.removeItem(atPath: path) }
    }

    /// The samples of a file of one channel.
    private func samples(_ path: String) throws -> [Int16] {
        let bytes = Array(try Data(contentsOf: URL(filePath: path)).dropFirst(44))
        return stride(from: 0, to: bytes.count, by: 2).map {
            Int16(bitPattern: UInt16(bytes[$0]) | UInt16(bytes[$0 + 1]) << 8)
        }
    }

    @Test(
        "A message is what was heard from its beginning to its end, or to the call's",
        arguments: [
            (10, 50, 80..<400), (0, 100, 0..<800), (90, nil, 720..<800), (90, 500, 720..<800), (100, nil, 800..<800),
            (500, 600, 800..<800), (50, 20, 400..<400),
        ] as [(Int, Int?, Range<Int>)])
    func message(_ start: Int, _ end: Int?, _ range: Range<Int>) throws {
        let folder = try Folder()
        var recording = CallRecording(folder: folder.path, callID: "c", isSecond: false)
        try WAVFileWriter(path: recording.path, channels: 2).append((0..<800).flatMap { [Int16($0) - 400, 7777] })
        #expect(try recording.keepMessage() == nil)
        #expect(!FileManager.default.fileExists(atPath: recording.messagePath))
        recording.messageBegan(at: start)
        if let end { recording.messageEnded(at: end) }
        #expect(try recording.keepMessage() == recording.messagePath)
        #expect(try samples(recording.messagePath) == range.map { Int16($0) - 400 })
    }

    @Test("A recording is found by its call's name, too: each of the call's files, and the newest of a name")
    func links() throws {
        let folder = try Folder()
        let first = CallRecording(folder: folder.path, callID: "a:b@h", isSecond: false)
        let second = CallRecording(folder: folder.path, callID: "a:b@h", isSecond: true)
        for _ in 0..<2 {
            try first.link(as: "CA1")
            try first.link(as: "CA1", message: true)
            try second.link(as: "CA1")
        }
        let links = folder.path + "/by-call"
        let names = try FileManager.default.contentsOfDirectory(atPath: links).sorted()
        #expect(names == ["CA1-2.wav", "CA1-message.wav", "CA1.wav"])
        let targets = try names.map { try FileManager.default.destinationOfSymbolicLink(atPath: links + "/" + $0) }
        #expect(targets == ["../a_b@h-2.wav", "../a_b@h-message.wav", "../a_b@h.wav"])
        let mode = try FileManager.default.attributesOfItem(atPath: links)[.posixPermissions] as? NSNumber
        #expect(mode?.intValue == 0o700)
        try CallRecording(folder: folder.path, callID: "other", isSecond: false).link(as: "CA1")
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: links + "/CA1.wav") == "../other.wav")
    }

    @Test("A file's name has up to 200 of the Call-ID's characters, and no others than letters, digits, . - and @")
    func names() {
        let recording = CallRecording(folder: "/d", callID: String(repeating: "a", count: 201), isSecond: false)
        #expect(recording.path == "/d/" + String(repeating: "a", count: 200) + ".wav")
        #expect(
            CallRecording(folder: "/d", callID: "aZ09.-@/_:é\u{0}", isSecond: false).path == "/d/aZ09.-@_____.wav")
    }

    @Test("A call was answered where it ended, and not where it failed")
    func ends() {
        #expect(CarrierCallEnd(parting: .ended(.remoteHangUp), digitsHeard: "").wasAnswered)
        #expect(!CarrierCallEnd(parting: .failed(.canceled), digitsHeard: "").wasAnswered)
        #expect("\(CarrierCallFailure.notRunning)" == "the carrier is not running")
        #expect("\(CarrierCallFailure.noPort)" == "every RTP port of the carrier is in use")
    }
}
