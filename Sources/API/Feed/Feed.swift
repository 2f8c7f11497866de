import Synchronization
package import Telephony

/// Tells what happens on calls, as it gets to the disk, to whoever listens (docs/contract/feed.md#feeds).
///
/// ```
///   storage's writer ── committed ──▶ ┌──────┐ ── wakes ──▶ a listener's stream ── backpressure ──▶ its socket
///   call loop ───────── settled ────▶ │ Feed │ ◀── take ───
///                                     └──────┘
/// ```
/// Nobody who tells waits for anybody who listens: what waits for a listener is bounded, and one that does not keep up is
/// let go. With nobody there, telling is one look at a number.
package final class Feed: Sendable {
    /// Between two signs of life on a stream on which nothing is told (docs/contract/feed.md#the-form).
    package static let beatSeconds = 15

    /// How a listener is reached.
    private struct Line {
        let waker: AsyncStream<Void>.Continuation
        let stop: @Sendable () -> Void
    }

    private struct State {
        var table: FeedTable
        var lines: [FeedTable.ID: Line] = [:]
    }

    private let state: Mutex<State>
    /// How many listen. In sequence with what is stored: whoever is counted here before he reads the disk is told of
    /// whatever he does not read there.
    private let heard = Atomic<Int>(0)

    package init(limits: FeedLimits = FeedLimits()) { state = Mutex(State(table: FeedTable(limits: limits))) }

    // MARK: Who tells, from any thread

    /// On disk now, in the order of the calls of this function.
    package func committed(_ operations: [StorageOperation]) {
        guard isHeard else { return }
        wake { $0.committed(operations) }
    }

    /// The call will note nothing more, and what it has noted is submitted.
    package func settled(_ call: CallID) {
        guard isHeard else { return }
        wake { $0.settled(call) }
    }

    /// ``beatSeconds`` have passed.
    package func beat() {
        guard isHeard else { return }
        wake { $0.beat() }
    }

    /// Every stream ends, and none begins any more.
    package func close() {
        let lines = state.withLock { state in
            _ = state.table.closeAll()
            return Array(state.lines.values)
        }
        for line in lines {
            line.waker.yield()
            line.stop()
        }
    }

    private var isHeard: Bool { heard.load(ordering: .sequentiallyConsistent) > 0 }

    private func wake(_ change: (inout FeedTable) -> [FeedTable.ID]) {
        let wakers = state.withLock { state in change(&state.table).compactMap { state.lines[$0]?.waker } }
        for waker in wakers { waker.yield() }
    }

    // MARK: Who listens

    /// From when this returns everything that is committed is told; what was before is for the listener to read.
    ///
    /// - Parameters:
    ///   - call: nil for everything of the account's.
    ///   - stop: run when the server stops: whoever reads nothing does not hold it up.
    func listen(
        to call: CallID?, of account: AccountID, stop: @escaping @Sendable () -> Void = {}
    ) throws(FeedRefusal) -> FeedListening {
        // What has come and was not taken is one thing to wake up for.
        let (wakes, waker) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        heard.add(1, ordering: .sequentiallyConsistent)
        do throws(FeedRefusal) {
            let id = try state.withLock { state throws(FeedRefusal) in
                let id = try state.table.add(FeedTable.Subject(account: account, call: call))
                state.lines[id] = Line(waker: waker, stop: stop)
                return id
            }
            return FeedListening(feed: self, id: id, wakes: wakes)
        } catch {
            heard.subtract(1, ordering: .sequentiallyConsistent)
            throw error
        }
    }

    fileprivate func take(_ id: FeedTable.ID) -> FeedTable.Taken { state.withLock { $0.table.take(id) } }

    fileprivate func close(_ id: FeedTable.ID) { wake { $0.close(id) } }

    fileprivate func leave(_ id: FeedTable.ID) {
        let line = state.withLock { state in
            state.table.remove(id)
            return state.lines.removeValue(forKey: id)
        }
        line?.waker.finish()
        heard.subtract(1, ordering: .sequentiallyConsistent)
    }

    /// How many listen.
    var count: Int { state.withLock { $0.table.count } }

    func write(to text: inout MetricsText) {
        let (count, behind) = state.withLock { ($0.table.count, $0.table.behindCount) }
        text.gauge("belay_feed_listeners", "Streams of feeds that are open.", count)
        text.counter("belay_feed_lagging_total", "Streams that were ended because they did not keep up.", behind)
    }
}

/// One listener's place in a ``Feed``; given back when nobody holds this any more.
final class FeedListening: Sendable {
    private let feed: Feed
    private let id: FeedTable.ID
    /// There is something to take. For one reader.
    let wakes: AsyncStream<Void>

    fileprivate init(feed: Feed, id: FeedTable.ID, wakes: AsyncStream<Void>) {
        self.feed = feed
        self.id = id
        self.wakes = wakes
    }

    deinit { feed.leave(id) }

    /// What has come since the last time.
    func take() -> FeedTable.Taken { feed.take(id) }

    /// Its far end has gone.
    func close() { feed.close(id) }
}
