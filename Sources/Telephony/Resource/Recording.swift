/// A recording (docs/contract/rest.md#recordings): its file has the recording's id for a name.
package struct Recording: Hashable, Sendable {
    /// A private recording can be had for this long after its end (docs/contract/rest.md#recordings).
    package static let privateLifetimeSeconds = 120

    package var recordingID: RecordingID
    package var accountID: AccountID
    package var callID: CallID
    package var dateCreated: Timestamp
    package var dateUpdated: Timestamp
    package var revision: Int
    /// Rounded up; nil while it is being recorded.
    package var durationSeconds: Int?
    /// RecordUtterance's privacyMode.
    package var isPrivate: Bool
    /// The file is gone; what is known of it stays.
    package var isDeleted: Bool

    package init(
        recordingID: RecordingID, accountID: AccountID, callID: CallID, created: Timestamp, isPrivate: Bool
    ) {
        self.recordingID = recordingID
        self.accountID = accountID
        self.callID = callID
        dateCreated = created
        dateUpdated = created
        revision = 1
        durationSeconds = nil
        self.isPrivate = isPrivate
        isDeleted = false
    }

    /// Nobody may have its file any more, whether it lies there or not.
    package func isGone(at now: Timestamp) -> Bool {
        guard !isDeleted else { return true }
        guard isPrivate, durationSeconds != nil else { return false }
        return now.microseconds - dateUpdated.microseconds > Int64(Self.privateLifetimeSeconds) * 1_000_000
    }
}
