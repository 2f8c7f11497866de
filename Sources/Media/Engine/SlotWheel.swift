/// Twenty slots of 1 ms: each session works in one of them, each 20 ms.
///
/// Where all sessions shared one slot, the last of them would send milliseconds late at every tick: spreading them is
/// what keeps a packet's lateness below half a millisecond (docs/performance.md).
///
/// Within a slot everybody works in the order in which they came: between two ticks of one, each other one has exactly one,
/// whoever leaves meanwhile. Mixes live on that (docs/decisions/0039).
struct SlotWheel<Session: AnyObject> {
    static var slots: Int { MediaFrame.milliseconds }

    private var sessions: [[Session]]
    private(set) var count = 0

    init() {
        sessions = [[Session]](repeating: [], count: Self.slots)
    }

    subscript(tick: Int64) -> [Session] {
        sessions[slot(of: tick)]
    }

    func slot(of tick: Int64) -> Int {
        Int(tick % Int64(Self.slots))
    }

    /// Puts a session into the slot that is due next among the emptier half, so that it neither waits long for its
    /// first tick nor joins a crowd.
    ///
    /// - Parameter tick: the one that runs next; not negative.
    /// - Returns: the slot, for `remove`.
    mutating func add(_ session: Session, next tick: Int64) -> Int {
        let median = sessions.map { $0.count }.sorted()[(Self.slots - 1) / 2]
        let first = slot(of: tick)
        var slot = first
        while sessions[slot].count > median { slot = (slot + 1) % Self.slots }
        put(session, in: slot)
        return slot
    }

    /// Puts a session into a slot, behind those that are there.
    mutating func put(_ session: Session, in slot: Int) {
        guard sessions.indices.contains(slot) else { return }
        sessions[slot].append(session)
        count += 1
    }

    /// Puts one directly before another, as if it had come there with it.
    mutating func insert(_ session: Session, before other: Session, in slot: Int) {
        guard let index = index(of: other, in: slot) else { return }
        sessions[slot].insert(session, at: index)
        count += 1
    }

    mutating func remove(_ session: Session, from slot: Int) {
        guard let index = index(of: session, in: slot) else { return }
        sessions[slot].remove(at: index)
        count -= 1
    }

    private func index(of session: Session, in slot: Int) -> Int? {
        sessions.indices.contains(slot) ? sessions[slot].firstIndex { $0 === session } : nil
    }
}
