/// An illegal move that a check refused: a defect of what is tested, or of the check.
package struct Violation: Error, Hashable, Sendable, CustomStringConvertible {
    /// The rule, in a word or two.
    package let rule: String
    /// What happened.
    package let explanation: String

    init(_ rule: String, _ explanation: String) {
        self.rule = rule
        self.explanation = explanation
    }

    package var description: String { "\(rule): \(explanation)" }
}
