package import AnswerDetection
import Foundation
package import Telephony

/// What a detector made of many trials, counted.
package struct TrialReport {
    package struct Failure {
        package var trial: String
        package var said: String
    }

    package let method: AnswerDetectionConfiguration.Method
    /// Trials of each label, and how many of them were held to be what.
    package private(set) var counts: [Trial.Label: [Answerer: Int]] = [:]
    /// By label and source, and by label and kind: how many, and how many wrong.
    private var bySource: [String: (count: Int, wrong: Int, undecided: Int)] = [:]
    private var byKind: [String: (count: Int, wrong: Int, undecided: Int)] = [:]
    /// From the first sound to the verdict, people's and machines'.
    private var times: [Trial.Label: [Int]] = [:]
    package private(set) var failures: [Failure] = []
    /// Verdicts by a tone on what has none.
    package private(set) var falseTones = 0
    /// How far a beep's end was from where it is; nil where it was not heard.
    package private(set) var beepErrors: [Int?] = []
    private var silentVerdicts = 0

    package init(_ method: AnswerDetectionConfiguration.Method) {
        self.method = method
    }

    package mutating func add(_ trial: Trial, _ outcome: TrialOutcome) {
        let answerer = outcome.verdict?.answerer ?? .undecided
        counts[trial.label, default: [:]][answerer, default: 0] += 1
        let expected: Answerer? =
            switch trial.label {
            case .human: .human
            case .machine: .answeringMachine
            case .fax: .faxModem
            case .information: .answeringMachine
            case .other: nil
            }
        let isUndecided = answerer == .undecided && expected != nil
        let isWrong = expected.map { $0 != answerer && !isUndecided } ?? false
        for (table, key) in [(\TrialReport.bySource, trial.source), (\TrialReport.byKind, trial.kind)] {
            var entry = self[keyPath: table]["\(trial.label.rawValue): \(key)", default: (0, 0, 0)]
            entry.count += 1
            entry.wrong += isWrong ? 1 : 0
            entry.undecided += isUndecided ? 1 : 0
            self[keyPath: table]["\(trial.label.rawValue): \(key)"] = entry
        }
        if isWrong || isUndecided {
            failures.append(Failure(trial: trial.name, said: Self.text(outcome.verdict)))
        }
        addTimes(trial, outcome)
        addTones(trial, outcome)
    }

    private mutating func addTimes(_ trial: Trial, _ outcome: TrialOutcome) {
        guard trial.label == .human || trial.label == .machine, let verdict = outcome.verdict else { return }
        let first = trial.firstSoundMilliseconds + TrialLine.delayMilliseconds
        times[trial.label, default: []].append(verdict.milliseconds - first)
    }

    private mutating func addTones(_ trial: Trial, _ outcome: TrialOutcome) {
        if let verdict = outcome.verdict, trial.label != .fax, trial.label != .information {
            let isNetwork = ["busy", "reorder", "ringback"].contains(trial.kind)
            switch verdict.cause {
            case .greeting, .lengthRule, .soundLimit: break
            case .beep where trial.label == .machine: break
            case .busy where isNetwork, .reorder where isNetwork: break
            default:
                falseTones += 1
                failures.append(Failure(trial: trial.name, said: "a tone's verdict: " + Self.text(verdict)))
            }
        }
        for end in trial.beepEnds {
            let wanted = end + TrialLine.delayMilliseconds
            let nearest = outcome.beeps.map { $0.milliseconds - wanted }.min { abs($0) < abs($1) }
            beepErrors.append(nearest)
            if nearest.map({ abs($0) > 60 }) ?? true {
                let said = nearest.map { "a beep's end \($0) ms away" } ?? "a beep was not heard"
                failures.append(Failure(trial: trial.name, said: said))
            }
        }
    }

    private static func text(_ verdict: AnswerVerdict?) -> String {
        guard let verdict else { return "nothing" }
        let confidence = String(format: "%.2f", verdict.confidence)
        return "\(verdict.answerer.rawValue) at \(verdict.milliseconds) ms by \(verdict.cause.rawValue) (\(confidence))"
    }

    // MARK: Figures

    package func count(_ label: Trial.Label) -> Int { counts[label, default: [:]].values.reduce(0, +) }

    package func count(_ label: Trial.Label, heldToBe answerer: Answerer) -> Int {
        counts[label, default: [:]][answerer, default: 0]
    }

    /// The time from the first sound that a share of the verdicts needs at most.
    package func time(_ share: Double, of label: Trial.Label? = nil) -> Int {
        let all = (label.map { times[$0, default: []] } ?? times.values.flatMap { $0 }).sorted()
        guard !all.isEmpty else { return 0 }
        return all[min(all.count - 1, max(0, Int((share * Double(all.count)).rounded(.up)) - 1))]
    }

    package var beepsWithin60Milliseconds: Int { beepErrors.count { $0.map { abs($0) <= 60 } ?? false } }

    package func text(failures most: Int) -> String {
        var lines = ["detector            \(method.rawValue)"]
        let columns: [Answerer] = [.human, .answeringMachine, .faxModem, .undecided]
        lines.append(
            Self.cell("held to be", 20) + ["human", "machine", "fax", "undecided"].map { Self.cell($0, 11) }.joined())
        for label in Trial.Label.allCases where count(label) > 0 {
            let cells = columns.map { Self.cell("\(count(label, heldToBe: $0))", 11) }
            lines.append(Self.cell(label.rawValue, 20) + cells.joined())
        }
        if count(.human) > 0 {
            lines.append("people taken for machines     " + share(.human, .answeringMachine))
        }
        if count(.machine) > 0 { lines.append("machines found                " + share(.machine, .answeringMachine)) }
        lines.append("tone verdicts without a tone  \(falseTones)")
        if !beepErrors.isEmpty {
            lines.append("beeps' ends within 60 ms      \(beepsWithin60Milliseconds) of \(beepErrors.count)")
        }
        lines.append(
            "from first sound to verdict   half \(time(0.5)) ms, 95 in 100 \(time(0.95)) ms; people \(time(0.5, of: .human)) "
                + "and \(time(0.95, of: .human)), machines \(time(0.5, of: .machine)) and \(time(0.95, of: .machine))")
        for (title, table) in [("by source", bySource), ("by kind", byKind)] {
            lines.append("\(title):")
            for (key, entry) in table.sorted(by: { $0.key < $1.key }) {
                lines.append(
                    "  " + Self.cell(key, 44)
                        + "\(entry.count) trials, \(entry.wrong) wrong, \(entry.undecided) undecided")
            }
        }
        if most > 0, !failures.isEmpty {
            lines.append("errors:")
            for failure in failures.prefix(most) { lines.append("  \(failure.trial) → \(failure.said)") }
            if failures.count > most { lines.append("  … and \(failures.count - most) more") }
        }
        return lines.joined(separator: "\n")
    }

    private func share(_ label: Trial.Label, _ answerer: Answerer) -> String {
        let part = count(label, heldToBe: answerer)
        return "\(part) of \(count(label)) (" + String(format: "%.2f", 100 * Double(part) / Double(count(label)))
            + " %)"
    }

    private static func cell(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }
}
