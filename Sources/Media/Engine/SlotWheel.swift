/// Twenty slots of 1 ms: each session works in one of them, each 20 ms.
///
/// Where all sessions shared one slot, the last of them would send milliseconds late at every tick: spreading them is
/// what keeps a packet's lateness below half a millisecond (docs/performance.md).
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
        sessions[slot].append(session)
        count += 1
        return slot
    }

    mutating func remove(_ session: Session, from slot: Int) {
        guard sessions.indices.contains(slot), let index = sessions[slot].firstIndex(where: { $0 === session }) else {
            return
        }
        sessions[slot].swapAt(index, sessions[slot].count - 1)
        sessions[slot].removeLast()
        count -= 1
    }
}
