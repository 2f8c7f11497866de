/// How an answerer is told apart.
package struct AnswerDetectionConfiguration: Equatable, Sendable {
    /// What judges a greeting. Tones come before either.
    package enum Method: String, CaseIterable, Sendable {
        /// The trained model: as early as it is sure.
        case model
        /// The field's plain rule: the length of the hello, its words, the silence after it.
        case rule
    }

    package var method: Method
    /// So much sound without a verdict is undecided.
    package var longestSoundMilliseconds: Int

    package init(method: Method = .model, longestSoundMilliseconds: Int = 6000) {
        self.method = method
        self.longestSoundMilliseconds = max(1000, longestSoundMilliseconds)
    }
}
