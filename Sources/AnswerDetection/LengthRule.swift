import Telephony

/// The field's plain rule: who says hello and waits is a person, who goes on talking is a machine.
struct LengthRule {
    /// A hello is no longer.
    static let longestHello: Float = 1.5
    /// A person waits for so long.
    static let waiting: Float = 0.8
    /// A person says no more words.
    static let mostWords = 3
    /// So long after the first sound nothing can be said.
    static let patience: Float = 5

    /// Nil: not yet.
    static func judge(_ greeting: Greeting) -> Answerer? {
        if greeting.spurts.runNow >= longestHello || greeting.spurts.longest >= longestHello {
            return .answeringMachine
        }
        if greeting.words > mostWords { return .answeringMachine }
        if greeting.spurts.pauseNow >= waiting { return .human }
        return greeting.spurts.elapsed >= patience ? .undecided : nil
    }
}
