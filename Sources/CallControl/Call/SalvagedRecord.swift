import FoundationEssentials
import JSON
import SIP
import Telephony

/// What can be read of a record that cannot be read as a whole: cut off, damaged, or of a version to come. The call
/// itself is known from its row; of the rest each member is taken that is what it should be.
struct SalvagedRecord: Hashable, Sendable {
    var requestID: RequestID?
    var callConnectURL: WebURL?
    var statusCallbackURL: WebURL?
    var eventSequence: Int?
    var isPrivate: Bool?
    var callRecordingID: RecordingID?
    var session: SessionRecord?

    init(_ bytes: [UInt8]) { self.init(members: Self.members(bytes)) }

    private init(members: [String: JSONValue]) {
        requestID = members["requestID"]?.string.flatMap { RequestID($0) }
        callConnectURL = members["callConnectURL"]?.string.flatMap { WebURL(stored: $0) }
        statusCallbackURL = members["statusCallbackURL"]?.string.flatMap { WebURL(stored: $0) }
        if case .integer(let number)? = members["eventSequence"], (0...Self.highestSequence).contains(number) {
            eventSequence = Int(number)
        }
        if case .bool(let flag)? = members["isPrivate"] { isPrivate = flag }
        callRecordingID = members["callRecordingID"]?.string.flatMap { RecordingID($0) }
        // Of version 1 it is a member of the record itself.
        let leg = members["leg"].flatMap { leg -> [String: JSONValue]? in
            if case .object(let members) = leg { members } else { nil }
        }
        session = (leg?["session"] ?? members["session"]).flatMap { Self.session($0) }
    }

    /// No call has had so many events.
    private static let highestSequence: Int64 = 1 << 32

    private static func session(_ value: JSONValue) -> SessionRecord? {
        guard let record = try? JSONDecoder().decode(SessionRecord.self, from: Data(value.bytes)),
            record.version == SessionRecord.currentVersion
        else { return nil }
        return record
    }

    /// The members of an object, as many as there are before it breaks off.
    private static func members(_ bytes: [UInt8]) -> [String: JSONValue] {
        if case .object(let members)? = try? JSONValue(parsing: bytes) { return members }
        var separators = separators(in: bytes)
        while let last = separators.popLast() {
            let whole = Array(bytes[..<last]) + [UInt8(ascii: "}")]
            if case .object(let members)? = try? JSONValue(parsing: whole) { return members }
        }
        return [:]
    }

    /// Where commas stand between members of the outermost object, of the first 64: a record has a dozen.
    private static func separators(in bytes: [UInt8]) -> [Int] {
        var places: [Int] = []
        var depth = 0
        var isText = false
        var isEscaped = false
        for (index, byte) in bytes.enumerated() where places.count < 64 {
            if isEscaped {
                isEscaped = false
            } else if isText {
                isEscaped = byte == UInt8(ascii: "\\")
                isText = byte != UInt8(ascii: "\"")
            } else {
                switch byte {
                case UInt8(ascii: "\""): isText = true
                case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
                case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
                case UInt8(ascii: ",") where depth == 1: places.append(index)
                default: break
                }
            }
        }
        return places
    }
}

extension CallRecord {
    /// In place of one that cannot be read: what the call's row says, and what could be salvaged. It serves to end the
    /// call.
    init(_ row: UnfinishedRow, _ salvaged: SalvagedRecord, node: UInt16, random: inout RandomSource) {
        let phase: LegRecord.Phase =
            switch row.call.status {
            case .queued, .ringing: row.call.direction == .inbound ? .incoming : .ringing
            case .inProgress: .answered
            case .completed, .failed, .busy, .noAnswer, .canceled: .over
            }
        let terms = CallTerms(
            requestID: salvaged.requestID ?? RequestID(random: &random), callConnectURL: salvaged.callConnectURL,
            statusCallbackURL: salvaged.statusCallbackURL ?? row.applicationStatusCallbackURL,
            isPrivate: salvaged.isPrivate ?? false)
        self.init(
            of: row.call, node: node, terms: terms, eventSequence: max(salvaged.eventSequence ?? 0, row.eventSequence),
            callRecordingID: salvaged.callRecordingID, leg: LegRecord(phase, session: salvaged.session))
    }
}
