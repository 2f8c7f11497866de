/// What the user agent asks of every kind of session.
protocol SessionMachine: Sendable {
    var id: SessionID { get }
    /// Of its INVITE.
    var callID: String { get }
    /// True when the outcome has been told and nothing is under way any more; then the session is forgotten.
    var isQuiet: Bool { get }
    /// nil once there is nothing to recover.
    var record: SessionRecord? { get }

    mutating func end(reason: String?, _ bench: inout Workbench)
    mutating func answerOffer(_ sdp: [UInt8]?, _ headers: SIPHeaders, _ bench: inout Workbench)
    mutating func sendInfo(contentType: String, body: [UInt8], _ bench: inout Workbench)
    /// A host that a request waits for was looked up.
    mutating func resolved(_ host: String, _ addresses: [IPAddress], _ bench: inout Workbench)
    mutating func recordStored(_ hold: RecordHold, _ bench: inout Workbench)

    mutating func receive(_ response: SIPResponse, of key: TransactionKey, _ bench: inout Workbench)
    mutating func transactionFailed(_ key: TransactionKey, _ failure: TransactionFailure, _ bench: inout Workbench)
    mutating func transactionTerminated(_ key: TransactionKey, _ bench: inout Workbench)

    /// A request of the peer inside one of the session's dialogs, not ACK and not CANCEL; its transaction runs.
    mutating func receive(_ request: SIPRequest, _ dialog: DialogID, of key: TransactionKey, _ bench: inout Workbench)
    /// The peer sent CANCEL for its INVITE with that key.
    mutating func cancelByPeer(_ key: TransactionKey, _ bench: inout Workbench)
    mutating func receiveACK(_ request: SIPRequest, _ dialog: DialogID, _ bench: inout Workbench)
    mutating func fire(_ timer: SessionTimer, _ bench: inout Workbench)

    /// The last word before the session is forgotten.
    mutating func close(_ bench: inout Workbench)
}

/// How a client transaction came to nothing.
enum TransactionFailure: Equatable, Sendable {
    /// No answer within 64·T1.
    case timedOut
    /// The transport cannot reach the other side; why, in words.
    case notSent(String)
}
