import FoundationEssentials
import JSON
import SIP
import Telephony

/// What a start needs to end an unfinished call, or to go on with one that waits (ARCHITECTURE.md#records): versioned
/// JSON, written at stable points, kept until the call owes nothing to anybody. What its leg and its talk need to go on
/// are parts with versions of their own.
struct CallRecord: Hashable, Sendable, Codable {
    /// The version that this code writes. It reads the one before, too (``init(reading:)``).
    static let currentVersion = 2

    var version = CallRecord.currentVersion
    /// The node that owns the call; a start takes up its own alone.
    var node: UInt16
    var call: Call
    var requestID: RequestID
    var callConnectURL: WebURL?
    var statusCallbackURL: WebURL?
    /// Until they are being dialled, and no longer.
    var sendDigits: String?
    var ringTimeoutSeconds: Int
    var eventSequence: Int
    /// `privacyMode`.
    var isPrivate: Bool?
    /// StartRecordCall's, which callStatus tells of.
    var callRecordingID: RecordingID?
    /// Absent where it means nothing to another process.
    var clock: CallClock?
    var ifMachine: MachineHandling.Kind?
    var ifMachineURL: WebURL?
    var ifMachineBeepSeconds: Int?
    var leg: LegRecord
    /// Nil while there is nobody to talk to.
    var talk: TalkRecord?

    var machineHandling: MachineHandling? {
        switch ifMachine {
        case .hangup: .hangup
        case .redirect: ifMachineURL.map(MachineHandling.redirect)
        case nil: nil
        }
    }

    /// What the call was asked for, as far as it goes on: digits and machines matter to one that nobody has answered.
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
            writer.nested("leg") { leg.write(into: &$0) }
            writer.member("node", Int(node))
            writer.member("requestID", requestID.text)
            writer.member("ringTimeoutSeconds", ringTimeoutSeconds)
            if let sendDigits { writer.member("sendDigits", sendDigits) }
            if let statusCallbackURL { writer.member("statusCallbackURL", statusCallbackURL.text) }
            if let talk { writer.nested("talk") { talk.write(into: &$0) } }
            writer.member("version", version)
        }
        return writer.bytes
    }

    init(
        of call: Call, node: UInt16, terms: CallTerms, eventSequence: Int, callRecordingID: RecordingID?,
        clock: CallClock? = nil, leg: LegRecord, talk: TalkRecord? = nil
    ) {
        self.node = node
        self.call = call
        requestID = terms.requestID
        callConnectURL = terms.callConnectURL
        statusCallbackURL = terms.statusCallbackURL
        ringTimeoutSeconds = terms.ringTimeoutSeconds
        isPrivate = terms.isPrivate ? true : nil
        switch leg.phase {
        case .waiting, .opening, .ringing:
            sendDigits = terms.sendDigits?.text
            ifMachine = terms.ifMachine?.kind
            ifMachineURL = terms.ifMachine?.url
            ifMachineBeepSeconds = terms.machineBeepSeconds
        case .incoming, .answered, .over: break
        }
        self.eventSequence = eventSequence
        self.callRecordingID = callRecordingID
        self.clock = clock
        self.leg = leg
        self.talk = talk
    }

    /// Throws the decoder's words, or a version that this code does not read.
    init(reading bytes: [UInt8]) throws {
        let stored = try JSONDecoder().decode(Versions.self, from: Data(bytes))
        guard stored.version == Self.currentVersion else {
            self = try Self.ofFirstVersion(bytes, stored.version)
            return
        }
        for (part, version, read) in [
            ("leg", stored.leg?.version, LegRecord.currentVersion),
            ("talk", stored.talk?.version, TalkRecord.currentVersion),
        ] {
            guard let version, version != read else { continue }
            throw DecodingError.dataCorrupted(
                .init(codingPath: [], debugDescription: "the record's \(part) has version \(version); \(read) is read"))
        }
        self = try JSONDecoder().decode(CallRecord.self, from: Data(bytes))
    }

    private struct Versions: Decodable {
        struct Part: Decodable { var version: Int }
        var version: Int
        var leg: Part?
        var talk: Part?
    }
}

extension CallMachine {
    /// A restart would have something to do for it.
    var needsRecord: Bool { if case .over(let settling) = leg.phase { settling.awaitsSession } else { true } }

    /// What a restart of that node would have to know of the call as it is now; nil where it would have nothing to do.
    func record(of node: UInt16) -> CallRecord? {
        guard needsRecord else { return nil }
        return CallRecord(
            of: dossier.call, node: node, terms: dossier.terms, eventSequence: dossier.eventSequence,
            callRecordingID: dossier.callRecordingID, clock: dossier.clock.source == nil ? nil : dossier.clock,
            leg: leg.record, talk: talk?.record)
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
