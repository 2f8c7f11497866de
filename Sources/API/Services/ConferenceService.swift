package import Telephony

/// Answers for an account's conferences. Everything that reaches it has been checked.
package protocol ConferenceService: Sendable {
    /// A change of one that goes on is answered when it is on disk. What was asked of one that has been terminated, or
    /// never was, comes to ``ConferenceReply/noConference``.
    func ask(_ request: ConferenceRequest, of account: AccountID, by requestID: RequestID) async -> ConferenceReply

    /// Terminated ones too, as long as they are kept. Nil: the account has none of that identifier.
    func conference(_ id: ConferenceID, of account: AccountID) async throws(APIError) -> Conference?

    /// Newest first, terminated ones too.
    func conferences(of account: AccountID, _ filter: ConferenceFilter, after cursor: PageCursor?)
        async throws(APIError) -> Page<Conference>

    /// What is told of a conference, or of a queue, newest first.
    func story(of room: RoomID, account: AccountID, after cursor: PageCursor?)
        async throws(APIError) -> Page<JournalEntry>
}
