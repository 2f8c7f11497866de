import FoundationEssentials
import JSON
import SIP
import Telephony

/// What a start needs to end an unfinished call, or to go on with one that waits (ARCHITECTURE.md#records): versioned
/// JSON, written at stable points, kept until the call owes nothing to anybody.
struct CallRecord: Hashable, Sendable, Codable {
    /// The version that this code writes, and the only one that it reads.
    static let currentVersion = 1

    enum Phase: String, Hashable, Sendable, Codable {
        /// Waits for its turn; no INVITE has left.
        case queued
        /// An INVITE may have left.
        case dialling
        /// Answered; the script runs.
        case connected
        /// Its terminal status stands and its webhooks are stored; the far end has still to be told.
        case over
    }

    var version = CallRecord.currentVersion
    var phase: Phase
    var call: Call
    var requestID: RequestID
    var callConnectURL: WebURL?
    var statusCallbackURL: WebURL?
    var sendDigits: String?
    var ringTimeoutSeconds: Int
    var eventSequence: Int
    /// `privacyMode`; absent in records of earlier versions.
    var isPrivate: Bool?
    /// StartRecordCall's, which callStatus tells of; absent in records of earlier versions.
    var callRecordingID: RecordingID?
    /// Absent where it means nothing to another process, and in records of earlier versions.
    var clock: CallClock?
    /// Of a call that waits; absent in records of earlier versions.
    var ifMachine: MachineHandling.Kind?
    var ifMachineURL: WebURL?
    var ifMachineBeepSeconds: Int?
    /// Nil while no INVITE may have left.
    var session: SessionRecord?

    var machineHandling: MachineHandling? {
        switch ifMachine {
        case .hangup: .hangup
        case .redirect: ifMachineURL.map(MachineHandling.redirect)
        case nil: nil
        }
    }

    /// What the sorted-keys `JSONEncoder` would print: members in alphabetical order, for a dictionary's order differs
    /// from process to process (ARCHITECTURE.md#determinism), absent ones left out.
    var bytes: [UInt8] {
        var writer = JSONWriter(capacity: 2048)
        writer.object { writer in
            writer.member("call") { call.writeMembers(into: &$0) }
            if let callConnectURL { writer.member("callConnectURL", callConnectURL.text) }
            if let callRecordingID { writer.member("callRecordingID", callRecordingID.text) }
            if let clock { writer.nested("clock") { clock.write(into: &$0) } }
            writer.member("eventSequence", eventSequence)
            if let ifMachine { writer.member("ifMachine", ifMachine.rawValue) }
            if let ifMachineBeepSeconds { writer.member("ifMachineBeepSeconds", ifMachineBeepSeconds) }
            if let ifMachineURL { writer.member("ifMachineURL", ifMachineURL.text) }
            if let isPrivate { writer.member("isPrivate", isPrivate) }
            writer.member("phase", phase.rawValue)
            writer.member("requestID", requestID.text)
            writer.member("ringTimeoutSeconds", ringTimeoutSeconds)
            if let sendDigits { writer.member("sendDigits", sendDigits) }
            if let session { writer.nested("session") { session.write(into: &$0) } }
            if let statusCallbackURL { writer.member("statusCallbackURL", statusCallbackURL.text) }
            writer.member("version", version)
        }
        return writer.bytes
    }

    init(
        phase: Phase, call: Call, requestID: RequestID, callConnectURL: WebURL?, statusCallbackURL: WebURL?,
        sendDigits: String?, ringTimeoutSeconds: Int, eventSequence: Int, isPrivate: Bool?,
        callRecordingID: RecordingID?, clock: CallClock? = nil, ifMachine: MachineHandling? = nil,
        ifMachineBeepSeconds: Int? = nil, session: SessionRecord?
    ) {
        self.phase = phase
        self.call = call
        self.requestID = requestID
        self.callConnectURL = callConnectURL
        self.statusCallbackURL = statusCallbackURL
        self.sendDigits = sendDigits
        self.ringTimeoutSeconds = ringTimeoutSeconds
        self.eventSequence = eventSequence
        self.isPrivate = isPrivate
        self.callRecordingID = callRecordingID
        self.clock = clock
        self.ifMachine = ifMachine?.kind
        ifMachineURL = ifMachine?.url
        self.ifMachineBeepSeconds = ifMachineBeepSeconds
        self.session = session
    }

    /// Throws the decoder's words, or a version that this code does not read.
    init(reading bytes: [UInt8]) throws {
        self = try JSONDecoder().decode(CallRecord.self, from: Data(bytes))
        guard version == Self.currentVersion else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: [], debugDescription: "record version \(version); \(Self.currentVersion) is read"))
        }
    }
}

extension CallClock {
    fileprivate func write(into writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("instant", instant.nanoseconds)
            if let source { writer.member("source", source) }
            writer.member("wall", wall.microseconds)
        }
    }
}

extension Call {
    fileprivate func writeMembers(into writer: inout JSONWriter) {
        writer.member("accountID", accountID.text)
        if let answeredBy { writer.member("answeredBy", answeredBy.rawValue) }
        if let applicationID { writer.member("applicationID", applicationID.text) }
        writer.member("callID", callID.text)
        if let connectTime { writer.member("connectTime", connectTime.microseconds) }
        writer.member("dateCreated", dateCreated.microseconds)
        writer.member("dateUpdated", dateUpdated.microseconds)
        writer.member("direction", direction.rawValue)
        if let endTime { writer.member("endTime", endTime.microseconds) }
        if let endedReason { writer.member("endedReason", endedReason.rawValue) }
        writer.member("from", from)
        if let parentCallID { writer.member("parentCallID", parentCallID.text) }
        if let phoneNumberID { writer.member("phoneNumberID", phoneNumberID.text) }
        writer.member("revision", revision)
        if let startTime { writer.member("startTime", startTime.microseconds) }
        writer.member("status", status.rawValue)
        writer.member("to", to)
    }
}
