import JSON
import Telephony

/// What a talk needs to be asked for again in another process (ARCHITECTURE.md#records): versioned by itself. Today the
/// app of a call that waits hears of its end by it.
struct TalkRecord: Hashable, Sendable, Codable {
    /// The version that this code writes, and the only one that it reads.
    static let currentVersion = 1

    /// What the app was asked last, and where.
    struct Request: Hashable, Sendable, Codable {
        var type: String
        /// The webhook's own fields. Private ones are not among them: what may not be read later is not written.
        var fields: JSONValue
        var url: WebURL
        /// Of the fields, those that are missing for being private.
        var privateFields: [String]
    }

    /// Where it waits.
    struct Wait: Hashable, Sendable, Codable {
        var actionURL: WebURL
        /// Nil: parked.
        var queueID: QueueID?
    }

    /// In which conference it is.
    struct Stay: Hashable, Sendable, Codable {
        var conferenceID: ConferenceID
        var leaveConferenceURL: WebURL?
    }

    var version = TalkRecord.currentVersion
    /// Nil before the first.
    var request: Request?
    /// The command of its script that is under way; nil while the script is awaited, and once it is through.
    var commandIndex: Int?
    /// Keys that nobody has asked for yet.
    var typedAhead: String
    var redirects: Int
    /// sendDigits have not all been dialled.
    var isDialling: Bool
    var stay: Stay?
    var wait: Wait?

    /// As ``CallRecord/bytes``.
    func write(into writer: inout JSONWriter) {
        writer.object { writer in
            if let commandIndex { writer.member("commandIndex", commandIndex) }
            writer.member("isDialling", isDialling)
            writer.member("redirects", redirects)
            if let request { writer.nested("request") { request.write(into: &$0) } }
            if let stay { writer.nested("stay") { stay.write(into: &$0) } }
            writer.member("typedAhead", typedAhead)
            writer.member("version", version)
            if let wait { writer.nested("wait") { wait.write(into: &$0) } }
        }
    }
}

extension TalkRecord.Request {
    init(_ request: ScriptRequest, at url: WebURL) {
        type = request.type
        fields = .object(request.extras.filter { !request.privateFields.contains($0.key) })
        self.url = url
        privateFields = request.privateFields.sorted()
    }

    fileprivate func write(into writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("fields", fields)
            writer.array("privateFields") { writer in
                for field in privateFields { writer.value(.string(field)) }
            }
            writer.member("type", type)
            writer.member("url", url.text)
        }
    }
}

extension TalkRecord.Stay {
    fileprivate func write(into writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("conferenceID", conferenceID.text)
            if let leaveConferenceURL { writer.member("leaveConferenceURL", leaveConferenceURL.text) }
        }
    }
}

extension TalkRecord.Wait {
    fileprivate func write(into writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("actionURL", actionURL.text)
            if let queueID { writer.member("queueID", queueID.text) }
        }
    }
}
