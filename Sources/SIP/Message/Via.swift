/// One Via value: the way a response takes back (RFC 3261 §20.42).
public struct Via: Hashable, Sendable {
    /// The RFC's mark that a branch is unique (RFC 3261 §8.1.1.7).
    public static let magicCookie = "z9hG4bK"

    /// `UDP`, `TCP`, `TLS` or whatever else the peer wrote, in upper case.
    public var transport: String
    /// Host of sent-by: a name, an IPv4 address or an IPv6 address in brackets.
    public var host: String
    public var port: UInt16?
    public var parameters: SIPParameters

    public init(transport: String, host: String, port: UInt16?, parameters: SIPParameters = SIPParameters()) {
        self.transport = transport
        self.host = host
        self.port = port
        self.parameters = parameters
    }

    public init(_ text: String) throws(SIPParseError) {
        self = try text.withWindow { window throws(SIPParseError) in try Via(window: window.trimmed) }
    }

    /// As above, whatever version of SIP it names: also what comes of another one is to be answered (505).
    init?(ofAnyVersion text: String) {
        let via = text.withWindow { window in try? Via(window: window.trimmed, isAnyVersion: true) }
        guard let via else { return nil }
        self = via
    }

    public var branch: String? { parameters["branch"] }
    public var received: String? { parameters["received"] }
    /// RFC 3581: the port that the request came from, filled in by the server.
    public var receivedPort: UInt16? { parameters["rport"].flatMap { UInt16($0) } }

    /// True where the branch identifies the transaction by itself (RFC 3261 §17.2.3).
    public var hasUniqueBranch: Bool {
        guard let branch else { return false }
        return branch.utf8.count > Self.magicCookie.utf8.count
            && String(branch.prefix(Self.magicCookie.count)).equalsIgnoringCase(Self.magicCookie)
    }

    /// Host and port as a transaction is matched by, in lower case, the port always written.
    public var sentBy: String { "\(host.asciiLowercased):\(port ?? defaultPort)" }

    var defaultPort: UInt16 { transport == "TLS" ? 5061 : 5060 }

    init(window: ByteWindow, isAnyVersion: Bool = false) throws(SIPParseError) {
        func fail(_ offset: Int) -> SIPParseError { SIPParseError(.badVia, in: "Via", at: offset) }
        var position = window.start
        func skipSpacing() { while window[position].isSpacing { position += 1 } }
        func token() throws(SIPParseError) -> ByteWindow {
            let start = position
            while window[position].isToken { position += 1 }
            guard position > start else { throw fail(start) }
            return window.window(start, position)
        }
        func slash() throws(SIPParseError) {
            skipSpacing()
            guard window[position] == UInt8(ascii: "/") else { throw fail(position) }
            position += 1
            skipSpacing()
        }
        // sent-protocol: `SIP / 2.0 / UDP`, blanks allowed around the slashes.
        guard try token().equalsIgnoringCase("SIP") else { throw fail(window.start) }
        try slash()
        let version = try token()
        guard isAnyVersion || version.equals("2.0") else { throw SIPParseError(.badVersion, in: "Via", at: position) }
        try slash()
        transport = try token().text.uppercased()
        guard window[position].isSpacing else { throw fail(position) }
        skipSpacing()
        let start = position
        if window[position] == UInt8(ascii: "[") {
            guard let close = window.firstIndex(of: UInt8(ascii: "]"), from: position) else { throw fail(position) }
            position = close + 1
            guard IPAddress(window.window(start, position).text) != nil else { throw fail(start) }
        } else {
            while window[position].isLetter || window[position].isDigit || window[position] == UInt8(ascii: ".")
                || window[position] == UInt8(ascii: "-") || window[position] == UInt8(ascii: "_")
            { position += 1 }
        }
        guard position > start else { throw fail(start) }
        host = window.window(start, position).text
        port = nil
        skipSpacing()
        if window[position] == UInt8(ascii: ":") {
            position += 1
            skipSpacing()
            let digits = position
            while window[position].isDigit { position += 1 }
            guard let number = window.window(digits, position).number(limit: 65_535), number > 0 else {
                throw fail(digits)
            }
            port = UInt16(truncatingIfNeeded: number)
            skipSpacing()
        }
        parameters = try SIPParameters(window: window.window(position, window.end), element: "Via")
    }
}

extension Via: CustomStringConvertible {
    public var description: String {
        var text = "SIP/2.0/"
        text += transport
        text += " "
        text += host
        if let port {
            text += ":"
            text += String(port)
        }
        parameters.append(to: &text)
        return text
    }
}
