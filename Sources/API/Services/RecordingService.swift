package import Telephony

/// Recordings as the REST room asks for them.
package protocol RecordingService: Sendable {
    /// Nil for one that does not exist or is another account's.
    func recording(_ id: RecordingID, of account: AccountID) async throws -> Recording?

    /// The account's recordings, newest first, at most ``PageLimits/pageSize`` of them.
    func recordings(of account: AccountID, matching filter: RecordingFilter, after cursor: PageCursor?) async throws
        -> Page<Recording>

    /// The recording's file, as far as it has been written; nil where it is gone.
    ///
    /// - Throws: where it is there and cannot be opened.
    func file(of recording: Recording) throws -> OpenFile?

    /// Removes the file and keeps what is known of it (docs/contract/rest.md#recordings). On disk when it returns.
    func delete(_ recording: Recording, now: Timestamp) async throws
}
