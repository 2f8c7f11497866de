/// Which ended calls are asked for, over all accounts or of one.
package struct EndedCallFilter: Hashable, Sendable {
    package static let pageSize = 1000

    /// Nil: of all accounts.
    package var accountID: AccountID?
    /// Calls that ended at or after this moment.
    package var since: Timestamp?
    /// Calls that ended before this moment.
    package var until: Timestamp?

    package init(accountID: AccountID? = nil, since: Timestamp? = nil, until: Timestamp? = nil) {
        self.accountID = accountID
        self.since = since
        self.until = until
    }
}

/// Where a list of ended calls goes on: behind this one. Calls are in order of their end, and those of one moment in order of
/// their identifiers.
package struct EndedCallPosition: Hashable, Sendable {
    package let ended: Timestamp
    package let callID: CallID

    package init(ended: Timestamp, callID: CallID) {
        self.ended = ended
        self.callID = callID
    }

    package init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let ended = Int64(parts[0]), let callID = CallID(parts[1]) else {
            return nil
        }
        self.init(ended: Timestamp(microseconds: ended), callID: callID)
    }

    package var text: String { "\(ended.microseconds).\(callID)" }
}

/// At most ``EndedCallFilter/pageSize`` calls, oldest end first.
package struct EndedCalls: Sendable {
    package var calls: [Call]
    /// Nil where there are no more.
    package var next: EndedCallPosition?

    package init(calls: [Call], next: EndedCallPosition?) {
        self.calls = calls
        self.next = next
    }
}
