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
    /// The number that we send it under.
    package var payloadType: UInt8
    /// The number that we send events under; nil where RFC 4733 was not agreed: digits are then tones in the audio.
    package var telephoneEventPayload: UInt8?
    /// The number that our own description names for events, where it is another one (RFC 3264 §6.1): the peer may send
    /// them under either.
    package var offeredEventPayload: UInt8?
    /// Hosts that media may come from besides `remoteAddress`: where the peer's signalling comes from.
    package var allowedSources: [String]
    /// Media may come from anywhere, as the trunk says that its peers are behind a NAT.
    package var allowsAnySource: Bool
    /// Our media goes to where the peer's comes from, where that is not `remoteAddress`.
    package var followsSource: Bool
    /// We send (sendrecv, sendonly on our side).
    package var sendsMedia: Bool
    /// We listen (sendrecv, recvonly on our side).
    package var receivesMedia: Bool

    package init(
        remoteAddress: String, remotePort: UInt16, rtcpMux: Bool = false, remoteRTCPPort: UInt16? = nil,
        payload: G711, payloadType: UInt8? = nil, telephoneEventPayload: UInt8? = nil,
        offeredEventPayload: UInt8? = nil, allowedSources: [String] = [], allowsAnySource: Bool = false,
        followsSource: Bool = false, sendsMedia: Bool = true, receivesMedia: Bool = true
    ) {
        self.remoteAddress = remoteAddress
        self.remotePort = remotePort
        self.rtcpMux = rtcpMux
        self.remoteRTCPPort = remoteRTCPPort
        self.payload = payload
        self.payloadType = payloadType ?? payload.payloadType
        self.telephoneEventPayload = telephoneEventPayload
        self.offeredEventPayload = offeredEventPayload
        self.allowedSources = allowedSources
        self.allowsAnySource = allowsAnySource
        self.followsSource = followsSource
        self.sendsMedia = sendsMedia
        self.receivesMedia = receivesMedia
    }

    /// The peer both hears us and speaks, or may: it is missed where it does not. One that holds the call, or is held, is
    /// not (RFC 3264 §8.4): it may not send, or has no music to.
    var isTwoWay: Bool { sendsMedia && receivesMedia }

    var policy: PeerLatch.Policy {
        PeerLatch.Policy(
            hosts: allowedSources.compactMap { SocketAddress($0, port: 0)?.host }, allowsAnyHost: allowsAnySource,
            followsSource: followsSource)
    }
}
