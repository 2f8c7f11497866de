package import PQL
package import Telephony

/// Makes, changes and tells of calls: what the REST room asks of the runtime.
///
/// Everything that reaches it has been checked and belongs to the account named: the service decides only what
/// the state of the world decides.
package protocol CallService: Sendable {
    /// Returns once the call and its intent to dial are on disk (ARCHITECTURE.md#gates).
    ///
    /// - Throws: why the call was not made; then nothing is kept and nothing is dialled.
    func makeCall(_ request: CallRequest) async throws(CallRefusal) -> MadeCall

    /// The call that the account asked for by that key within the day before `now`, with the fingerprint of the request;
    /// nil where there is none.
    func call(keyed key: String, of account: AccountID, now: Timestamp) async throws
        -> (call: Call, fingerprint: [UInt8])?

    /// Asks a call to end (docs/contract/calls.md#cancel-and-hang-up). Returns when the request was taken; how it went
    /// is told by the status callback.
    ///
    /// - Throws: ``CallRefusal/notFound`` for a call that does not exist, is another account's, or has ended.
    func updateCall(_ id: CallID, of account: AccountID, to update: CallUpdate, requestID: RequestID)
        async throws(CallRefusal)

    /// The call as it stands now, nil for one that does not exist or is another account's.
    func call(_ id: CallID, of account: AccountID) async throws -> Call?

    /// The parent that a call is to have, with what it lends to its child (docs/contract/calls.md#connect-url,
    /// docs/contract/calls.md#status-callback-url); nil where there is no such call, or it has ended and been
    /// forgotten.
    func parent(_ id: CallID, of account: AccountID) async -> ParentCall?

    /// Whether a call has come in to the account from that number, or to it (docs/contract/calls.md#from).
    func hasInboundCall(with number: PhoneNumber, of account: AccountID) async throws -> Bool

    /// The account's calls, newest first, at most ``PageLimits/pageSize`` of them.
    ///
    /// - Throws: ``ListTooSlow`` among others.
    func calls(of account: AccountID, matching filter: CallFilter, after cursor: PageCursor?) async throws
        -> Page<Call>

    /// Calls that have ended, of all accounts or of one, for their detail records.
    func endedCalls(matching filter: EndedCallFilter, after position: EndedCallPosition?) async throws -> EndedCalls

    /// The call's journal, newest first; nil when there is no such call.
    func journal(of call: CallID, account: AccountID, after cursor: PageCursor?) async throws -> Page<JournalEntry>?

    /// The entries of the call's journal behind that one, oldest first, at most ``PageLimits/pageSize`` of them; none
    /// where there are no more.
    func journal(of call: CallID, account: AccountID, behind sequence: Int) async throws -> [JournalEntry]

    /// Whether the call will note nothing more, and all that it has noted can be read
    /// (docs/contract/feed.md#the-end). A call that does not exist is settled.
    func isSettled(_ call: CallID) async -> Bool

    /// The account's log, newest first, at most ``PageLimits/pageSize`` entries of it: the journals of all its calls,
    /// and what belongs to none of them.
    ///
    /// - Parameter query: only what it lets through; nil for everything.
    /// - Throws: ``LogRefusal`` among others.
    func logs(of account: AccountID, matching query: LogQuery?, after position: LogPosition?) async throws -> LogPage

    /// Takes an entry that belongs to no call (a refused request) into the account's log. Returns at once: nothing
    /// waits for it, and it may be dropped under load.
    func note(_ entry: JournalEntry)
}

/// A call as it was accepted.
package struct MadeCall: Sendable {
    package var call: Call
    /// How long it is expected to wait for its turn; 0 where it is dialled now.
    package var expectedWaitSeconds: Int

    package init(call: Call, expectedWaitSeconds: Int) {
        self.call = call
        self.expectedWaitSeconds = expectedWaitSeconds
    }
}

/// No index serves the filters of a list well enough, and it was given up.
package struct ListTooSlow: Error, Hashable, Sendable {
    package let milliseconds: Int

    package init(milliseconds: Int) { self.milliseconds = milliseconds }
}

/// Why the account's log was not searched.
package enum LogRefusal: Error, Hashable, Sendable {
    /// No index serves the query well enough, and it was given up.
    case tooSlow(milliseconds: Int)
    /// Too many searches are under way.
    case busy
}
