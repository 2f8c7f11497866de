/// A message as it went over the wire, for a call's timeline.
public struct SIPTrace: Hashable, Sendable {
    public let startLine: String
    /// The message as customers may read it: credentials, and bodies other than session descriptions (an INFO's
    /// digits), are masked; bytes that are no UTF-8 are replaced.
    public let text: String
    /// Where it came from or went to.
    public let peer: TransportAddress
    /// True for a message sent or received before.
    public let isRetransmission: Bool

    init(_ bytes: [UInt8], peer: TransportAddress, isRetransmission: Bool) {
        text = String(decoding: Self.masked(bytes), as: UTF8.self)
        let end = bytes.firstIndex(of: .carriageReturn) ?? bytes.firstIndex(of: .lineFeed) ?? bytes.count
        startLine = String(decoding: bytes[..<end], as: UTF8.self)
        self.peer = peer
        self.isRetransmission = isRetransmission
    }

    private static let mask = Array("XXXXX".utf8)
    /// In lower case.
    private static let secretHeaders = [Array("authorization".utf8), Array("proxy-authorization".utf8)]
    /// How a session description begins (RFC 8866 §5.1).
    private static let description = Array("v=0".utf8)

    /// Looks at the beginning of each line, and copies nothing where there is nothing to mask.
    private static func masked(_ bytes: [UInt8]) -> [UInt8] {
        var replaced: [Range<Int>] = []
        var isSecret = false
        var position = 0
        while position < bytes.count {
            let end = bytes[position...].firstIndex(of: .lineFeed) ?? bytes.count
            let line = position..<(end > position && bytes[end - 1] == .carriageReturn ? end - 1 : end)
            if line.isEmpty {
                let body = min(end + 1, bytes.count)..<bytes.count
                if !body.isEmpty, !bytes[body].starts(with: description) { replaced.append(body) }
                break
            }
            if bytes[line.lowerBound] == .space || bytes[line.lowerBound] == .tab {
                // It goes on with the header before it (RFC 3261 §7.3.1).
                if isSecret { replaced.append(line.lowerBound + 1..<line.upperBound) }
            } else if let value = valueOfSecretHeader(bytes[line]) {
                isSecret = true
                replaced.append(value)
            } else {
                isSecret = false
            }
            position = end + 1
        }
        guard !replaced.isEmpty else { return bytes }
        var shown: [UInt8] = []
        var copied = 0
        for range in replaced where !range.isEmpty {
            shown += bytes[copied..<range.lowerBound]
            shown += mask
            copied = range.upperBound
        }
        return shown + bytes[copied...]
    }

    /// Where the value of a header with credentials stands; nil for any other line.
    private static func valueOfSecretHeader(_ line: ArraySlice<UInt8>) -> Range<Int>? {
        // Most lines are told apart by their first byte.
        guard let first = line.first, first | 0x20 == UInt8(ascii: "a") || first | 0x20 == UInt8(ascii: "p"),
            let colon = line.firstIndex(of: UInt8(ascii: ":"))
        else { return nil }
        let name = line[..<colon].filter { $0 != .space && $0 != .tab }.map { $0 | 0x20 }
        return secretHeaders.contains(name) ? colon + 1..<line.endIndex : nil
    }
}
