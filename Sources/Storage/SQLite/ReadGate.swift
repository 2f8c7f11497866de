/// Lets so many in at once, in the order in which they came.
actor ReadGate {
    /// More than that would wait longer than anybody listens.
    static let maximumWaiting = 32

    private var places: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    var waitingCount: Int { waiting.count }

    init(places: Int) { self.places = places }

    /// Returns once there is a place, which ``leave()`` gives back.
    func enter() async throws(StorageError) {
        if places > 0 {
            places -= 1
            return
        }
        guard waiting.count < Self.maximumWaiting else { throw .busy }
        await withCheckedContinuation { waiting.append($0) }
    }

    func leave() {
        // The place goes straight to whoever has waited longest.
        if waiting.isEmpty { places += 1 } else { waiting.removeFirst().resume() }
    }
}
