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
}

extension SessionDescription {
    /// Parses RFC 8866 text. Lines may end with CRLF or LF; unknown line types are skipped, as §5 asks; the order of
    /// lines within a section is not insisted upon.
    public init(parsing bytes: [UInt8]) throws(SDPParseError) {
        guard bytes.count <= SDPLimits.bytes else {
            throw SDPParseError(line: 0, explanation: "more than \(SDPLimits.bytes) bytes")
        }
        var parser = SDPParser()
        var number = 0
        for var line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            number += 1
            guard number <= SDPLimits.lines else {
                throw SDPParseError(line: number, explanation: "more than \(SDPLimits.lines) lines")
            }
            if line.last == UInt8(ascii: "\r") { line = line.dropLast() }
            guard !line.isEmpty else { continue }
            try parser.take(line, number: number)
        }
        self = try parser.finished()
    }
}

/// Gathers a description line by line.
private struct SDPParser {
    private var origin: SessionDescription.Origin?
    private var sessionName = "-"
    private var connection: ConnectionAddress?
    private var attributes: [Attribute] = []
    private var media: [MediaDescription] = []
    private var sawVersion = false

    mutating func take(_ line: ArraySlice<UInt8>, number: Int) throws(SDPParseError) {
        guard line.count >= 2, line[line.startIndex + 1] == UInt8(ascii: "=") else {
            throw SDPParseError(line: number, explanation: "not of the form <type>=<value>")
        }
        let value = String(decoding: line.dropFirst(2), as: UTF8.self)
        if !sawVersion {
            guard line.first == UInt8(ascii: "v"), value == "0" else {
                throw SDPParseError(line: number, explanation: "v=0 expected first")
            }
            sawVersion = true
            return
        }
        switch line.first {
        case UInt8(ascii: "o"): origin = try Self.origin(value, number)
        case UInt8(ascii: "s"): sessionName = value
        case UInt8(ascii: "c"):
            let address = try Self.connection(value, number)
            if media.isEmpty { connection = address } else { media[media.count - 1].connection = address }
        case UInt8(ascii: "m"):
            guard media.count < SDPLimits.mediaDescriptions else {
                throw SDPParseError(line: number, explanation: "more than \(SDPLimits.mediaDescriptions) m= lines")
            }
            media.append(try Self.media(value, number))
        case UInt8(ascii: "a"):
            let parts = value.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            let attribute = Attribute(String(parts[0]), parts.count == 2 ? String(parts[1]) : nil)
            if media.isEmpty {
                attributes.append(attribute)
            } else {
                media[media.count - 1].attributes.append(attribute)
            }
        default: break
        }
    }

    func finished() throws(SDPParseError) -> SessionDescription {
        guard sawVersion else { throw SDPParseError(line: 0, explanation: "empty") }
        guard let origin else { throw SDPParseError(line: 0, explanation: "no o= line") }
        return SessionDescription(
            origin: origin, sessionName: sessionName, connection: connection, attributes: attributes, media: media)
    }

    private static func origin(_ value: String, _ number: Int) throws(SDPParseError) -> SessionDescription.Origin {
        let parts = value.split(separator: " ", omittingEmptySubsequences: true)
        guard parts.count == 6 else { throw SDPParseError(line: number, explanation: "o= needs six parts") }
        // Numbers beyond 64 bits exist in the wild and serve only for comparison (RFC 8866 §5.2).
        return SessionDescription.Origin(
            username: String(parts[0]), sessionID: UInt64(parts[1]) ?? 0, sessionVersion: UInt64(parts[2]) ?? 0,
            address: try address(network: parts[3], family: parts[4], host: parts[5], number))
    }

    private static func connection(_ value: String, _ number: Int) throws(SDPParseError) -> ConnectionAddress {
        let parts = value.split(separator: " ", omittingEmptySubsequences: true)
        guard parts.count == 3 else { throw SDPParseError(line: number, explanation: "c= needs three parts") }
        return try address(network: parts[0], family: parts[1], host: parts[2], number)
    }

    private static func address(
        network: Substring, family: Substring, host: Substring, _ number: Int
    ) throws(SDPParseError) -> ConnectionAddress {
        guard network == "IN", let family = ConnectionAddress.Family(rawValue: String(family)) else {
            throw SDPParseError(line: number, explanation: "network \(network) \(family); IN IP4 or IN IP6 expected")
        }
        let bare = host.split(separator: "/", maxSplits: 1).first ?? ""
        guard !bare.isEmpty, bare.utf8.count <= 255 else {
            throw SDPParseError(line: number, explanation: "no address")
        }
        return ConnectionAddress(family: family, host: String(bare))
    }

    private static func media(_ value: String, _ number: Int) throws(SDPParseError) -> MediaDescription {
        let parts = value.split(separator: " ", omittingEmptySubsequences: true)
        guard parts.count >= 4 else { throw SDPParseError(line: number, explanation: "m= needs at least four parts") }
        guard parts.count - 3 <= SDPLimits.formats else {
            throw SDPParseError(line: number, explanation: "more than \(SDPLimits.formats) formats")
        }
        // "port/count" asks for several ports (RFC 8866 §5.14); the first is what a single stream uses.
        guard let port = UInt16(parts[1].split(separator: "/").first ?? "") else {
            throw SDPParseError(line: number, explanation: "port \(parts[1]); 0 to 65535 expected")
        }
        return MediaDescription(
            media: String(parts[0]), port: port, transport: String(parts[2]),
            formats: parts.dropFirst(3).map(String.init))
    }
}
