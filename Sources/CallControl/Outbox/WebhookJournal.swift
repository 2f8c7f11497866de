import JSON
import PerCL
import Telephony

/// What the journal says of a webhook's attempts.
enum WebhookJournal {
    static func answer(
        to webhook: Webhook, _ outcome: WebhookOutcome, milliseconds: Int, attempt: Int?
    ) -> (level: JournalLevel, message: String, metadata: [String: JSONValue]) {
        var metadata: [String: JSONValue] = [
            "eventId": .string(webhook.eventID.text), "url": .string(webhook.url.description),
            "milliseconds": JSONValue(milliseconds),
        ]
        if let attempt { metadata["attempt"] = JSONValue(attempt) }
        if let conference = webhook.owner.conferenceID { metadata["conferenceId"] = .string(conference.text) }
        switch outcome {
        case .answered(let status, let contentType, let body):
            metadata["status"] = JSONValue(status)
            metadata["contentType"] = JSONValue(contentType)
            metadata["responseBody"] = .string(shown(body))
            return (
                (200..<300).contains(status) ? .info : .warning, "Webhook \(webhook.requestType) answered : \(status)",
                metadata
            )
        case .answerTooLarge(let status):
            metadata["status"] = JSONValue(status)
            return (.warning, "Webhook \(webhook.requestType) answered : \(status), too large", metadata)
        case .redirected(let status, let location):
            metadata["status"] = JSONValue(status)
            metadata["location"] = JSONValue(location.map(Mask.userInfo(in:)))
            metadata["explanation"] = .string(redirect(status, to: location))
            return (.warning, "Webhook \(webhook.requestType) answered : \(status)", metadata)
        case .failed(let failure):
            metadata["explanation"] = .string(failure.explanation)
            if let status = failure.status { metadata["status"] = JSONValue(status) }
            return (
                webhook.purpose == .script ? .error : .warning,
                "Webhook \(webhook.requestType) failed : \(failure.kind.rawValue)", metadata
            )
        }
    }

    /// Why an answer that leads elsewhere helps nobody, and what does.
    static func redirect(_ status: Int, to location: String?) -> String {
        let target = location.map { " to \(Mask.userInfo(in: $0))" } ?? ""
        return "the answer is \(status), a redirect\(target), and a webhook follows none; "
            + "give the URL that it leads to in the first place"
    }

    /// What the journal says when a notification is not tried any more without having been delivered; nil for one that
    /// was.
    static func end(
        of webhook: Webhook, _ end: NotificationEnd, attempts: Int
    ) -> (level: JournalLevel, message: String, metadata: [String: JSONValue])? {
        let times = attempts == 1 ? "once" : "\(attempts) times"
        let explanation: String
        switch end {
        case .delivered: return nil
        case .unanswered:
            explanation =
                "it was posted \(times), and the app never answered: it may have it or not; "
                + "end each request in the app's handler with an answer, such as an empty 200"
        case .givenUp:
            explanation =
                "it was posted \(times), and never taken; what came of each try stands above; the call itself can be "
                + "asked for over REST"
        case .redirected:
            explanation =
                "it was posted \(times), and answered with a redirect, which is not followed and counts as no "
                + "delivery; give the URL that it leads to in the first place"
        }
        var metadata: [String: JSONValue] = [
            "eventId": .string(webhook.eventID.text), "url": .string(webhook.url.description),
            "attempts": JSONValue(attempts), "explanation": .string(explanation),
        ]
        if let conference = webhook.owner.conferenceID { metadata["conferenceId"] = .string(conference.text) }
        return (.error, "Webhook \(webhook.requestType) not delivered : \(end.rawValue)", metadata)
    }

    /// The beginning of an answer. What a command with privacyMode keeps to itself is masked
    /// (docs/contract/privacy.md#the-mask); a text that may hold such a command and cannot be read is masked whole.
    private static func shown(_ body: [UInt8]) -> String {
        // A name may be written with escapes.
        guard mentions("privacyMode", body) || mentions("\\u00", body) else { return Excerpt.of(body) }
        guard let value = try? JSONValue(parsing: body) else { return Mask.text }
        return Excerpt.of(masked(value).bytes)
    }

    private static func mentions(_ word: StaticString, _ body: [UInt8]) -> Bool {
        word.withUTF8Buffer { word in
            // Safe: `start` leaves room for the whole word, and neither buffer leaves its closure.
            unsafe body.withUnsafeBufferPointer { body in
                guard let first = unsafe word.first, body.count >= word.count else { return false }
                for start in 0...(body.count - word.count) where unsafe body[start] == first {
                    if (1..<word.count).allSatisfy({ unsafe body[start + $0] == word[$0] }) { return true }
                }
                return false
            }
        }
    }

    /// Attributes of PerCL commands that privacyMode hides (docs/contract/privacy.md#what-privacymode-hides), of whichever
    /// command: in a text that is no script they stand for the same.
    private static let privateAttributes = Command.Kind.allCases.reduce(into: Set<String>()) { names, kind in
        names.formUnion(kind.privateAttributes)
    }

    private static func masked(_ value: JSONValue) -> JSONValue {
        switch value {
        case .array(let elements): return .array(elements.map(masked))
        case .object(let members):
            // Whoever asked for privacy in words that are not taken has asked for it.
            let isPrivate = !([nil, false, .null] as [JSONValue?]).contains(members["privacyMode"])
            return .object(
                Dictionary(
                    uniqueKeysWithValues: members.map { name, value in
                        (name, isPrivate && privateAttributes.contains(name) ? .string(Mask.text) : masked(value))
                    }))
        case .null, .bool, .integer, .number, .string: return value
        }
    }

    /// As above, after the call was forgotten: behind all its attempts.
    static func lateEnd(of webhook: Webhook, _ end: NotificationEnd, attempts: Int, now: Timestamp) -> JournalEntry? {
        guard let entry = self.end(of: webhook, end, attempts: attempts) else { return nil }
        return JournalEntry(
            timestamp: now, sequence: (webhook.eventSequence + 1) * lateSpan + lateSpan - 1, level: entry.level,
            scope: .webhook, accountID: webhook.accountID, callID: webhook.owner.callID,
            room: webhook.owner.conferenceID.map(RoomID.conference), requestID: webhook.requestID,
            message: entry.message, metadata: entry.metadata)
    }

    /// More entries than one notification makes after its call was forgotten.
    private static let lateSpan = 100_000

    /// An attempt after the call was forgotten: its place in the call's journal is behind everything, by the event
    /// and the attempt.
    static func lateEntry(
        for webhook: Webhook, _ outcome: WebhookOutcome, milliseconds: Int, attempt: Int, now: Timestamp
    ) -> JournalEntry {
        let (level, message, metadata) = answer(to: webhook, outcome, milliseconds: milliseconds, attempt: attempt)
        return JournalEntry(
            timestamp: now, sequence: (webhook.eventSequence + 1) * lateSpan + attempt, level: level, scope: .webhook,
            accountID: webhook.accountID, callID: webhook.owner.callID,
            room: webhook.owner.conferenceID.map(RoomID.conference), requestID: webhook.requestID, message: message,
            metadata: metadata)
    }
}
