package import Telephony

/// What is to be said.
package struct SpeechRequest: Equatable, Sendable {
    /// UTF-8; `SpeechSynthesizer.maximumTextBytes` at most.
    package var text: String
    /// As the Say command names it: `en-US`, `de-DE`, …
    package var language: String
    /// Words a minute.
    package var wordsPerMinute: Int
    /// Neither the text nor its sound is kept anywhere.
    package var privacy: Bool
    /// Who shares the programs with others; nil for the server itself.
    package var account: AccountID?

    package init(
        text: String, language: String = "en-US", wordsPerMinute: Int = 160, privacy: Bool = false,
        account: AccountID? = nil
    ) {
        self.text = text
        self.language = language
        self.wordsPerMinute = wordsPerMinute
        self.privacy = privacy
        self.account = account
    }
}

/// Why nothing can be said.
package enum SpeechFailure: Error, Equatable, Sendable {
    /// More than `SpeechSynthesizer.maximumTextBytes`.
    case textTooLong(bytes: Int)
    /// As many of the account's as may wait are waiting.
    case tooManyWaiting
    /// The program is missing, failed, was too slow or said too much; the reason is for the log.
    case synthesisFailed(String)
}
