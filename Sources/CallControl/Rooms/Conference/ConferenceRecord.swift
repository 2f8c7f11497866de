import FoundationEssentials
import JSON
import Telephony

/// What a start needs to take up a conference, beside its row: versioned JSON.
struct ConferenceRecord: Hashable, Sendable {
    /// The version that this code writes, and the only one that it reads.
    static let currentVersion = 1

    var version = ConferenceRecord.currentVersion
    var origin: ConferenceOrigin
    var eventSequence: Int
    var journalSequence: Int
    /// Being made, or not complete yet, in the order in which they began. While there are some, a conference that has
    /// been terminated has a record, too.
    var recordingIDs: [RecordingID]

    init(_ origin: ConferenceOrigin, _ story: ConferenceStory, recordingIDs: [RecordingID]) {
        self.origin = origin
        eventSequence = story.eventSequence
        journalSequence = story.journalSequence
        self.recordingIDs = recordingIDs
    }

    /// Throws the decoder's words, or a version that this code does not read.
    init(reading bytes: [UInt8]) throws {
        self = try JSONDecoder().decode(ConferenceRecord.self, from: Data(bytes))
        guard version == Self.currentVersion else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: [], debugDescription: "record version \(version); \(Self.currentVersion) is read"))
        }
    }

    /// In place of one that cannot be read: nobody knows any more what made the conference.
    init(unreadableOf request: RequestID) {
        origin = ConferenceOrigin(requestID: request, call: nil)
        eventSequence = 0
        journalSequence = 0
        recordingIDs = []
    }

    /// As ``CallRecord/bytes``.
    var bytes: [UInt8] {
        var writer = JSONWriter(capacity: 256)
        writer.object { writer in
            writer.member("eventSequence", eventSequence)
            writer.member("journalSequence", journalSequence)
            writer.member("origin") { writer in
                if let call = origin.call {
                    writer.member("call") { writer in
                        writer.member("callID", call.callID.text)
                        writer.member("direction", call.direction.rawValue)
                        writer.member("from", call.from)
                        if let parent = call.parentCallID { writer.member("parentCallID", parent.text) }
                        writer.member("to", call.to)
                    }
                }
                writer.member("requestID", origin.requestID.text)
            }
            writer.array("recordingIDs") { writer in
                for id in recordingIDs { writer.value(.string(id.text)) }
            }
            writer.member("version", version)
        }
        return writer.bytes
    }
}

extension ConferenceRecord: Decodable {
    private enum Member: String, CodingKey {
        case version, origin, eventSequence, journalSequence, recordingIDs
        /// Where one at most was named.
        case recordingID
    }

    init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: Member.self)
        version = try members.decode(Int.self, forKey: .version)
        origin = try members.decode(ConferenceOrigin.self, forKey: .origin)
        eventSequence = try members.decode(Int.self, forKey: .eventSequence)
        journalSequence = try members.decode(Int.self, forKey: .journalSequence)
        let one = try members.decodeIfPresent(RecordingID.self, forKey: .recordingID)
        recordingIDs =
            try members.decodeIfPresent([RecordingID].self, forKey: .recordingIDs) ?? one.map { [$0] } ?? []
    }
}
