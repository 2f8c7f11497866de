import Telephony

/// Tells one listener what happens on all of an account's calls, and what belongs to none of them, from now on
/// (docs/contract/feed.md#an-account).
struct AccountFeed {
    let listening: FeedListening
    let pass: FeedPass
    /// What came since he left off, oldest first.
    var missed: [JournalEntry] = []
    /// More than that came.
    var hasGap = false

    /// What was read from the log may be told once more by who committed it a moment ago, and no later than this.
    private static let beatsOfDoubt = 2

    /// An entry, as the log shows it and as it was committed.
    private struct Place: Hashable {
        let place: FeedPlace
        let message: String

        init(_ entry: JournalEntry) {
            place = FeedPlace(entry)
            message = entry.message
        }
    }

    /// Returns when there is nothing more to tell, be it for now.
    func run(into output: inout EventOutput) async throws {
        if hasGap { try await output.tell(.gap) }
        for entry in missed { try await output.tell(.log(entry, id: FeedPlace(entry).text)) }
        // Whoever has read so much knows that he is listened to.
        output.beat()
        try await output.flush()
        var told = Set(missed.map(Place.init))
        var beats = 0
        for await _ in listening.wakes {
            let taken = listening.take()
            for news in taken.news {
                switch news {
                case .call(let call): try await output.tell(.call(call))
                case .entry(let entry):
                    guard told.remove(Place(entry)) == nil else { continue }
                    try await output.tell(.log(entry, id: FeedPlace(entry).text))
                }
            }
            if taken.isBehind { return try await output.tell(.lagging) }
            if taken.isClosed || (taken.isBeat && !pass.isGood) { return }
            if taken.isBeat {
                beats += 1
                if beats == Self.beatsOfDoubt { told.removeAll() }
                output.beat()
            }
            try await output.flush()
        }
    }
}
