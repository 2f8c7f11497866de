import SIP

/// The even ports of a range, one for each call. A port that a call gave back rests before it is used again, so that
/// late packets of one call never reach the next.
struct PortPool: Sendable {
    /// Free ports in the order in which they may be used; `readyAt` never falls from front to back.
    private var free: [(port: UInt16, readyAt: Instant)]
    private var head = 0
    private(set) var inUse = 0
    private let rest: Duration

    init(range: ClosedRange<UInt16>, rest: Duration) {
        free = range.filter { $0 % 2 == 0 }.map { ($0, Instant(nanoseconds: .min)) }
        self.rest = rest
    }

    /// Nil while every port is in use or rests.
    mutating func take(now: Instant) -> UInt16? {
        guard hasFree(now: now) else { return nil }
        defer {
            head += 1
            inUse += 1
            if head > 1024, head * 2 > free.count {
                free.removeFirst(head)
                head = 0
            }
        }
        return free[head].port
    }

    func hasFree(now: Instant) -> Bool { head < free.count && free[head].readyAt <= now }

    /// When the next port will be ready; nil where all are in use.
    var nextReady: Instant? { head < free.count ? free[head].readyAt : nil }

    mutating func giveBack(_ port: UInt16, now: Instant) {
        free.append((port, now + rest))
        inUse -= 1
    }

    /// A port that was taken and that nobody saw: it need not rest, and is the next to be taken.
    mutating func giveBackUnused(_ port: UInt16) {
        let place = (port: port, readyAt: Instant(nanoseconds: .min))
        inUse -= 1
        guard head > 0 else { return free.insert(place, at: 0) }
        head -= 1
        free[head] = place
    }
}
