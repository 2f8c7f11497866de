package import JSON

/// One line of a call's story: what came in, was decided, or went out (ARCHITECTURE.md#journal).
///
/// The journal is append-only. `GET ~/Calls/{id}/Logs` reads it as it stands, so private values are masked
/// (``Mask``) before an entry is made.
package struct JournalEntry: Hashable, Sendable, Codable {
    package var timestamp: Timestamp
    /// Rising within a call, from 1; entries of one instant keep their order by it. 0 for entries of no call.
    package var sequence: Int
    package var level: JournalLevel
    /// Where it comes from: the API's log has no such field, so it goes into `metadata` as `scope`.
    package var scope: JournalScope
    package var accountID: AccountID
    package var callID: CallID?
    /// Of what several calls share, where the entry is of its story; such an entry is of no call.
    package var room: RoomID?
    package var requestID: RequestID?
    package var message: String
    package var metadata: [String: JSONValue]

    package init(
        timestamp: Timestamp, sequence: Int, level: JournalLevel, scope: JournalScope, accountID: AccountID,
        callID: CallID?, room: RoomID? = nil, requestID: RequestID?, message: String,
        metadata: [String: JSONValue] = [:]
    ) {
        self.timestamp = timestamp
        self.sequence = sequence
        self.level = level
        self.scope = scope
        self.accountID = accountID
        self.callID = callID
        self.room = room
        self.requestID = requestID
        self.message = message
        self.metadata = metadata
    }
}

/// How grave an entry is (docs/contract/rest.md#logs; the SDKs accept these three in lower case).
package enum JournalLevel: String, Codable, Sendable, CaseIterable {
    case info, warning, error
}

/// What part of the call an entry tells of.
package enum JournalScope: String, Codable, Sendable, CaseIterable {
    case request, status, sip, webhook, percl, media
}
