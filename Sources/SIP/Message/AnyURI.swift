/// A URI of any scheme where SIP allows one: Request-URI, From, To, Contact. Only SIP URIs are taken apart; of a
/// `tel:` URI the number is read (RFC 3966).
public enum AnyURI: Hashable, Sendable {
    case sip(SIPURI)
    /// The scheme in lower case, and what stands after its colon.
    case other(scheme: String, text: String)

    public init(_ text: String) throws(SIPParseError) {
        self = try text.withWindow { window throws(SIPParseError) in try AnyURI(window: window.trimmed) }
    }

    init(window: ByteWindow, toleratesEmptyUser: Bool = false) throws(SIPParseError) {
        guard let colon = window.firstIndex(of: UInt8(ascii: ":"), from: window.start), colon > window.start else {
            throw SIPParseError(.badURI, in: "URI", at: window.start)
        }
        let scheme = window.window(window.start, colon)
        if scheme.equalsIgnoringCase("sip") || scheme.equalsIgnoringCase("sips") {
            self = .sip(try SIPURI(window: window, toleratesEmptyUser: toleratesEmptyUser))
            return
        }
        guard window[scheme.start].isLetter else { throw SIPParseError(.badURI, in: "URI", at: scheme.start) }
        for index in scheme.start..<scheme.end {
            let byte = window[index]
            guard
                byte.isLetter || byte.isDigit || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")
                    || byte == UInt8(ascii: ".")
            else { throw SIPParseError(.badURI, in: "URI", at: index) }
        }
        for index in colon..<window.end where window[index] <= 32 || window[index] == 127 {
            throw SIPParseError(.badURI, in: "URI", at: index)
        }
        guard colon + 1 < window.end else { throw SIPParseError(.badURI, in: "URI", at: colon) }
        self = .other(scheme: scheme.text.asciiLowercased, text: window.window(colon + 1, window.end).text)
    }

    public var sip: SIPURI? {
        if case .sip(let uri) = self { uri } else { nil }
    }

    /// Who is meant: the user of a SIP URI, the number of a `tel:` URI; nil where the URI names nobody.
    public var user: String? {
        switch self {
        case .sip(let uri): uri.user
        case .other("tel", let text): text.split(separator: ";").first.map(String.init)
        case .other: nil
        }
    }
}

extension AnyURI: CustomStringConvertible {
    public var description: String {
        switch self {
        case .sip(let uri): uri.description
        case .other(let scheme, let text): "\(scheme):\(text)"
        }
    }

    func append(to text: inout String) {
        if case .sip(let uri) = self { uri.append(to: &text) } else { text += description }
    }
}

extension AnyURI: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        do {
            try self.init(text)
        } catch {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(error): \(text)")
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
