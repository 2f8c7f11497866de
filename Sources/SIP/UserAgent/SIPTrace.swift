/// A message as it went over the wire, for a call's timeline.
public struct SIPTrace: Hashable, Sendable {
    public let startLine: String
    /// The whole message; bytes that are no UTF-8 are replaced.
    public let text: String
    /// Where it came from or went to.
    public let peer: TransportAddress
    /// True for a message sent or received before.
    public let isRetransmission: Bool

    init(_ bytes: [UInt8], peer: TransportAddress, isRetransmission: Bool) {
        text = String(decoding: bytes, as: UTF8.self)
        let end = bytes.firstIndex(of: .carriageReturn) ?? bytes.firstIndex(of: .lineFeed) ?? bytes.count
        startLine = String(decoding: bytes[..<end], as: UTF8.self)
        self.peer = peer
        self.isRetransmission = isRetransmission
    }
}
