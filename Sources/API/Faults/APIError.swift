import HTTPTypes
package import JSON
import PQL
import Telephony

/// Why a request was not fulfilled: everything that the answer says (docs/contract/rest.md#errors).
package struct APIError: Error, Sendable {
    /// The HTTP status code.
    package let status: Int
    package let code: ErrorCode
    /// Whole sentences for a person.
    package let message: String
    package let faults: [FieldFault]
    /// The name of the rule that refused it, where one did.
    package let rule: String?
    /// Where the API has what was asked for, and this version has not.
    let absence: Absence?

    struct Absence: Sendable {
        /// Its name in the API; nil where path and method are no operation's.
        let operation: String?
    }
    let headers: HTTPFields

    init(
        status: Int, code: ErrorCode, message: String, faults: [FieldFault] = [], rule: String? = nil,
        absence: Absence? = nil, headers: HTTPFields = [:]
    ) {
        self.absence = absence
        self.rule = rule
        self.status = status
        self.code = code
        self.message = message
        self.faults = faults
        self.headers = headers
    }

    /// The same, and the connection does not go on.
    var closing: Self {
        var headers = headers
        headers[.connection] = "close"
        return Self(
            status: status, code: code, message: message, faults: faults, rule: rule, absence: absence,
            headers: headers)
    }

    /// The `details` field: an object with the faulty fields and the rule that refused, empty where there are none.
    package var details: JSONValue {
        var details: [String: JSONValue] = [:]
        if !faults.isEmpty { details["fields"] = .array(faults.map(\.json)) }
        if let rule { details["rule"] = .string(rule) }
        if let absence {
            details["notInThisVersion"] = true
            if let operation = absence.operation { details["operation"] = .string(operation) }
        }
        return .object(details)
    }

    // MARK: The request's faults

    static func faults(_ faults: [FieldFault], remarks: [String] = []) -> Self {
        Self(
            status: 400, code: faults.contains(where: \.isMissing) ? .missingParameters : .malformedValue,
            message: (faults.map(\.sentence) + remarks).joined(separator: " "), faults: faults)
    }

    static func querySyntax(_ fault: LogQueryFault, in query: String) -> Self {
        var field = FieldFault.malformed("pql", given: .string(query), allowed: fault.allowed)
        field.place = FieldFault.Place(offset: fault.offset, column: fault.column)
        return Self(status: 400, code: .querySyntax, message: fault.sentence, faults: [field])
    }

    static func badBody(_ message: String) -> Self { Self(status: 400, code: .badRequestBody, message: message) }

    static func bodyTooLarge(limit: Int) -> Self {
        // What follows of the body is not read, so the connection cannot be used again (RFC 9110 §15.5.14).
        Self(
            status: 413, code: .badRequestBody, message: "The body is larger than \(limit) bytes.",
            headers: [.connection: "close"])
    }

    /// - Parameter allowed: which numbers it may be.
    static func numberNotOwned(_ number: PhoneNumber, field: String, allowed: String) -> Self {
        let fault = FieldFault.malformed(field, given: .string(number.text), allowed: allowed)
        return Self(status: 400, code: .numberNotOwned, message: fault.sentence, faults: [fault])
    }

    static func notFound(_ message: String) -> Self { Self(status: 404, code: .notFound, message: message) }

    /// - Parameter operation: its name in the API, where the method and path are one's.
    static func notInThisVersion(_ message: String, operation: String?) -> Self {
        Self(status: 404, code: .notFound, message: message, absence: Absence(operation: operation))
    }

    /// What a path names is not there. What cannot be an identifier at all is said to be none.
    ///
    /// - Parameter text: as it stands in the path.
    static func notFound<Kind: ResourceKind>(
        _ text: String, _: Kind.Type, _ beginning: String, code: ErrorCode = .notFound
    ) -> Self {
        let isIdentifier = Identifier<Kind>(text) != nil
        let form = "allowed: \(Kind.prefix) and \(Identifier<Kind>.digitCount) hexadecimal digits"
        return Self(
            status: 404, code: code,
            message: isIdentifier ? "\(beginning) \(text)." : "\(beginning) \(FieldFault.quoted(text)); \(form).")
    }

    static func conflict(_ message: String) -> Self { Self(status: 409, code: .resourceConflict, message: message) }

    static func noQueue(_ text: String) -> Self { notFound(text, QueueKind.self, "The account has no queue") }

    static func noConference(_ text: String) -> Self {
        notFound(text, ConferenceKind.self, "The account has no conference", code: .conferenceNotFound)
    }

    static func noParticipant(_ call: CallID, in conference: ConferenceID) -> Self {
        Self(
            status: 404, code: .conferenceNotFound, message: "The call \(call) is not in the conference \(conference).")
    }

    static func noRecording(_ text: String) -> Self {
        notFound(text, RecordingKind.self, "The account has no recording", code: .recordingNotFound)
    }

    static func recordingGone(_ id: RecordingID) -> Self {
        Self(status: 404, code: .resourceDeleted, message: "The file of the recording \(id) is gone.")
    }

    static func methodNotAllowed(_ method: String, path: String, allowed: [String]) -> Self {
        let list = allowed.joined(separator: ", ")
        return Self(
            status: 405, code: .methodNotAllowed, message: "\(path) has no \(method); allowed: \(list).",
            headers: [.allow: list])
    }

    // MARK: Who asks

    static let unauthorized = Self(
        status: 401, code: .unauthorized,
        message: "The account id and API key, sent by HTTP Basic authentication, are missing or wrong.",
        headers: [.wwwAuthenticate: #"Basic realm="Belay", charset="UTF-8""#])

    static let anotherAccount = Self(
        status: 403, code: .unauthorized, message: "The credentials are another account's than the path names.")

    static let notOperator = Self(
        status: 401, code: .unauthorized,
        message: "The operator's token, sent as Authorization: Bearer, is missing or wrong; it stands in the file "
            + "`admin` of the data folder.",
        headers: [.wwwAuthenticate: #"Bearer realm="Belay""#])

    static func accountNotActive(_ status: Account.Status) -> Self {
        Self(status: 403, code: .accountNotActive, message: "The account is \(status.rawValue).")
    }

    // MARK: The server's own

    static let internalFailure = Self(
        status: 500, code: .internalFailure, message: "The server failed; its log names the request by its Request-Id.")

    /// What another room threw.
    package static func failure(_ error: any Error) -> Self {
        switch (error as? any PassingFailure)?.trouble {
        case .diskFailing: .diskFailing
        case .tooManyReads: .tooManyReads
        case nil: .internalFailure
        }
    }

    static let diskFailing = Self(
        status: 503, code: .unavailable,
        message: "The server's disk takes no writes, or does not answer. It is safe to ask again later.",
        headers: [.retryAfter: String(diskFullRetrySeconds)])

    static let tooManyReads = Self(
        status: 503, code: .unavailable,
        message: "Too many long lists and searches are under way; ask again in a moment.",
        headers: [.retryAfter: String(searchRetrySeconds)])

    /// Seconds to wait before asking a server again that stops: what a restart takes.
    static let drainingRetrySeconds = 10

    static let overloadRetrySeconds = 1

    /// Every connection that the server may have is being answered.
    static let noConnection = Self(
        status: 503, code: .unavailable,
        message: "The server has as many connections as it may have; ask again in a moment.",
        headers: [.retryAfter: String(overloadRetrySeconds), .connection: "close"])

    /// Until somebody will have made room.
    static let diskFullRetrySeconds = 60

    /// Seconds to wait while too many search: what one search may take.
    static let searchRetrySeconds = 2

    /// Seconds to wait for a feed's place: a client that has gone is noticed in less.
    static let feedRetrySeconds = 10

    init(_ refusal: FeedRefusal) {
        switch refusal {
        case .ofAccount(let limit):
            self.init(
                status: 429, code: .tooManyRequests,
                message:
                    "The account has \(limit) feeds open, as many as it may have at once; close one, or ask again.",
                rule: "feedsAtOnce", headers: [.retryAfter: String(Self.feedRetrySeconds)])
        case .inAll(let limit):
            self.init(
                status: 429, code: .tooManyRequests,
                message: "The server has \(limit) feeds open, as many as it may have at once; ask again.",
                rule: "feedsAtOnce", headers: [.retryAfter: String(Self.feedRetrySeconds)])
        case .closed: self.init(.draining)
        }
    }

    /// - Parameter items: of which the list is.
    package init(_ slow: ListTooSlow, of items: String = "calls") {
        self.init(
            status: 400, code: .malformedValue,
            message: "The list was given up after \(slow.milliseconds) ms, for no index serves these filters together. "
                + "Allowed: fewer of them, or one that fewer \(items) satisfy.")
    }

    /// - Parameter query: what was searched for; empty for the whole log.
    init(_ refusal: LogRefusal, query: String) {
        switch refusal {
        case .tooSlow(let milliseconds):
            // The client's to mend, and of no use to ask again: so no 5xx, which many programs repeat.
            let fault = FieldFault.malformed(
                "pql", given: .string(query),
                allowed:
                    "a query that an index serves: one that demands a callId, a requestId, a range of timestamp, or "
                    + "a level that is not info")
            self.init(
                status: 400, code: .malformedValue,
                message: "The search was given up after \(milliseconds) ms, for no index serves it. \(fault.sentence)",
                faults: [fault])
        case .busy:
            self.init(
                status: 503, code: .unavailable, message: "Too many searches of logs are under way.",
                headers: [.retryAfter: String(Self.searchRetrySeconds)])
        }
    }

    init(_ refusal: CallRefusal) {
        switch refusal {
        case .notAllowed(let rule): self.init(rule)
        case .queueFull(let seconds):
            self.init(
                status: 429, code: .tooManyRequests,
                message: "The queue of calls is full; ask again in \(max(1, seconds)) s.",
                headers: [.retryAfter: String(max(1, seconds))])
        case .turnTooLate(let wait, let longest, let seconds):
            self.init(
                status: 429, code: .tooManyRequests,
                message: "The call would wait about \(wait) s for its turn, and calls wait \(longest) s at most "
                    + "(queue-seconds); ask again in \(max(1, seconds)) s.",
                rule: "queueSeconds", headers: [.retryAfter: String(max(1, seconds))])
        case .overloaded:
            self.init(
                status: 503, code: .unavailable,
                message: "The server is busy with the calls that it has and takes no new ones for a moment.",
                headers: [.retryAfter: String(Self.overloadRetrySeconds)])
        case .draining:
            self.init(
                status: 503, code: .unavailable, message: "The server is stopping and takes no new calls.",
                headers: [.retryAfter: String(Self.drainingRetrySeconds)])
        case .keyInUse:
            self = .conflict("Another request with the same Idempotency-Key is being answered; ask again.")
        case .diskFull:
            self.init(
                status: 503, code: .unavailable,
                message: "The server's disk is full, so it takes no new calls. It is safe to ask again later.",
                headers: [.retryAfter: String(Self.diskFullRetrySeconds)])
        case .diskFailing: self = .diskFailing
        case .notStored:
            self.init(
                status: 500, code: .callNotCreated,
                message: "The call could not be stored, so it was not made. It is safe to ask again.")
        case .notFound:
            self = .notFound("The account has no such call, or it has ended.")
        case .notParked:
            self = .conflict("The call is not parked: inProgress resumes what Park has parked.")
        }
    }

    /// A rule that the call would break, with its name among the details.
    private init(_ rule: DialRule) {
        let (status, code): (Int, ErrorCode) =
            switch rule {
            case .diallingStopped: (503, .unavailable)
            case .accountNotActive: (403, .accountNotActive)
            case .noSuchNumber, .carrierNumber: (400, .malformedValue)
            case .emergency, .premium, .refusedPrefix, .noAllowedPrefix, .foreignHost, .ambiguousNumber:
                (403, .destinationNotAllowed)
            case .international, .network: (403, .internationalNotEnabled)
            case .notVerified: (403, .destinationNotVerified)
            case .callsPerDay, .minutesPerDay, .callsAtOnceByPrefix: (429, .tooManyRequests)
            }
        let faults = rule.number.map { [FieldFault.malformed("to", given: .string($0), allowed: rule.allowed)] } ?? []
        // What is no number at all is named as any other field's mistake is.
        let mistakes = code == .malformedValue ? faults.map { " " + $0.sentence } : []
        self.init(
            status: status, code: code, message: rule.explanation + mistakes.joined(), faults: faults, rule: rule.name)
    }
}
