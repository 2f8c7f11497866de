/// The name of a header field. Case does not matter, and a compact form is its long form (RFC 3261 §7.3.3).
public struct SIPHeaderName: Hashable, Sendable {
    /// As it is printed: the RFC's spelling where the name is known, the sender's otherwise.
    public let text: String
    /// The place in the table of known names, from 1; 0 for any other name. What is known compares by it alone.
    private let number: UInt8

    public init(_ text: String) {
        self = text.withWindow { SIPHeaderName(window: $0) }
    }

    private init(known text: String) {
        self = text.withWindow { SIPHeaderName(window: $0) }
    }

    private init(text: String, number: UInt8) {
        self.text = text
        self.number = number
    }

    init(window: ByteWindow) {
        let length = window.count
        if length == 1 {
            if let long = Self.compact(window[window.start].lowercased) {
                self = long
                return
            }
        } else if length < Self.knownByLength.count {
            for candidate in Self.knownByLength[length] where window.equalsIgnoringCase(candidate.spelling) {
                self = candidate.name
                return
            }
        }
        text = window.text
        number = 0
    }

    public static func == (left: SIPHeaderName, right: SIPHeaderName) -> Bool {
        if left.number != 0 || right.number != 0 { return left.number == right.number }
        return left.text.equalsIgnoringCase(right.text)
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(number)
        if number == 0 { hasher.combine(text.asciiLowercased) }
    }

    public static let accept = SIPHeaderName(known: "Accept")
    public static let acceptEncoding = SIPHeaderName(known: "Accept-Encoding")
    public static let acceptLanguage = SIPHeaderName(known: "Accept-Language")
    public static let allow = SIPHeaderName(known: "Allow")
    public static let authorization = SIPHeaderName(known: "Authorization")
    public static let callID = SIPHeaderName(known: "Call-ID")
    public static let contact = SIPHeaderName(known: "Contact")
    public static let contentDisposition = SIPHeaderName(known: "Content-Disposition")
    public static let contentEncoding = SIPHeaderName(known: "Content-Encoding")
    public static let contentLength = SIPHeaderName(known: "Content-Length")
    public static let contentType = SIPHeaderName(known: "Content-Type")
    public static let cseq = SIPHeaderName(known: "CSeq")
    public static let from = SIPHeaderName(known: "From")
    public static let infoPackage = SIPHeaderName(known: "Info-Package")
    public static let maxForwards = SIPHeaderName(known: "Max-Forwards")
    public static let proxyAuthenticate = SIPHeaderName(known: "Proxy-Authenticate")
    public static let proxyAuthorization = SIPHeaderName(known: "Proxy-Authorization")
    public static let reason = SIPHeaderName(known: "Reason")
    public static let recordRoute = SIPHeaderName(known: "Record-Route")
    public static let recvInfo = SIPHeaderName(known: "Recv-Info")
    public static let require = SIPHeaderName(known: "Require")
    public static let retryAfter = SIPHeaderName(known: "Retry-After")
    public static let route = SIPHeaderName(known: "Route")
    public static let server = SIPHeaderName(known: "Server")
    public static let supported = SIPHeaderName(known: "Supported")
    public static let timestamp = SIPHeaderName(known: "Timestamp")
    public static let to = SIPHeaderName(known: "To")
    public static let unsupported = SIPHeaderName(known: "Unsupported")
    public static let userAgent = SIPHeaderName(known: "User-Agent")
    public static let via = SIPHeaderName(known: "Via")
    public static let warning = SIPHeaderName(known: "Warning")
    public static let wwwAuthenticate = SIPHeaderName(known: "WWW-Authenticate")

    /// The compact forms of the IANA registry.
    private static func compact(_ letter: UInt8) -> SIPHeaderName? {
        switch letter {
        case UInt8(ascii: "c"): .contentType
        case UInt8(ascii: "e"): .contentEncoding
        case UInt8(ascii: "f"): .from
        case UInt8(ascii: "i"): .callID
        case UInt8(ascii: "k"): .supported
        case UInt8(ascii: "l"): .contentLength
        case UInt8(ascii: "m"): .contact
        case UInt8(ascii: "t"): .to
        case UInt8(ascii: "v"): .via
        case UInt8(ascii: "s"): SIPHeaderName(known: "Subject")
        case UInt8(ascii: "u"): SIPHeaderName(known: "Allow-Events")
        case UInt8(ascii: "r"): SIPHeaderName(known: "Refer-To")
        case UInt8(ascii: "b"): SIPHeaderName(known: "Referred-By")
        case UInt8(ascii: "o"): SIPHeaderName(known: "Event")
        case UInt8(ascii: "x"): SIPHeaderName(known: "Session-Expires")
        case UInt8(ascii: "a"): SIPHeaderName(known: "Accept-Contact")
        case UInt8(ascii: "d"): SIPHeaderName(known: "Request-Disposition")
        case UInt8(ascii: "j"): SIPHeaderName(known: "Reject-Contact")
        case UInt8(ascii: "n"): SIPHeaderName(known: "Identity-Info")
        case UInt8(ascii: "y"): SIPHeaderName(known: "Identity")
        default: nil
        }
    }

    private struct Known: Sendable {
        let spelling: StaticString
        let name: SIPHeaderName
    }

    /// Known names by their length: a name is found after one or two comparisons.
    private static let knownByLength: [[Known]] = {
        let spellings: [StaticString] = [
            "Accept", "Accept-Encoding", "Accept-Language", "Allow", "Authorization", "Call-ID", "Contact",
            "Content-Encoding", "Content-Length", "Content-Type", "CSeq", "From", "Info-Package", "Max-Forwards",
            "Proxy-Authenticate", "Proxy-Authorization", "Reason", "Record-Route", "Recv-Info", "Require",
            "Retry-After", "Route", "Server", "Supported", "Timestamp", "To", "Unsupported", "User-Agent", "Via",
            "WWW-Authenticate", "Subject", "Allow-Events", "Refer-To", "Referred-By", "Event", "Session-Expires",
            "Accept-Contact", "Request-Disposition", "Reject-Contact", "Identity-Info", "Identity", "Expires",
            "Date", "Warning", "Min-SE", "P-Asserted-Identity", "P-Preferred-Identity", "Privacy", "RSeq", "RAck",
            "Diversion", "History-Info", "Replaces", "Organization", "Content-Disposition", "MIME-Version",
        ]
        var table: [[Known]] = []
        for (index, spelling) in spellings.enumerated() {
            while table.count <= spelling.utf8CodeUnitCount { table.append([]) }
            table[spelling.utf8CodeUnitCount].append(
                Known(
                    spelling: spelling,
                    name: SIPHeaderName(text: spelling.description, number: UInt8(index + 1))))
        }
        return table
    }()
}

extension SIPHeaderName: ExpressibleByStringLiteral {
    public init(stringLiteral text: String) {
        self.init(text)
    }
}

extension SIPHeaderName: CustomStringConvertible {
    public var description: String { text }
}
