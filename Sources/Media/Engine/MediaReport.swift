/// A session's figures at its end.
package struct MediaReport: Codable, Equatable, Sendable {
    /// `PCMU` or `PCMA`; nil where the session was never connected.
    package var codec: String?
    package var packetsSent: UInt64 = 0
    /// Octets of payload.
    package var bytesSent: UInt64 = 0
    package var packetsReceived: UInt64 = 0
    /// Octets of payload.
    package var bytesReceived: UInt64 = 0
    package var packetsLost: UInt64 = 0
    package var duplicates: UInt64 = 0
    /// Packets that came when their time had passed.
    package var late: UInt64 = 0
    /// Datagrams that were dropped: no RTP, a foreign source, an unknown payload.
    package var rejected: UInt64 = 0
    /// RFC 3550 A.8, at the end.
    package var jitterMilliseconds: Double = 0
    /// The last one measured; nil where the peer sent no report that allows it.
    package var roundTripMilliseconds: Double?
    /// By the peer's last report about us.
    package var remotePacketsLost: Int?
    package var remoteJitterMilliseconds: Double?
    /// Milliseconds from `connect` to the first packet of each direction; nil where there was none.
    package var firstSentMilliseconds: Double?
    package var firstReceivedMilliseconds: Double?

    package init() {}
}
