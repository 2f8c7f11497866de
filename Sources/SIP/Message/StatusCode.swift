/// A response's status code, 100 to 699 (RFC 3261 §21).
public struct StatusCode: Hashable, Comparable, Sendable {
    public let rawValue: UInt16

    /// nil outside 100…699.
    public init?(_ rawValue: Int) {
        guard (100...699).contains(rawValue) else { return nil }
        self.rawValue = UInt16(rawValue)
    }

    private init(known rawValue: UInt16) {
        self.rawValue = rawValue
    }

    public static func < (left: StatusCode, right: StatusCode) -> Bool { left.rawValue < right.rawValue }

    public var isProvisional: Bool { rawValue < 200 }
    public var isFinal: Bool { rawValue >= 200 }
    public var isSuccess: Bool { rawValue >= 200 && rawValue < 300 }
    public var isRedirection: Bool { rawValue >= 300 && rawValue < 400 }
    /// The class of the code, 1 to 6.
    public var responseClass: Int { Int(rawValue) / 100 }

    public static let trying = StatusCode(known: 100)
    public static let ringing = StatusCode(known: 180)
    public static let callIsBeingForwarded = StatusCode(known: 181)
    public static let queued = StatusCode(known: 182)
    public static let sessionProgress = StatusCode(known: 183)
    public static let ok = StatusCode(known: 200)
    public static let multipleChoices = StatusCode(known: 300)
    public static let movedTemporarily = StatusCode(known: 302)
    public static let badRequest = StatusCode(known: 400)
    public static let unauthorized = StatusCode(known: 401)
    public static let forbidden = StatusCode(known: 403)
    public static let notFound = StatusCode(known: 404)
    public static let methodNotAllowed = StatusCode(known: 405)
    public static let notAcceptable = StatusCode(known: 406)
    public static let proxyAuthenticationRequired = StatusCode(known: 407)
    public static let requestTimeout = StatusCode(known: 408)
    public static let gone = StatusCode(known: 410)
    public static let unsupportedMediaType = StatusCode(known: 415)
    public static let unsupportedURIScheme = StatusCode(known: 416)
    public static let badExtension = StatusCode(known: 420)
    public static let badInfoPackage = StatusCode(known: 469)
    public static let temporarilyUnavailable = StatusCode(known: 480)
    public static let callDoesNotExist = StatusCode(known: 481)
    public static let loopDetected = StatusCode(known: 482)
    public static let tooManyHops = StatusCode(known: 483)
    public static let addressIncomplete = StatusCode(known: 484)
    public static let busyHere = StatusCode(known: 486)
    public static let requestTerminated = StatusCode(known: 487)
    public static let notAcceptableHere = StatusCode(known: 488)
    public static let requestPending = StatusCode(known: 491)
    public static let serverInternalError = StatusCode(known: 500)
    public static let notImplemented = StatusCode(known: 501)
    public static let serviceUnavailable = StatusCode(known: 503)
    public static let serverTimeout = StatusCode(known: 504)
    public static let versionNotSupported = StatusCode(known: 505)
    public static let busyEverywhere = StatusCode(known: 600)
    public static let decline = StatusCode(known: 603)
    public static let doesNotExistAnywhere = StatusCode(known: 604)

    /// The phrase of the IANA registry, or one for the class where the code is not registered.
    public var reasonPhrase: String {
        switch rawValue {
        case 100: "Trying"
        case 180: "Ringing"
        case 181: "Call Is Being Forwarded"
        case 182: "Queued"
        case 183: "Session Progress"
        case 199: "Early Dialog Terminated"
        case 200: "OK"
        case 202: "Accepted"
        case 204: "No Notification"
        case 300: "Multiple Choices"
        case 301: "Moved Permanently"
        case 302: "Moved Temporarily"
        case 305: "Use Proxy"
        case 380: "Alternative Service"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 402: "Payment Required"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 406: "Not Acceptable"
        case 407: "Proxy Authentication Required"
        case 408: "Request Timeout"
        case 410: "Gone"
        case 412: "Conditional Request Failed"
        case 413: "Request Entity Too Large"
        case 414: "Request-URI Too Long"
        case 415: "Unsupported Media Type"
        case 416: "Unsupported URI Scheme"
        case 417: "Unknown Resource-Priority"
        case 420: "Bad Extension"
        case 421: "Extension Required"
        case 422: "Session Interval Too Small"
        case 423: "Interval Too Brief"
        case 424: "Bad Location Information"
        case 425: "Bad Alert Message"
        case 428: "Use Identity Header"
        case 429: "Provide Referrer Identity"
        case 430: "Flow Failed"
        case 433: "Anonymity Disallowed"
        case 436: "Bad Identity Info"
        case 437: "Unsupported Credential"
        case 438: "Invalid Identity Header"
        case 439: "First Hop Lacks Outbound Support"
        case 440: "Max-Breadth Exceeded"
        case 469: "Bad Info Package"
        case 470: "Consent Needed"
        case 480: "Temporarily Unavailable"
        case 481: "Call/Transaction Does Not Exist"
        case 482: "Loop Detected"
        case 483: "Too Many Hops"
        case 484: "Address Incomplete"
        case 485: "Ambiguous"
        case 486: "Busy Here"
        case 487: "Request Terminated"
        case 488: "Not Acceptable Here"
        case 489: "Bad Event"
        case 491: "Request Pending"
        case 493: "Undecipherable"
        case 494: "Security Agreement Required"
        case 500: "Server Internal Error"
        case 501: "Not Implemented"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Server Time-out"
        case 505: "Version Not Supported"
        case 513: "Message Too Large"
        case 555: "Push Notification Service Not Supported"
        case 580: "Precondition Failure"
        case 600: "Busy Everywhere"
        case 603: "Decline"
        case 604: "Does Not Exist Anywhere"
        case 606: "Not Acceptable"
        case 607: "Unwanted"
        case 608: "Rejected"
        default:
            switch responseClass {
            case 1: "Progress"
            case 2: "OK"
            case 3: "Redirection"
            case 4: "Request Failure"
            case 5: "Server Failure"
            default: "Global Failure"
            }
        }
    }
}

extension StatusCode: CustomStringConvertible {
    /// `486 Busy Here`
    public var description: String { "\(rawValue) \(reasonPhrase)" }
}

extension StatusCode: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let value = try container.decode(Int.self)
        guard let code = StatusCode(value) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "no SIP status code: \(value)")
        }
        self = code
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }
}
