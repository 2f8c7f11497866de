/// A call as the API shows it (docs/contract/calls.md#the-call-resource): facts only, no machinery.
package struct Call: Hashable, Sendable, Codable {
    package var callID: CallID
    package var accountID: AccountID
    package var applicationID: ApplicationID?
    package var parentCallID: CallID?
    package var phoneNumberID: PhoneNumberID?
    package var from: String
    package var to: String
    package var direction: CallDirection
    package var status: CallStatus
    package var endedReason: CallEndedReason?
    package var answeredBy: AnsweredBy?
    package var dateCreated: Timestamp
    package var dateUpdated: Timestamp
    /// 1 at creation, one more with each change.
    package var revision: Int
    /// When the first INVITE was sent (docs/contract/calls.md#ringing).
    package var startTime: Timestamp?
    package var connectTime: Timestamp?
    package var endTime: Timestamp?

    /// Of a call that nothing has happened to yet.
    package static let firstRevision = 1

    package init(
        callID: CallID, accountID: AccountID, applicationID: ApplicationID?, parentCallID: CallID?,
        phoneNumberID: PhoneNumberID?, from: String, to: String, direction: CallDirection, status: CallStatus,
        created: Timestamp
    ) {
        self.callID = callID
        self.accountID = accountID
        self.applicationID = applicationID
        self.parentCallID = parentCallID
        self.phoneNumberID = phoneNumberID
        self.from = from
        self.to = to
        self.direction = direction
        self.status = status
        self.dateCreated = created
        self.dateUpdated = created
        self.revision = Self.firstRevision
    }

    /// Seconds from the start to the end, rounded up; null for a call that was never answered or goes on
    /// (docs/contract/calls.md#durations).
    package var durationSeconds: Int? {
        guard connectTime != nil, let startTime, let endTime else { return nil }
        return endTime.secondsRoundedUp(since: startTime)
    }

    /// Seconds from the answer to the end, rounded up; null as above.
    package var connectDurationSeconds: Int? {
        guard let connectTime, let endTime else { return nil }
        return endTime.secondsRoundedUp(since: connectTime)
    }
}
