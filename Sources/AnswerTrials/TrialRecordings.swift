import AnswerDetection
import Foundation
import Media

/// An operator's own recordings as trials: `DIR/human/*.wav`, `DIR/machine/*.wav`, `DIR/fax/*.wav`, each from a call's
/// answer on, with what the called party sent.
package struct TrialRecordings {
    /// Nothing that could be judged, or something that could not be read.
    package struct Failure: Error, CustomStringConvertible {
        package var description: String
    }

    /// What can be labelled, and so the folders' names.
    package static let labels: [Trial.Label] = [.human, .machine, .fax]

    private let path: String

    package init(_ path: String) {
        self.path = path
    }

    /// Runs both detectors over all of them.
    package func judge() throws -> [TrialReport] {
        var reports = AnswerDetectionConfiguration.Method.allCases.map { TrialReport($0) }
        var count = 0
        for label in Self.labels {
            let folder = "\(path)/\(label.rawValue)"
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            for name in names.sorted() where name.lowercased().hasSuffix(".wav") {
                let trial = try trial("\(folder)/\(name)", name: "\(label.rawValue)/\(name)", label)
                for index in reports.indices {
                    reports[index].add(trial, TrialOutcome(of: trial, by: reports[index].method))
                }
                count += 1
            }
        }
        guard count > 0 else {
            throw Failure(description: "\(path) has no human/*.wav, machine/*.wav or fax/*.wav")
        }
        return reports
    }

    private func trial(_ file: String, name: String, _ label: Trial.Label) throws -> Trial {
        let samples: [Int16]
        do { samples = try AudioDecoder().samples(of: file) } catch {
            throw Failure(description: "\(file): \(error)")
        }
        return Trial(
            name: name, label: label, kind: label.rawValue, source: "recorded", samples: samples,
            firstSoundMilliseconds: TrialSound.firstSound(samples))
    }
}
