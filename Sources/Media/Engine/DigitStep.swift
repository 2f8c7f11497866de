/// A step of a sequence of digits. Steps follow each other without a gap: a digit's onset is the sum of all steps
/// before it, rounded down to the 20 ms frame.
package enum DigitStep: Equatable, Sendable {
    /// 0–9, `*`, `#`, A–D, sounding for so long.
    case tone(Character, milliseconds: Int)
    /// Nothing for so long.
    case wait(milliseconds: Int)

    package var milliseconds: Int {
        switch self {
        case .tone(_, let milliseconds), .wait(let milliseconds): max(0, min(milliseconds, Self.maximumMilliseconds))
        }
    }

    /// One step, at most; RFC 4733's duration ends at 8.19 s, and a wait need not be longer than a minute.
    package static let maximumMilliseconds = 60_000
}
