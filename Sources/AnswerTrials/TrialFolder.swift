import Foundation
import Media

/// Trials on disk: a WAV file each, and `list.tsv` with what is true of them.
package struct TrialFolder {
    private let path: String

    package init(_ path: String) {
        self.path = path
    }

    /// Replaces what the folder holds.
    package func write(_ count: Int, _ next: (Int) throws -> Trial) throws {
        try? FileManager.default.removeItem(atPath: path)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        var lines: [String] = []
        for index in 0..<count {
            let trial = try next(index)
            let file = "\(index).wav"
            let writer = try WAVFileWriter(path: "\(path)/\(file)", channels: 1)
            try writer.append(trial.samples)
            let fields = [
                file, trial.name, trial.label.rawValue, trial.kind, trial.source, "\(trial.firstSoundMilliseconds)",
                trial.beepEnds.map(String.init).joined(separator: ","), trial.line.law.rawValue, "\(trial.line.loss)",
                "\(trial.line.seed)",
            ]
            lines.append(fields.joined(separator: "\t"))
        }
        try (lines.joined(separator: "\n") + "\n").write(toFile: path + "/list.tsv", atomically: true, encoding: .utf8)
    }

    /// One trial at a time, in order.
    package func read(_ body: (Trial) throws -> Void) throws {
        let list = try String(contentsOfFile: path + "/list.tsv", encoding: .utf8)
        let decoder = AudioDecoder()
        for line in list.split(separator: "\n") {
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            guard fields.count == 10, let label = Trial.Label(rawValue: fields[2]), let law = G711(rawValue: fields[7])
            else { continue }
            let trialLine = TrialLine(law: law, loss: Double(fields[8]) ?? 0, seed: UInt64(fields[9]) ?? 1)
            try body(
                Trial(
                    name: fields[1], label: label, kind: fields[3], source: fields[4],
                    samples: decoder.samples(of: "\(path)/\(fields[0])"), firstSoundMilliseconds: Int(fields[5]) ?? 0,
                    beepEnds: fields[6].split(separator: ",").compactMap { Int($0) }, line: trialLine))
        }
    }
}
