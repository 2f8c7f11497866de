import SIP
import Telephony

/// A sequence of digits on its way out by INFO: one request a digit, each at its time, and none before the one before it
/// has been answered, for two requests that overtake each other would be two digits in the wrong order.
///
///     next ──▶ report ──▶ wait ── answered, and the next is due ──▶ report … ──▶ over
///                           └──── not taken ───────────────────────────────────▶ over
struct KeyReports: Hashable, Sendable {
    enum Step: Equatable, Sendable {
        case report(DigitString.Tone)
        /// For the answer.
        case wait
        /// For the next digit's time.
        case pause(Duration)
        case over
    }

    /// Gateways take less for no key.
    static let minimumMilliseconds = 40

    let dialling: DiallingID
    private let tones: [DigitString.Tone]
    private let durationMilliseconds: Int
    /// When the sequence began, had every answer come in time.
    private var start: Instant
    private var position = 0
    private var awaitsAnswer = false
    private var isGivenUp = false

    init(_ dialling: DiallingID, _ digits: DigitString, now: Instant) {
        self.dialling = dialling
        tones = digits.tones
        durationMilliseconds = digits.durationMilliseconds
        start = now
    }

    /// Until the next digit, or the end.
    func pause(now: Instant) -> Duration {
        let onset = tones.indices.contains(position) ? tones[position].onsetMilliseconds : durationMilliseconds
        return max(.zero, start + .milliseconds(onset) - now)
    }

    mutating func next(now: Instant) -> Step {
        if awaitsAnswer { return .wait }
        if isGivenUp { return .over }
        let left = pause(now: now)
        guard left == .zero else { return .pause(left) }
        guard tones.indices.contains(position) else { return .over }
        let tone = tones[position]
        position += 1
        awaitsAnswer = true
        return .report(tone)
    }

    mutating func answered(isTaken: Bool, now: Instant) {
        awaitsAnswer = false
        // An answer that is later than the next digit should have been: what follows keeps its distance.
        if pause(now: now) == .zero, position > 0 {
            start = now + .milliseconds(-tones[position - 1].onsetMilliseconds)
        }
        if !isTaken { isGivenUp = true }
    }

    /// No further digit goes out.
    mutating func stop() { isGivenUp = true }
}
