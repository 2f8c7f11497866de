import Foundation

/// Can Say speak?
struct SpeechExamination {
    private static let program = "/usr/bin/espeak-ng"

    func finding() -> Finding {
        guard FileManager.default.isExecutableFile(atPath: Self.program) else {
            return .wrong("Say has no voice: \(Self.program) is missing", "apt-get install espeak-ng")
        }
        let process = Process()
        process.executableURL = URL(filePath: Self.program)
        process.arguments = ["--version"]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        do { try process.run() } catch {
            return .wrong(
                "espeak-ng cannot be run: \(error.localizedDescription)", "apt-get install --reinstall espeak-ng")
        }
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            return .wrong("espeak-ng fails", "Run espeak-ng --version to see why.")
        }
        let version = text.split(separator: "Data").first.map { $0.trimmingCharacters(in: .whitespaces) } ?? "espeak-ng"
        return .well("Say speaks through \(version)")
    }
}
