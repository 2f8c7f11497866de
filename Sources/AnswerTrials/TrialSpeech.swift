import Foundation
import Media

/// Speech from synthesizers and files, at 8 kHz, without the silence around it. Keeps what it has read.
final class TrialSpeech {
    private var kept: [String: [Int16]] = [:]
    private let decoder = AudioDecoder()
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "belay-trials-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: folder)
    }

    /// - Parameters:
    ///   - speed: words a minute.
    ///   - pitch: 0 to 99.
    func espeak(_ text: String, voice: String, speed: Int, pitch: Int) throws -> [Int16] {
        try spoken("/usr/bin/espeak-ng", ["-v", voice, "-s", "\(speed)", "-p", "\(pitch)", "-w"], [text])
    }

    /// - Parameter stretch: of every sound's length.
    func flite(_ text: String, voice: String, stretch: Double) throws -> [Int16] {
        try spoken(
            "/usr/bin/flite", ["-voice", voice, "--setf", "duration_stretch=\(stretch)", "-t", text, "-o"], [])
    }

    /// A file; empty where it is not there.
    func file(_ path: String) -> [Int16] {
        if let samples = kept[path] { return samples }
        let samples = (try? decoder.samples(of: path)) ?? []
        let trimmed = TrialSound.trimmed(samples)
        kept[path] = trimmed
        return trimmed
    }

    private func spoken(_ program: String, _ before: [String], _ after: [String]) throws -> [Int16] {
        let path = folder.appending(path: "speech.wav").path
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = before + [path] + after
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        let samples = try decoder.samples(of: path)
        return TrialSound.trimmed(samples)
    }
}
