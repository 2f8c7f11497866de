import SIP

/// How fast whatever calls wait for lets them go, as it was seen to while somebody waited.
///
/// ```
///   the n-th that waits will wait   n · (T + t) / (D + d)
/// ```
/// `D` calls went out in `T` seconds in which somebody had to wait; that `d` go out in `t` seconds is what is taken to be
/// so before any wait was seen. So a queue that has stood still for long is expected to go on doing so, and one that moves
/// to go on at the speed that it had.
struct Throughput: Sendable {
    /// What counts as seen before anything was.
    struct Guess: Sendable {
        var departures: Double
        var seconds: Double

        /// Nothing is known. Slow enough for a small machine, and worth the moment that a busy one may stand still.
        static let unknown = Guess(departures: 10, seconds: 0.4)

        /// How often a line comes free: as soon as that is seen, what was thought of it matters little.
        static func lines(secondsEach: Double) -> Guess { Guess(departures: 1, seconds: secondsEach) }
    }

    private var departures = 0.0
    private var seconds = 0.0
    /// Since when `seconds` has not been brought up to date; nil while nobody waits.
    private var countedUntil: Instant?

    /// Older than this is forgotten little by little, as long as enough is left to go by.
    private static let memorySeconds = 10.0
    /// So many departures say how fast it goes. Fewer are worth nothing any more once nobody waits: what the queue stood
    /// still for is over.
    private static let enough = 16.0

    /// Somebody has to wait. Told again, it changes nothing.
    mutating func waits(now: Instant) {
        if countedUntil == nil { countedUntil = now }
    }

    /// Nobody has to wait any more.
    mutating func flows(now: Instant) {
        guard countedUntil != nil else { return }
        count(now)
        countedUntil = nil
        if departures < Self.enough { (departures, seconds) = (0, 0) }
    }

    /// A call went out. While nobody waits that says nothing: more might have.
    mutating func departed(now: Instant) {
        guard countedUntil != nil else { return }
        count(now)
        departures += 1
        if departures > Self.enough, seconds > Self.memorySeconds {
            let kept = max(Self.enough / departures, Self.memorySeconds / seconds)
            departures *= kept
            seconds *= kept
        }
    }

    /// - Parameter place: 1 for who is the next to go.
    func expectedWaitSeconds(place: Int, _ guess: Guess, now: Instant) -> Double {
        let uncounted = countedUntil.map { max(0, (now - $0) / .seconds(1)) } ?? 0
        return Double(place) * (seconds + uncounted + guess.seconds) / (departures + guess.departures)
    }

    private mutating func count(_ now: Instant) {
        guard let since = countedUntil else { return }
        seconds += max(0, (now - since) / .seconds(1))
        countedUntil = now
    }
}
