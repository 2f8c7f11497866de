/// A recording (docs/contract/rest.md#recordings): its file has the recording's id for a name.
package struct Recording: Hashable, Sendable {
    /// A private recording can be had for this long after its end (docs/contract/rest.md#recordings).
    package static let privateLifetimeSeconds = 120

    package enum Owner: Hashable, Sendable {
        case call(CallID)
        case conference(ConferenceID)
        /// What one call said and heard in a conference: the call's, and the conference's too.
        case participant(CallID, in: ConferenceID)
    }

    package var recordingID: RecordingID
    package var accountID: AccountID
    /// Whose it is: of a call, of a conference, or of a call in one.
    package var owner: Owner
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
        recordingID: RecordingID, accountID: AccountID, owner: Owner, created: Timestamp, isPrivate: Bool
    ) {
        self.recordingID = recordingID
        self.accountID = accountID
        self.owner = owner
        dateCreated = created
        dateUpdated = created
        revision = 1
        durationSeconds = nil
        self.isPrivate = isPrivate
        isDeleted = false
    }

    package var callID: CallID? {
        switch owner {
        case .call(let id), .participant(let id, in: _): id
        case .conference: nil
        }
    }

    package var conferenceID: ConferenceID? {
        switch owner {
        case .conference(let id), .participant(_, in: let id): id
        case .call: nil
        }
    }

    /// Nobody may have its file any more, whether it lies there or not.
    package func isGone(at now: Timestamp) -> Bool {
        guard !isDeleted else { return true }
        guard isPrivate, durationSeconds != nil else { return false }
        return now.microseconds - dateUpdated.microseconds > Int64(Self.privateLifetimeSeconds) * 1_000_000
    }
}
