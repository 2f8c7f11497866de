/// Whose piece is made next: the first pieces of those who wait in silence, in the order they came, before the later
/// pieces of those who hear something already, of whom the one goes first whose sound ends soonest.
struct SpeechSchedule<Job> {
    enum Rank: Comparable {
        case first
        /// - Parameter neededBy: when what is made so far will have been played, in nanoseconds of the monotonic clock.
        case later(neededBy: Int64)
    }

    private struct Entry {
        var rank: Rank
        let key: SpeechCache.Key
        let job: Job
    }

    /// In the order of their ranks, and of their coming.
    private var entries: [Entry] = []

    var count: Int { entries.count }

    mutating func add(_ job: Job, _ key: SpeechCache.Key, _ rank: Rank) {
        let place = entries.firstIndex { $0.rank > rank } ?? entries.endIndex
        entries.insert(Entry(rank: rank, key: key, job: job), at: place)
    }

    /// Somebody else waits for the same piece, and has more of a hurry.
    mutating func hurry(_ key: SpeechCache.Key, _ rank: Rank) {
        guard let index = entries.firstIndex(where: { $0.key == key && $0.rank > rank }) else { return }
        let entry = entries.remove(at: index)
        add(entry.job, key, rank)
    }

    mutating func next() -> Job? { entries.isEmpty ? nil : entries.removeFirst().job }
}
