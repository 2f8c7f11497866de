import SIP

/// The even ports of a range, one for each call; RTCP has the odd port after each (RFC 3550 §11).
///
/// ```
///            take ──▶ in use ── given back ──▶ rests, so that late packets of one call never reach the next ──┐
///   free ◀────┘         └── held by another program ──▶ held: the last to be tried, and not for a while       │
///     ▲─────────────────────────────────────────────────────────────────────────────────────────────────────┘
/// ```
/// Ports are taken in an order that is drawn at the start: two programs with the same range seldom want the same one.
struct PortPool: Sendable {
    /// Free ports in the order in which they may be used; `readyAt` never falls from front to back.
    private var free: Line
    /// Ports that turned out to be another program's, in the order in which they may be tried again.
    private var held = Line()
    private(set) var inUse = 0
    /// What was said of the port that was last found to be held; empty where none has been.
    private(set) var trouble = ""
    /// In use at once; nil: all.
    private let most: Int?
    private let rest: Duration
    private let heldRest: Duration

    /// - Parameters:
    ///   - rest: of a port that a call gave back.
    ///   - heldRest: of a port that another program holds.
    ///   - most: that may be in use at once, where that is not all of them.
    init(
        range: ClosedRange<UInt16>, rest: Duration, heldRest: Duration, most: Int? = nil, random: inout RandomSource
    ) {
        self.most = most
        free = Line(range.filter { $0 % 2 == 0 }.shuffled(using: &random))
        self.rest = rest
        self.heldRest = heldRest
    }

    /// Nil while every port is in use or rests.
    mutating func take(now: Instant) -> UInt16? {
        guard !isFull, let port = free.take(now: now) ?? held.take(now: now) else { return nil }
        inUse += 1
        return port
    }

    func hasFree(now: Instant) -> Bool { !isFull && (free.isReady(now: now) || held.isReady(now: now)) }

    private var isFull: Bool { most.map { inUse >= $0 } ?? false }

    /// When the next port will be ready; nil where all are in use that may be.
    var nextReady: Instant? {
        guard !isFull else { return nil }
        return switch (free.nextReady, held.nextReady) {
        case (let own?, let other?): min(own, other)
        case (let own, let other): own ?? other
        }
    }

    /// Every port of the range was found to be another program's, and none is due to be tried again.
    func isHeldByOthers(now: Instant) -> Bool {
        inUse == 0 && free.nextReady == nil && held.nextReady != nil && !held.isReady(now: now)
    }

    mutating func giveBack(_ port: UInt16, now: Instant) {
        free.append(port, readyAt: now + rest)
        inUse -= 1
    }

    /// A port that was taken and that nobody saw: it need not rest, and is the next to be taken.
    mutating func giveBackUnused(_ port: UInt16) {
        free.putFirst(port)
        inUse -= 1
    }

    /// A port that was taken and that another program holds.
    ///
    /// - Parameter explanation: who, as far as it is known.
    mutating func giveUp(_ port: UInt16, _ explanation: String, now: Instant) {
        held.append(port, readyAt: now + heldRest)
        inUse -= 1
        trouble = explanation
    }
}

extension PortPool {
    /// First in, first out.
    private struct Line {
        private var places: [(port: UInt16, readyAt: Instant)]
        private var head = 0

        init(_ ports: [UInt16] = []) { places = ports.map { ($0, Instant(nanoseconds: .min)) } }

        var nextReady: Instant? { head < places.count ? places[head].readyAt : nil }

        func isReady(now: Instant) -> Bool { nextReady.map { $0 <= now } ?? false }

        mutating func take(now: Instant) -> UInt16? {
            guard isReady(now: now) else { return nil }
            defer {
                head += 1
                if head > 1024, head * 2 > places.count {
                    places.removeFirst(head)
                    head = 0
                }
            }
            return places[head].port
        }

        mutating func append(_ port: UInt16, readyAt: Instant) { places.append((port, readyAt)) }

        mutating func putFirst(_ port: UInt16) {
            let place = (port: port, readyAt: Instant(nanoseconds: .min))
            guard head > 0 else { return places.insert(place, at: 0) }
            head -= 1
            places[head] = place
        }
    }
}
