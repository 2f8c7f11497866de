/// What a session needs before its peer is known: the socket that the offer names, and where its numbers begin.
package struct MediaOpening: Equatable, Sendable {
    /// A literal IPv4 or IPv6 address of this host.
    package var localAddress: String
    /// Even by custom (RFC 3550 §11); RTCP uses the next one where it is not multiplexed. 0 lets the system choose.
    package var port: UInt16
    package var ssrc: UInt32
    package var firstSequence: UInt16
    package var firstTimestamp: UInt32

    package init(
        localAddress: String, port: UInt16, ssrc: UInt32, firstSequence: UInt16, firstTimestamp: UInt32
    ) {
        self.localAddress = localAddress
        self.port = port
        self.ssrc = ssrc
        self.firstSequence = firstSequence
        self.firstTimestamp = firstTimestamp
    }
}
