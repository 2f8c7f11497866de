import AnswerDetection
import AnswerTrials
import ArgumentParser
import Foundation
import Telephony

/// What `scripts/bench machines` and `scripts/machines/train.py` run: labelled sets, features, figures.
@main
struct BelayMachines: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "belay-machines", abstract: "Build sets of answered calls, and measure the detectors with them.",
        subcommands: [BuildCommand.self, RowsCommand.self, JudgeCommand.self, PaceCommand.self])
}

struct BuildCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build", abstract: "Draw a set and write it to a folder.")

    @Argument(help: "train, tune or test.") var set: String
    @Argument(help: "The folder; what it holds is replaced.") var folder: String
    @Option(help: "People, and as many machines.") var people = 1000
    @Option(help: "Faxes, and as many information tones, and twice as many others.") var tones = 100
    @Option(help: "Another seed draws another set.") var seed: UInt64 = 1

    func run() throws {
        guard let set = TrialSet(rawValue: set) else { throw ValidationError("train, tune or test, not \(set)") }
        let drawing = try TrialDrawing(set, seed: seed)
        try TrialFolder(folder).write(people * 2 + tones * 4) { index in
            switch index {
            case ..<people: try drawing.person()
            case ..<(2 * people): try drawing.machine()
            case ..<(2 * people + tones): drawing.fax()
            case ..<(2 * people + 2 * tones): try drawing.information()
            default: try drawing.other()
            }
        }
    }
}

struct RowsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rows", abstract: "Print the features at every judgement, as CSV.")

    @Argument(help: "A set's folder.") var folder: String

    func run() throws {
        print("trial,label,kind,source,voice,verdict," + GreetingModel.featureNames.joined(separator: ","))
        var number = 0
        try TrialFolder(folder).read { trial in
            number += 1
            guard trial.label == .human || trial.label == .machine else { return }
            let outcome = TrialOutcome(of: trial, by: .model, model: .silent, keepingRows: true)
            // A name is "set number: kind, voice, what is around".
            let voice = trial.name.split(separator: ", ").dropFirst().first ?? ""
            let cause = outcome.verdict?.cause.rawValue ?? ""
            for row in outcome.rows {
                let values = row.map { String(format: "%.4g", $0) }.joined(separator: ",")
                print("\(number),\(trial.label.rawValue),\(trial.kind),\(trial.source),\(voice),\(cause),\(values)")
            }
        }
    }
}

struct JudgeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "judge", abstract: "Run both detectors over a set and print what they made of it.")

    @Argument(help: "A set's folder.") var folder: String
    @Option(help: "Name so many errors of each.") var errors = 1000
    @Option(help: "Only this detector: model or rule.") var only: String?

    func run() throws {
        var reports = AnswerDetectionConfiguration.Method.allCases
            .filter { only == nil || only == $0.rawValue }.map { TrialReport($0) }
        try TrialFolder(folder).read { trial in
            for index in reports.indices {
                reports[index].add(trial, TrialOutcome(of: trial, by: reports[index].method))
            }
        }
        print(reports.map { $0.text(failures: errors) }.joined(separator: "\n\n"))
    }
}

struct PaceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pace", abstract: "Measure the processor time of a frame.")

    @Option(help: "Frames of 20 ms.") var frames = 300_000

    func run() throws {
        let sound = TrialPace.sound()
        for method in AnswerDetectionConfiguration.Method.allCases {
            let pace = TrialPace(method: method, frames: frames, sound: sound)
            print(
                "detector \(method.rawValue): " + String(format: "%.2f", pace.judging)
                    + " µs a frame while it judges, " + String(format: "%.2f", pace.afterVerdict)
                    + " µs after its verdict")
        }
    }
}
