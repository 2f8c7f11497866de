/// Where a session's media goes and comes from, as offer and answer agreed.
package struct MediaRoute: Equatable, Sendable {
    /// Of the answer's c= line; a literal address.
    package var remoteAddress: String
    package var remotePort: UInt16
    /// RTP and RTCP on one port (RFC 5761).
    package var rtcpMux: Bool
    /// Of a=rtcp (RFC 3605); nil for the port after `remotePort`.
    package var remoteRTCPPort: UInt16?
    package var payload: G711
    /// Nil where RFC 4733 was not agreed: digits are then tones in the audio.
    package var telephoneEventPayload: UInt8?
    /// Hosts that media may come from besides `remoteAddress`: where the peer's signalling comes from.
    package var allowedSources: [String]
    /// Media may come from anywhere, as the trunk says that its peers are behind a NAT.
    package var allowsAnySource: Bool
    /// We send (sendrecv, sendonly on our side).
    package var sendsMedia: Bool
    /// We listen (sendrecv, recvonly on our side).
    package var receivesMedia: Bool

    package init(
        remoteAddress: String, remotePort: UInt16, rtcpMux: Bool = false, remoteRTCPPort: UInt16? = nil,
        payload: G711, telephoneEventPayload: UInt8? = nil, allowedSources: [String] = [],
        allowsAnySource: Bool = false, sendsMedia: Bool = true, receivesMedia: Bool = true
    ) {
        self.remoteAddress = remoteAddress
        self.remotePort = remotePort
        self.rtcpMux = rtcpMux
        self.remoteRTCPPort = remoteRTCPPort
        self.payload = payload
        self.telephoneEventPayload = telephoneEventPayload
        self.allowedSources = allowedSources
        self.allowsAnySource = allowsAnySource
        self.sendsMedia = sendsMedia
        self.receivesMedia = receivesMedia
    }
}
