import Telephony

/// Tells one call's story to one listener: what its journal has behind the place where he left off, then what comes,
/// until the call owes its journal nothing more (docs/contract/feed.md#a-call).
///
/// What comes is kept for him from before the journal is read, so that nothing is missing between the two; what he has
/// by its sequence is not told again.
struct CallFeed {
    let id: CallID
    let account: AccountID
    let calls: any CallService
    let listening: FeedListening
    let pass: FeedPass
    /// The sequence of the last entry that he has.
    private var last: Int
    /// The call as he was told of it last.
    private var call: Call?

    /// - Parameter last: the sequence of the last entry that he has; 0: none.
    init(
        _ id: CallID, of account: AccountID, behind last: Int, calls: any CallService, listening: FeedListening,
        pass: FeedPass
    ) {
        self.id = id
        self.account = account
        self.last = last
        self.calls = calls
        self.listening = listening
        self.pass = pass
    }

    /// Returns when there is nothing more to tell, be it for now.
    mutating func run(into output: inout EventOutput) async throws {
        // Asked first: all that a settled call has noted is found then.
        let wasSettled = await calls.isSettled(id)
        try await catchUp(into: &output)
        if wasSettled { return try await end(into: &output) }
        var isSettling = false
        for await _ in listening.wakes {
            let taken = listening.take()
            for news in taken.news { try await tell(news, into: &output) }
            if taken.isBehind { return try await output.tell(.lagging) }
            if taken.isBeat, !pass.isGood { return }
            isSettling = isSettling || taken.isSettled
            // Asked again at each beat, for where a failing disk keeps the end to itself.
            if isSettling || taken.isBeat || taken.isClosed, await calls.isSettled(id) {
                try await catchUp(into: &output)
                return try await end(into: &output)
            }
            // The server stops: what its calls have come to is on disk by now, or will not be told by it.
            if taken.isClosed { return try await catchUp(into: &output) }
            if taken.isBeat { output.beat() }
            try await output.flush()
        }
    }

    /// What is on disk and he does not have.
    private mutating func catchUp(into output: inout EventOutput) async throws {
        if let call = try await calls.call(id, of: account) { try await tell(.call(call), into: &output) }
        while true {
            let entries = try await calls.journal(of: id, account: account, behind: last)
            guard !entries.isEmpty else { break }
            for entry in entries { try await tell(.entry(entry), into: &output) }
        }
        try await output.flush()
    }

    private mutating func tell(_ news: FeedNews, into output: inout EventOutput) async throws {
        switch news {
        case .call(let call):
            guard call.revision > self.call?.revision ?? 0 else { return }
            self.call = call
            try await output.tell(.call(call))
        case .entry(let entry):
            guard entry.sequence > last else { return }
            last = entry.sequence
            try await output.tell(.log(entry, id: "\(entry.sequence)"))
        }
    }

    private func end(into output: inout EventOutput) async throws {
        if let call { try await output.tell(.end(call)) }
    }
}
