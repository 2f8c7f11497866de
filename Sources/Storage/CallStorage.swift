package import PQL
package import Telephony

/// Where calls, their journals and what they owe outlast the process (ARCHITECTURE.md#gates, ARCHITECTURE.md#records).
///
/// Writes are submitted in order and answered once they are on disk; reads see what has been committed. A reader
/// that must see what was submitted before waits for ``barrier()`` first. What nobody awaits may be seen some milliseconds
/// before it is on disk, but for the end of a call (docs/decisions/0004).
///
/// Lists are newest first: in order of creation, and what is of one moment in order of identifiers, byte by byte. A page
/// begins behind the place that its cursor names, whatever has come or gone since.
package protocol CallStorage: Sendable {
    typealias Completion = @Sendable (Result<Void, StorageError>) -> Void

    /// Submits one transaction and returns at once: callable from an event loop.
    ///
    /// All of the operations take effect, or none. Submissions take effect in the order in which they were made,
    /// and their completions run in that order, on a thread of storage's own, once neither a crash nor the loss of power can
    /// undo what they tell of. A completion must not block. Other submissions are not affected by one that fails.
    ///
    /// While the disk takes no writes (``StorageEvent/failing(_:)``), a transaction that begins a call fails at once,
    /// perhaps on the caller's thread; any other is kept and its completion runs when it is on disk, be it hours later,
    /// or with an error when storage is closed. What was not committed must not be told to anybody.
    ///
    /// - Parameter isAwaited: somebody waits for the commit. Otherwise it may be put off for some milliseconds, until
    ///   there is something else to commit; ``barrier()`` and ``flush()`` have it committed at once, ``close()`` also to last.
    func submit(_ operations: [StorageOperation], isAwaited: Bool, completion: Completion?)

    /// Operations that were submitted and are not yet committed: for overload decisions and for metrics.
    var pendingOperations: Int { get }

    /// Returns when everything submitted before can be read or has failed; at once while the disk takes no writes. It waits
    /// for no more: what nobody awaits gets to the disk when it would have without a reader.
    func barrier() async

    /// Whether what is submitted gets to the disk.
    var health: StorageHealth { get }

    /// The observer is told of what happens from now on, on any thread; it must not block.
    func observe(_ observer: @escaping @Sendable (StorageEvent) -> Void)

    /// From now on the observer is told what is on disk, one submission at a time, in order, before its completion: also
    /// what was written over within one commit. On the writer's thread: it must not block.
    func observeCommits(_ observer: @escaping @Sendable ([StorageOperation]) -> Void)

    /// Finds out whether the disk takes writes, where nothing has been written for so long. ``health`` has the answer.
    func probe(unlessWrittenWithin milliseconds: Int) async

    /// As ``barrier()``; besides, nothing that was removed before remains anywhere in the storage's files.
    func flush() async

    /// Commits what was submitted, then closes and lets others use the same files. Later submissions fail with ``StorageError/closed``.
    func close() async

    /// The call, if it is the account's.
    func call(_ callID: CallID, account: AccountID) async throws(StorageError) -> Call?

    /// The account's calls, newest first.
    func calls(account: AccountID, filter: CallFilter, after cursor: PageCursor?)
        async throws(StorageError) -> Page<Call>

    /// Calls that have ended, for their detail records.
    func endedCalls(_ filter: EndedCallFilter, after position: EndedCallPosition?)
        async throws(StorageError) -> EndedCalls

    /// The journal of the account's call, newest first by sequence; empty where the call is not the account's.
    func journal(of callID: CallID, account: AccountID, after cursor: PageCursor?)
        async throws(StorageError) -> Page<JournalEntry>

    /// The entries behind that one, oldest first, at most ``PageLimits/pageSize`` of them; none where the call is not the
    /// account's.
    func journal(of callID: CallID, account: AccountID, behind sequence: Int)
        async throws(StorageError) -> [JournalEntry]

    /// The account's log, newest first: the journals of all its calls, and what belongs to none of them.
    ///
    /// - Parameter query: only what it lets through; nil for everything.
    /// - Throws: ``StorageError/tooSlow(milliseconds:)`` for a query that no index makes fast enough, and
    ///   ``StorageError/busy`` while too many are asked at once.
    func logs(account: AccountID, query: LogQuery?, after position: LogPosition?) async throws(StorageError) -> LogPage

    /// The account's conference; one that has been terminated too, as long as it is kept.
    func conference(_ id: ConferenceID, account: AccountID) async throws(StorageError) -> Conference?

    /// The account's conferences, newest first.
    func conferences(account: AccountID, filter: ConferenceFilter, after cursor: PageCursor?)
        async throws(StorageError) -> Page<Conference>

    /// What is told of a conference, or of a queue, what was stored last first; empty where it is not the account's.
    func journal(of room: RoomID, account: AccountID, after cursor: PageCursor?)
        async throws(StorageError) -> Page<JournalEntry>

    /// Whether a call has come in to the account from that number, or to it (docs/contract/calls.md#from).
    func hasInboundCall(with number: PhoneNumber, account: AccountID) async throws(StorageError) -> Bool

    func recording(_ id: RecordingID, account: AccountID) async throws(StorageError) -> Recording?

    /// The account's recordings, newest first.
    func recordings(account: AccountID, filter: RecordingFilter, after cursor: PageCursor?)
        async throws(StorageError) -> Page<Recording>

    /// Those whose end a crash left unwritten, oldest first, of all accounts.
    func unfinishedRecordings() async throws(StorageError) -> [Recording]

    /// The call that the account asked for with that key since then, with the request's fingerprint.
    func call(keyed key: String, account: AccountID, since: Timestamp)
        async throws(StorageError) -> (call: CallID, fingerprint: [UInt8])?

    /// Forgets keys that were used before.
    func removeKeys(before: Timestamp) async throws(StorageError)

    /// Recordings of all accounts whose files lie there and need not any longer: private ones that were completed before
    /// the one moment, any that were begun before the other. Oldest first, at most `limit`.
    func expiredRecordings(privateBefore: Timestamp, before: Timestamp?, limit: Int)
        async throws(StorageError) -> [Recording]

    /// Completed recordings whose files lie there, of the account that has recorded longest in all, oldest first, at most
    /// `limit`: whoever fills the room for recordings loses of his own.
    func oldestRecordings(limit: Int) async throws(StorageError) -> [Recording]

    /// Removes calls that ended before, with all that is known of them, but for those that owe something still or have a
    /// recording whose file is kept.
    ///
    /// - Parameter position: where an earlier batch of the same sweep stopped, so that what it left is not looked at again.
    /// - Parameter limit: no more calls than so many, so that others get their turn between.
    /// - Returns: how many were removed, and where to go on; nil where there are no more.
    func removeCalls(endedBefore: Timestamp, after position: EndedCallPosition?, limit: Int)
        async throws(StorageError) -> (removed: Int, next: EndedCallPosition?)

    /// Removes conferences that were terminated before, with all that is known of them, but for those that owe something
    /// still or have a recording whose file is kept.
    ///
    /// - Parameter cursor: as the position of ``removeCalls(endedBefore:after:limit:)``.
    /// - Returns: how many were removed, and where to go on; nil where there are no more.
    func removeConferences(terminatedBefore: Timestamp, after cursor: PageCursor?, limit: Int)
        async throws(StorageError) -> (removed: Int, next: PageCursor?)

    /// Removes the journals of calls that ended before, and older entries of no call, those of conferences among them.
    ///
    /// - Parameter limit: no more calls, and entries, than so many.
    /// - Returns: of how many calls.
    func removeJournals(endedBefore: Timestamp, limit: Int) async throws(StorageError) -> Int

    /// What each account has used since then: calls begun, and seconds talked in calls that have ended since.
    func use(since: Timestamp) async throws(StorageError) -> [DayUse]

    /// What a start has to take up. See ``UnfinishedWork`` for the orders.
    func unfinishedWork() async throws(StorageError) -> UnfinishedWork

    /// Ends unfinished calls of which nothing can be read, and tells what it did in words for the operator.
    func endUnreadableCalls(now: Timestamp) async throws(StorageError) -> [String]
}

extension CallStorage {
    package func submit(_ operations: [StorageOperation], completion: Completion?) {
        submit(operations, isAwaited: true, completion: completion)
    }
}
