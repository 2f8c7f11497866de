package import SIP

/// What a neighbourhood is told at its start.
package struct NeighbourhoodConfiguration: Sendable {
    package var userAgent: UserAgentConfiguration
    /// What its SDP says for media.
    package var mediaAddress: String
    /// Even ports of this range are given out, one for each call.
    package var rtpPorts: ClosedRange<UInt16>
    /// Each person then draws from a source of its own, which follows from this seed and the number: the same seed,
    /// the same behaviour under a number, whoever else calls. Nil: all draw from the neighbourhood's.
    package var personalSeed: UInt64?

    package init(
        userAgent: UserAgentConfiguration, mediaAddress: String, rtpPorts: ClosedRange<UInt16>,
        personalSeed: UInt64? = nil
    ) {
        self.userAgent = userAgent
        self.mediaAddress = mediaAddress
        self.rtpPorts = rtpPorts
        self.personalSeed = personalSeed
    }
}
