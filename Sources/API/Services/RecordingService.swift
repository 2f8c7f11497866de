package import Telephony

/// Recordings as the REST room asks for them.
package protocol RecordingService: Sendable {
    /// Nil for one that does not exist or is another account's.
    func recording(_ id: RecordingID, of account: AccountID) async throws -> Recording?

    /// The account's recordings, newest first, at most ``PageLimits/pageSize`` of them.
    func recordings(of account: AccountID, matching filter: RecordingFilter, after cursor: PageCursor?) async throws
        -> Page<Recording>

    /// Where the recording's file lies; nil where it is gone.
    func file(of recording: Recording) -> String?

    /// Removes the file and keeps what is known of it (docs/contract/rest.md#recordings). On disk when it returns.
    func delete(_ recording: Recording, now: Timestamp) async throws
}
