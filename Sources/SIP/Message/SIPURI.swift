/// A `sip:` or `sips:` URI (RFC 3261 §19.1).
///
/// User, password, parameters and headers are kept escaped, as on the wire: a target received in a Contact goes back
/// in a Request-URI byte for byte. `user` is the readable form.
public struct SIPURI: Hashable, Sendable {
    /// True for `sips:`.
    public var isSecure: Bool
    /// The user part as on the wire, with its `%xx`; nil where there is none.
    public var escapedUser: String?
    public var escapedPassword: String?
    /// A name, an IPv4 address, or an IPv6 address in brackets.
    public var host: String
    public var port: UInt16?
    public var parameters: SIPParameters
    /// What stands after `?`, escaped, without the question mark.
    public var escapedHeaders: String?

    /// - Parameter user: readable text; what may not stand in a URI is escaped.
    public init(
        user: String? = nil, host: String, port: UInt16? = nil, parameters: SIPParameters = SIPParameters(),
        isSecure: Bool = false
    ) {
        self.isSecure = isSecure
        self.escapedUser = user.map(Self.escape)
        self.host = host
        self.port = port
        self.parameters = parameters
    }

    /// A URI that names a transport address. UDP is what a URI without a transport means, so it is not written.
    public init(user: String? = nil, address: TransportAddress) {
        self.init(user: user, host: address.address.hostText, port: address.port)
        if address.transport != .udp { parameters["transport"] = address.transport == .tls ? "tls" : "tcp" }
    }

    public init(_ text: String) throws(SIPParseError) {
        self = try text.withWindow { window throws(SIPParseError) in try SIPURI(window: window.trimmed) }
    }

    /// The user part with its escapes undone.
    public var user: String? { escapedUser.map(Self.unescape) }

    /// True where the URI is a loose router's (RFC 3261 §16.12).
    public var isLooseRouter: Bool { parameters.contains("lr") }

    /// The port that is meant.
    public var effectivePort: UInt16 { port ?? (isSecure ? 5061 : 5060) }

    /// The address in the host part, where it is one.
    public var address: IPAddress? { IPAddress(host) }

    /// - Parameter toleratesEmptyUser: `sip:@host`, as some write it of a caller who is not named, names nobody.
    init(window: ByteWindow, toleratesEmptyUser: Bool = false) throws(SIPParseError) {
        func fail(_ offset: Int) -> SIPParseError { SIPParseError(.badURI, in: "URI", at: offset) }
        for index in window.start..<window.end where window[index] <= 32 || window[index] == 127 {
            throw fail(index)
        }
        if window.window(window.start, window.start + 4).equalsIgnoringCase("sip:") {
            isSecure = false
        } else if window.window(window.start, window.start + 5).equalsIgnoringCase("sips:") {
            isSecure = true
        } else {
            throw fail(window.start)
        }
        var position = window.start + (isSecure ? 5 : 4)

        // The user part may hold ";" and "?" (RFC 3261 §25.1), so the "@" is sought first.
        if let at = window.firstIndex(of: UInt8(ascii: "@"), from: position) {
            let info = window.window(position, at)
            guard !info.isEmpty || toleratesEmptyUser else { throw fail(position) }
            if info.isEmpty {
                escapedUser = nil
            } else if let colon = info.firstIndex(of: UInt8(ascii: ":"), from: info.start) {
                escapedUser = info.window(info.start, colon).text
                escapedPassword = info.window(colon + 1, info.end).text
            } else {
                escapedUser = info.text
            }
            guard info.isEmpty || escapedUser?.isEmpty == false else { throw fail(position) }
            position = at + 1
        }

        var end = position
        if window[position] == UInt8(ascii: "[") {
            guard let close = window.firstIndex(of: UInt8(ascii: "]"), from: position) else { throw fail(position) }
            end = close + 1
            guard IPAddress(window.window(position, end).text) != nil else { throw fail(position) }
        } else {
            while window[end].isLetter || window[end].isDigit || window[end] == UInt8(ascii: ".")
                || window[end] == UInt8(ascii: "-") || window[end] == UInt8(ascii: "_")
            { end += 1 }
        }
        guard end > position else { throw fail(position) }
        host = window.window(position, end).text
        position = end

        if window[position] == UInt8(ascii: ":") {
            var portEnd = position + 1
            while window[portEnd].isDigit { portEnd += 1 }
            guard let number = window.window(position + 1, portEnd).number(limit: 65_535) else { throw fail(position) }
            port = UInt16(truncatingIfNeeded: number)
            position = portEnd
        }

        let question = window.firstIndex(of: UInt8(ascii: "?"), from: position)
        parameters = try SIPParameters(window: window.window(position, question ?? window.end), element: "URI")
        if let question {
            escapedHeaders = window.window(question + 1, window.end).text
        }
    }

    private static func escape(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            // unreserved / user-unreserved (RFC 3261 §25.1)
            if byte.isLetter || byte.isDigit || "-_.!~*'()&=+$,;?/".utf8.contains(byte) {
                bytes.append(byte)
            } else {
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    static func unescape(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return text }
        let source = Array(text.utf8)
        var bytes: [UInt8] = []
        var index = 0
        while index < source.count {
            if source[index] == UInt8(ascii: "%"), index + 2 < source.count,
                let high = source[index + 1].hexValue, let low = source[index + 2].hexValue
            {
                bytes.append(high << 4 | low)
                index += 3
            } else {
                bytes.append(source[index])
                index += 1
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension SIPURI: CustomStringConvertible {
    public var description: String {
        var text = ""
        append(to: &text)
        return text
    }

    func append(to text: inout String) {
        text += isSecure ? "sips:" : "sip:"
        if let escapedUser {
            text += escapedUser
            if let escapedPassword {
                text += ":"
                text += escapedPassword
            }
            text += "@"
        }
        text += host
        if let port {
            text += ":"
            text += String(port)
        }
        parameters.append(to: &text)
        if let escapedHeaders {
            text += "?"
            text += escapedHeaders
        }
    }
}

extension SIPURI: Codable {
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
