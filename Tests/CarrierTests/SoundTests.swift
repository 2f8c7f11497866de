import Foundation
import Logging
import Media
import People
import Testing

@testable import Carrier

@Suite("What the carrier plays and keeps")
struct SoundTests {
    @Test("A tone has its level, its length and soft edges", arguments: [[1000.0], [440, 480]])
    func tone(_ frequencies: [Double]) {
        let samples = Tone.clip(frequencies, milliseconds: 400, decibels: -16).samples()
        #expect(samples.count == 3200)
        let level = SignalLevel.decibels(Array(samples[80..<3120]))
        #expect(abs(level + 16) < 0.3, "\(level) dB")
        #expect(abs(Int(samples[1])) < 500)
        #expect(abs(Int(samples[3198])) < 500)
    }

    @Test("What cannot be said is silence, and the conversation goes on")
    func unspeakable() async {
        let voices = VoiceBox(cacheFolder: nil, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let long = String(repeating: "a", count: SpeechSynthesizer.maximumTextBytes + 1)
        let clips = await voices.clips(for: [.speech(long), .beep])
        #expect(clips.count == 2)
        #expect(clips[.speech(long)]?.samples().allSatisfy { $0 == 0 } == true)
        #expect(clips[.beep]?.milliseconds == 400)
    }

    @Test(
        "A message is cut out of the recording, the heard channel alone",
        arguments: [(2, nil, 2..<5), (2, 4, 2..<4), (9, nil, 5..<5), (0, 99, 0..<5)])
    func message(_ start: Int, _ end: Int?, _ milliseconds: Range<Int>) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "belay-message-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var recording = CallRecording(folder: folder, callID: "x", isSecond: false)
        // Five milliseconds: heard 1, 2, 3 …, said −1.
        try WAVFileWriter(path: recording.path, channels: 2).append((1...40).flatMap { [Int16($0), -1] })
        #expect(try recording.keepMessage() == nil)
        recording.messageBegan(at: start)
        if let end { recording.messageEnded(at: end) }
        let path = try #require(try recording.keepMessage())
        #expect(path == folder + "/x-message.wav")
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
        let samples = stride(from: 44, to: bytes.count, by: 2).map { Int(bytes[$0]) | Int(bytes[$0 + 1]) << 8 }
        #expect(samples == (1...40).filter { milliseconds.contains(($0 - 1) / 8) })
    }
}
