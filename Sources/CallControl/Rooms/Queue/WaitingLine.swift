import SIP
import Telephony

/// One queue's calls, first come first served.
struct WaitingLine: Sendable {
    private struct Place: Sendable {
        /// Rises; a list's cursor names it.
        var number: Int64
        var call: CallID
        var since: Instant
        var enqueued: Timestamp
    }

    var queue: CallQueue
    private var places: [Place] = []
    private var nextNumber: Int64 = 1
    /// Of those who have left it, since it was made or the process began.
    private var left = 0
    private var stayed = Duration.zero

    init(_ queue: CallQueue) { self.queue = queue }

    var count: Int { places.count }
    var isEmpty: Bool { places.isEmpty }
    var isFull: Bool { places.count >= queue.maxSize }
    var first: CallID? { places.first?.call }

    mutating func append(_ call: CallID, now: Moment) {
        places.append(Place(number: nextNumber, call: call, since: now.instant, enqueued: now.wall))
        nextNumber += 1
    }

    /// - Returns: for how long it was in it; nil where it was not.
    mutating func remove(_ call: CallID, now: Moment) -> Duration? {
        guard let index = places.firstIndex(where: { $0.call == call }) else { return nil }
        let stay = now.instant - places.remove(at: index).since
        left += 1
        stayed += stay
        return stay
    }

    /// From 1 on; nil where it is not in it.
    func position(of call: CallID) -> Int? { places.firstIndex { $0.call == call }.map { $0 + 1 } }

    func standing(now: Moment) -> QueueStanding {
        let waited = places.reduce(Duration.zero) { $0 + (now.instant - $1.since) }
        return QueueStanding(
            queue: queue, currentSize: count, averageRemovalSeconds: Self.mean(stayed, of: left),
            averageWaitSeconds: Self.mean(waited, of: count))
    }

    func member(_ call: CallID, now: Moment) -> QueueMember? {
        position(of: call).map { member(at: $0 - 1, now) }
    }

    /// In line; a further page begins behind the last member of the one before it, whoever has left meanwhile.
    func page(after cursor: PageCursor?, now: Moment) -> Page<QueueMember> {
        let start = cursor.map { cursor in places.firstIndex { $0.number > cursor.after } ?? count } ?? 0
        let end = min(start + PageLimits.pageSize, count)
        return Page(
            items: (start..<end).map { member(at: $0, now) }, total: count, start: start,
            next: end < count ? PageCursor(after: places[end - 1].number, position: end) : nil)
    }

    private func member(at index: Int, _ now: Moment) -> QueueMember {
        let place = places[index]
        return QueueMember(
            queueID: queue.queueID, accountID: queue.accountID, callID: place.call,
            waitSeconds: (now.instant - place.since).wholeSeconds, position: index + 1, dateEnqueued: place.enqueued)
    }

    private static func mean(_ total: Duration, of count: Int) -> Int {
        count == 0 ? 0 : (total / count).wholeSeconds
    }
}

extension Duration {
    /// Whole seconds that have passed.
    var wholeSeconds: Int { Int(components.seconds) }
}
