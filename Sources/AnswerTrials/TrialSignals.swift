/// Signals for whoever measures a detector.
package enum TrialSignals {
    /// Tones sounding together, each so many dB below a full-scale sine.
    package static func tone(_ frequencies: [Double], milliseconds: Int, decibels: Double) -> [Int16] {
        TrialSound.tone(frequencies, milliseconds: milliseconds, decibels: decibels)
    }

    /// Notes that nobody has written down.
    package static func melody(milliseconds: Int, seed: UInt64) -> [Int16] {
        var random = TrialRandom(seed)
        return TrialSound.melody(milliseconds: milliseconds, &random)
    }

    /// What a fax sends when it answers, as spandsp's T.30 session has it.
    package static func fax(milliseconds: Int) -> [Int16] {
        TrialModems.session(milliseconds: milliseconds)
    }

    /// What a fax sends after its answer tone.
    package static func faxPreamble() -> [Int16] { TrialModems.preamble() }

    /// A modem's answer tone (ITU-T V.25, V.8).
    package static func answerTone(hasReversals: Bool, isModulated: Bool, milliseconds: Int) -> [Int16] {
        TrialModems.answerTone(hasReversals: hasReversals, isModulated: isModulated, milliseconds: milliseconds)
    }
}
