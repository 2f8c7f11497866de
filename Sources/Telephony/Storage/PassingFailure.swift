/// A failure that may not be the request's, and may pass: whoever asks again later is served then.
package protocol PassingFailure: Error {
    /// Nil: asking again is of no use.
    var trouble: PassingTrouble? { get }
}

/// What passes.
package enum PassingTrouble: Hashable, Sendable, CaseIterable {
    /// The disk takes no writes, or does not answer.
    case diskFailing
    /// As many reads that may take long are under way, and wait, as may.
    case tooManyReads
}
