/// Why bytes are no session description, and where.
public struct SDPParseError: Error, Hashable, Sendable, CustomStringConvertible {
    /// From 1; 0 where it concerns the whole.
    public let line: Int
    public let explanation: String

    public var description: String { line == 0 ? explanation : "line \(line): \(explanation)" }
}

/// What a description may hold at most; more is refused, for it comes from the network.
public enum SDPLimits {
    /// The largest SIP message.
    public static let bytes = 65_535
    public static let lines = 1_000
    public static let mediaDescriptions = 32
    public static let formats = 128
    /// `c=` lines of the session, or of one stream; further ones are passed over.
    public static let connections = 8
}

extension SessionDescription {
    /// Parses RFC 8866 text as gear in use writes it.
    ///
    /// Lines may end with CRLF, LF or CR, and begin and end with blanks and NULs; a byte order mark is passed over, and
    /// so is every line that is not of the form `<type>=<value>` or of an unknown type (§5). The order of lines within a
    /// section is not insisted upon; `v=`, `o=`, `s=` and `t=` may be missing. Tabs and several blanks count as one.
    ///
    /// It is strict where a guess would send media to somebody else, or answer another stream than the one that was
    /// meant: `v=` of another version, `c=` of an unknown network, `m=` that cannot be read.
    public init(parsing bytes: [UInt8]) throws(SDPParseError) {
        guard bytes.count <= SDPLimits.bytes else {
            throw SDPParseError(line: 0, explanation: "more than \(SDPLimits.bytes) bytes")
        }
        let text = bytes.starts(with: Self.byteOrderMark) ? bytes.dropFirst(Self.byteOrderMark.count) : bytes[...]
        let lineEnd = text.contains(.lineFeed) ? UInt8.lineFeed : .carriageReturn
        var parser = SDPParser()
        var number = 0
        for line in text.split(separator: lineEnd, omittingEmptySubsequences: false) {
            number += 1
            guard number <= SDPLimits.lines else {
                throw SDPParseError(line: number, explanation: "more than \(SDPLimits.lines) lines")
            }
            try parser.take(line.trimmed, number: number)
        }
        self = try parser.finished()
    }

    /// U+FEFF in UTF-8.
    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
}

/// Gathers a description line by line.
private struct SDPParser {
    private var origin: SessionDescription.Origin?
    private var sessionName = "-"
    private var connections: [ConnectionAddress] = []
    private var attributes: [Attribute] = []
    private var media: [MediaDescription] = []
    private var sawVersion = false

    /// - Parameter line: without blanks at its ends.
    mutating func take(_ line: ArraySlice<UInt8>, number: Int) throws(SDPParseError) {
        guard let type = line.first else { return }
        let rest = line.dropFirst().trimmed
        guard rest.first == UInt8(ascii: "=") else { return }
        let value = String(decoding: rest.dropFirst().trimmed, as: UTF8.self)
        switch type {
        case UInt8(ascii: "v"):
            guard value == "0" else {
                throw SDPParseError(line: number, explanation: "v=\(value.prefix(20)); 0 is the only version")
            }
            sawVersion = true
        case UInt8(ascii: "o"): origin = Self.origin(value)
        case UInt8(ascii: "s"): sessionName = value
        case UInt8(ascii: "c"): try takeConnection(value, number)
        case UInt8(ascii: "m"):
            guard media.count < SDPLimits.mediaDescriptions else {
                throw SDPParseError(line: number, explanation: "more than \(SDPLimits.mediaDescriptions) m= lines")
            }
            media.append(try Self.media(value, number))
        case UInt8(ascii: "a"):
            let attribute = Self.attribute(value)
            if media.isEmpty {
                attributes.append(attribute)
            } else {
                media[media.count - 1].attributes.append(attribute)
            }
        default: break
        }
    }

    func finished() throws(SDPParseError) -> SessionDescription {
        guard sawVersion || !media.isEmpty else {
            throw SDPParseError(line: 0, explanation: "neither a v= line nor an m= line")
        }
        var description = SessionDescription(
            origin: origin, sessionName: sessionName, connection: nil, attributes: attributes, media: media)
        description.connections = connections
        return description
    }

    /// The user name may hold blanks, against RFC 8866 §5.2: the last five parts are what they are.
    private static func origin(_ value: String) -> SessionDescription.Origin? {
        let parts = value.blankSeparated
        guard parts.count >= 5 else { return nil }
        let last = Array(parts.suffix(5))
        guard let address = try? address(network: last[2], family: last[3], host: last[4], 0) else { return nil }
        let username = parts.dropLast(5).joined(separator: " ")
        // Numbers beyond 64 bits exist in the wild and serve only for comparison (RFC 8866 §5.2).
        return SessionDescription.Origin(
            username: username.isEmpty ? "-" : username, sessionID: UInt64(last[0]) ?? 0,
            sessionVersion: UInt64(last[1]) ?? 0, address: address)
    }

    private mutating func takeConnection(_ value: String, _ number: Int) throws(SDPParseError) {
        // Of a stream that is not audio no address is needed: it is refused, whatever it says.
        if let stream = media.last, !stream.isOfAudio { return }
        let parts = value.blankSeparated
        guard parts.count >= 3 else { throw SDPParseError(line: number, explanation: "c= needs three parts") }
        let address = try Self.address(network: parts[0], family: parts[1], host: parts[2], number)
        if media.isEmpty {
            if connections.count < SDPLimits.connections { connections.append(address) }
        } else if media[media.count - 1].connections.count < SDPLimits.connections {
            media[media.count - 1].connections.append(address)
        }
    }

    private static func address(
        network: Substring, family: Substring, host: Substring, _ number: Int
    ) throws(SDPParseError) -> ConnectionAddress {
        guard network.uppercased() == "IN", let family = ConnectionAddress.Family(rawValue: family.uppercased()) else {
            throw SDPParseError(
                line: number,
                explanation: "network \(network.prefix(20)) \(family.prefix(20)); IN IP4 or IN IP6 expected")
        }
        // "address/ttl" belongs to multicast (RFC 8866 §5.7); with an address of one host it says nothing.
        let bare = host.prefix { $0 != "/" }
        guard !bare.isEmpty, bare.utf8.count <= 255 else {
            throw SDPParseError(line: number, explanation: "no address")
        }
        return ConnectionAddress(family: family, host: String(bare))
    }

    private static func media(_ value: String, _ number: Int) throws(SDPParseError) -> MediaDescription {
        let parts = value.blankSeparated
        guard parts.count >= 3 else { throw SDPParseError(line: number, explanation: "m= needs at least three parts") }
        guard parts.count - 3 <= SDPLimits.formats else {
            throw SDPParseError(line: number, explanation: "more than \(SDPLimits.formats) formats")
        }
        var stream = MediaDescription(
            media: String(parts[0]), port: 0, transport: String(parts[2]), formats: parts.dropFirst(3).map(String.init))
        // "port/count" asks for several ports (RFC 8866 §5.14); the first is what a single stream uses.
        if let port = UInt16(parts[1].split(separator: "/").first ?? "") {
            stream.port = port
        } else if stream.isOfAudio {
            throw SDPParseError(line: number, explanation: "port \(parts[1].prefix(20)); 0 to 65535 expected")
        }
        return stream
    }

    private static func attribute(_ value: String) -> Attribute {
        guard let colon = value.utf8.firstIndex(of: UInt8(ascii: ":")) else { return Attribute(value) }
        let name = Array(value.utf8[..<colon])[...].trimmed
        let text = Array(value.utf8[value.utf8.index(after: colon)...])[...].trimmed
        return Attribute(
            String(decoding: name, as: UTF8.self), text.isEmpty ? nil : String(decoding: text, as: UTF8.self))
    }
}

extension UInt8 {
    fileprivate static let lineFeed: UInt8 = 10
    fileprivate static let carriageReturn: UInt8 = 13
}

extension ArraySlice<UInt8> {
    /// Without blanks, NULs and other control characters at either end.
    fileprivate var trimmed: ArraySlice<UInt8> {
        var slice = self
        while let first = slice.first, first <= 32 || first == 127 { slice = slice.dropFirst() }
        while let last = slice.last, last <= 32 || last == 127 { slice = slice.dropLast() }
        return slice
    }
}

extension String {
    /// What stands between blanks and tabs.
    var blankSeparated: [Substring] { split { $0 == " " || $0 == "\t" } }
}
