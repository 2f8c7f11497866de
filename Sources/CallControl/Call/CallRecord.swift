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
    /// Of a call that waits in a queue, or parked; absent in records of earlier versions.
    var wait: Wait?

    /// What is told when it ends there.
    struct Wait: Hashable, Sendable, Codable {
        var actionURL: WebURL
        /// Nil: parked.
        var queueID: QueueID?
    }

    var machineHandling: MachineHandling? {
        switch ifMachine {
        case .hangup: .hangup
        case .redirect: ifMachineURL.map(MachineHandling.redirect)
        case nil: nil
        }
    }

    /// What the call was asked for, as far as it goes on: digits and machines matter to one that waits.
    var terms: CallTerms {
        CallTerms(
            requestID: requestID, callConnectURL: callConnectURL, statusCallbackURL: statusCallbackURL,
            sendDigits: sendDigits.flatMap { try? DigitString($0) }, ringTimeoutSeconds: ringTimeoutSeconds,
            isPrivate: isPrivate ?? false, ifMachine: machineHandling, machineBeepSeconds: ifMachineBeepSeconds)
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
            if let wait {
                writer.member("wait") { writer in
                    writer.member("actionURL", wait.actionURL.text)
                    if let queueID = wait.queueID { writer.member("queueID", queueID.text) }
                }
            }
        }
        return writer.bytes
    }

    init(
        phase: Phase, call: Call, terms: CallTerms, eventSequence: Int, callRecordingID: RecordingID?,
        clock: CallClock? = nil, session: SessionRecord?, wait: Wait? = nil
    ) {
        self.phase = phase
        self.call = call
        requestID = terms.requestID
        callConnectURL = terms.callConnectURL
        statusCallbackURL = terms.statusCallbackURL
        ringTimeoutSeconds = terms.ringTimeoutSeconds
        isPrivate = terms.isPrivate ? true : nil
        if phase == .queued {
            sendDigits = terms.sendDigits?.text
            ifMachine = terms.ifMachine?.kind
            ifMachineURL = terms.ifMachine?.url
            ifMachineBeepSeconds = terms.machineBeepSeconds
        }
        self.eventSequence = eventSequence
        self.callRecordingID = callRecordingID
        self.clock = clock
        self.session = session
        self.wait = wait
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

extension CallMachine {
    /// A restart would have something to do for it.
    var needsRecord: Bool { if case .over(let settling) = leg.phase { settling.awaitsSession } else { true } }

    /// What a restart would have to know of the call as it is now; nil where it would have nothing to do.
    var record: CallRecord? {
        let phase: CallRecord.Phase
        switch leg.phase {
        case .waiting: phase = .queued
        case .opening, .ringing, .incoming: phase = .dialling
        case .answered: phase = .connected
        case .over(let settling):
            guard settling.awaitsSession else { return nil }
            phase = .over
        }
        return CallRecord(
            phase: phase, call: dossier.call, terms: dossier.terms, eventSequence: dossier.eventSequence,
            callRecordingID: dossier.callRecordingID, clock: dossier.clock.source == nil ? nil : dossier.clock,
            session: leg.record,
            wait: talk?.waiting.map { CallRecord.Wait(actionURL: $0.actionURL, queueID: $0.queueID) })
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
