import NIOCore

/// What a connection waits for, and until when. Pure: told what happened and the time.
///
/// ```
///   opened ─▶ head ──head whole──▶ body ──body whole──▶ quiet ──a byte──▶ head …
/// ```
/// Reading goes on while answers are written, so that both are kept: where the reading is, how many answers are owed,
/// since when nothing of them is taken.
struct RequestClock: Equatable {
    enum Expiry: String, CaseIterable, Equatable {
        /// A head did not become whole in its time.
        case head
        case body
        /// No further request came.
        case idle
        /// The answer was not read.
        case send
        /// Our side is closed, and the other side did not close its own.
        case linger
    }

    private enum Reading: Equatable {
        /// Something of a head has come, or is due as the first thing on the connection.
        case head(since: NIODeadline)
        case body(since: NIODeadline)
        /// Nothing of a further request has come.
        case quiet(since: NIODeadline)
    }

    private let limits: ConnectionLimits
    private var reading: Reading
    private(set) var answersOwed = 0
    /// The answer is a stream of events, which has no end of its own.
    private(set) var isStreaming = false
    /// Since when nothing of the answer is taken; nil while it flows.
    private var stuckSince: NIODeadline?
    private var closedSince: NIODeadline?

    init(limits: ConnectionLimits, openedAt now: NIODeadline) {
        self.limits = limits
        reading = .head(since: now)
    }

    // MARK: What happened

    /// Bytes came that did not complete a head.
    mutating func bytesCame(_ now: NIODeadline) {
        switch reading {
        case .quiet: reading = .head(since: now)
        case .head, .body: break
        }
    }

    mutating func headCame(_ now: NIODeadline) {
        reading = .body(since: now)
        answersOwed += 1
    }

    mutating func bodyEnded(_ now: NIODeadline) { reading = .quiet(since: now) }

    mutating func streamBegan() { isStreaming = true }

    /// Times that ran while the server had the turn begin anew: it is not the peer that was slow.
    mutating func answerEnded(_ now: NIODeadline) {
        answersOwed = max(0, answersOwed - 1)
        isStreaming = false
        switch reading {
        case .quiet: reading = .quiet(since: now)
        case .head: reading = .head(since: now)
        case .body: break
        }
    }

    mutating func writabilityChanged(_ isWritable: Bool, _ now: NIODeadline) { stuckSince = isWritable ? nil : now }

    mutating func outputClosed(_ now: NIODeadline) { closedSince = closedSince ?? now }

    // MARK: What follows

    /// The far end is who has to do something next: closing the connection then costs nobody an answer but the one who
    /// is slow. A stream counts likewise: its client goes on where it left off, and all streams together keep nobody out
    /// (docs/contract/feed.md#limits).
    var waitsForPeer: Bool {
        if stuckSince != nil || answersOwed == 0 || isStreaming { return true }
        return if case .body = reading { true } else { false }
    }

    /// When it is too late, and for what; nil while nothing is waited for.
    var deadline: (at: NIODeadline, expiry: Expiry)? {
        var deadlines: [(at: NIODeadline, expiry: Expiry)] = []
        switch reading {
        case .body(let since): deadlines.append((since + limits.body, .body))
        case .head(let since) where answersOwed == 0: deadlines.append((since + limits.head, .head))
        case .quiet(let since) where answersOwed == 0: deadlines.append((since + limits.idle, .idle))
        case .head, .quiet: break
        }
        if let stuckSince { deadlines.append((stuckSince + limits.send, .send)) }
        if let closedSince { deadlines.append((closedSince + ConnectionLimits.linger, .linger)) }
        return deadlines.min { $0.at < $1.at }
    }
}
