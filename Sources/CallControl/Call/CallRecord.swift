import FoundationEssentials
import SIP
import Telephony

/// What a start needs to end an unfinished call, or to go on with one that waits (DESIGN.md decision 7): versioned
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
    /// Nil while no INVITE may have left.
    var session: SessionRecord?

    /// Nil where it cannot be written, which no value of these types leads to.
    var bytes: [UInt8]? {
        let encoder = JSONEncoder()
        // Sorted, for a dictionary's order differs from process to process (DESIGN.md decision 10).
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(self)).map(Array.init)
    }

    init(
        phase: Phase, call: Call, requestID: RequestID, callConnectURL: WebURL?, statusCallbackURL: WebURL?,
        sendDigits: String?, ringTimeoutSeconds: Int, eventSequence: Int, isPrivate: Bool?, session: SessionRecord?
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
