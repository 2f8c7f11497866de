/// What waits for something that several share, and whose turn it is: a pure value.
///
/// Each key, an account as a rule, has a lane of its own. Lanes take turns by what their turns cost, as in start-time
/// fair queueing (Goyal, Vin, Cheng, SIGCOMM 1996): a lane's tag rises by the cost of each turn that it takes, and the
/// lane with the lowest tag is next. Whoever comes begins at the tag of the turn that was taken last, so that
///
/// * however much waits in one lane, another's first element is behind one turn of each lane with waiters, and behind
///   two where it has just had a turn itself;
/// * a lane whose turns cost little gets more of them: short before long;
/// * nobody saves up turns by being away, or by having no turn while it has all that it may have.
///
/// Within a lane the most urgent goes first, and of equally urgent ones the first that came.
package struct FairQueue<Key: Hashable & Sendable, Element> {
    /// Names one element that waits. Rises with each that is added.
    package struct Ticket: Hashable, Sendable, Comparable {
        fileprivate let rawValue: UInt64

        package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    fileprivate struct Waiting {
        let element: Element
        let cost: Int64
        let key: Key
    }

    private struct Place {
        let urgency: Int64
        let ticket: Ticket
    }

    private struct Lane {
        /// Where its next turn begins.
        var tag: Int64
        /// In the order of their turns, from `head` on; those that were removed stand there until their turn comes.
        var places: [Place] = []
        var head = 0
        /// Of the places those that still wait.
        var count = 0

        /// Most come in the order in which they go.
        mutating func insert(_ place: Place) {
            var index = places.endIndex
            while index > head, places[index - 1].urgency > place.urgency { index -= 1 }
            places.insert(place, at: index)
        }

        /// Passes over what was removed, and clears it away once it is the greater part.
        mutating func clear(isWaiting: (Ticket) -> Bool) {
            while head < places.count, !isWaiting(places[head].ticket) { head += 1 }
            guard places.count > 2 * count + 64 else { return }
            places = places[head...].filter { isWaiting($0.ticket) }
            head = 0
        }
    }

    /// Lanes that nobody waits in are remembered for their tags, until so many are.
    private static var keptLanes: Int { 256 }

    private var lanes: [Key: Lane] = [:]
    private var elements: [Ticket: Waiting] = [:]
    private var clock: Int64 = 0
    private var nextTicket: UInt64 = 0

    package init() {}

    package var count: Int { elements.count }
    package var isEmpty: Bool { elements.isEmpty }
    /// Lanes that are remembered.
    var laneCount: Int { lanes.count }

    package func count(of key: Key) -> Int { lanes[key]?.count ?? 0 }

    /// - Parameters:
    ///   - cost: of its turn, compared to others'; at least 1.
    ///   - urgency: within its lane the lowest goes first.
    @discardableResult
    package mutating func add(_ element: Element, of key: Key, cost: Int = 1, urgency: Int64 = 0) -> Ticket {
        nextTicket += 1
        let ticket = Ticket(rawValue: nextTicket)
        elements[ticket] = Waiting(element: element, cost: Int64(max(1, cost)), key: key)
        var lane = lanes.removeValue(forKey: key) ?? Lane(tag: clock)
        if lane.count == 0 { lane.tag = max(lane.tag, clock) }
        lane.insert(Place(urgency: urgency, ticket: ticket))
        lane.count += 1
        lanes[key] = lane
        return ticket
    }

    /// Takes out whose turn it is.
    ///
    /// - Parameter isAllowed: whether the lane may have a turn now; one that may not goes on waiting.
    package mutating func next(where isAllowed: (Key) -> Bool = { _ in true }) -> (key: Key, element: Element)? {
        var best: (key: Key, tag: Int64, ticket: Ticket)?
        var passedOver: [Key] = []
        for (key, lane) in lanes where lane.count > 0 {
            guard isAllowed(key) else {
                passedOver.append(key)
                continue
            }
            guard let ticket = firstTicket(lane) else { continue }
            if let best, (best.tag, best.ticket) <= (lane.tag, ticket) { continue }
            best = (key, lane.tag, ticket)
        }
        guard let best, let waiting = take(best.ticket) else { return nil }
        clock = max(clock, best.tag)
        for key in passedOver {
            guard let tag = lanes[key]?.tag, tag < clock else { continue }
            lanes[key]?.tag = clock
        }
        lanes[best.key]?.tag = best.tag + waiting.cost
        forgetIdleLanes()
        return (best.key, waiting.element)
    }

    /// Nobody waits for it any more. Nil where its turn has come, or it was removed before.
    @discardableResult
    package mutating func remove(_ ticket: Ticket) -> Element? {
        let element = take(ticket)?.element
        forgetIdleLanes()
        return element
    }

    private func firstTicket(_ lane: Lane) -> Ticket? {
        lane.places[lane.head...].first { elements[$0.ticket] != nil }?.ticket
    }

    private mutating func take(_ ticket: Ticket) -> Waiting? {
        guard let waiting = elements.removeValue(forKey: ticket), var lane = lanes.removeValue(forKey: waiting.key)
        else { return nil }
        lane.count -= 1
        lane.clear { elements[$0] != nil }
        lanes[waiting.key] = lane
        return waiting
    }

    private mutating func forgetIdleLanes() {
        if elements.isEmpty {
            lanes.removeAll(keepingCapacity: true)
            clock = 0
        } else if lanes.count > Self.keptLanes {
            lanes = lanes.filter { $0.value.count > 0 || $0.value.tag > clock }
        }
    }
}

extension FairQueue: Sendable where Element: Sendable {}
extension FairQueue.Waiting: Sendable where Element: Sendable {}
