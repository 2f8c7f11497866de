package import SIP

/// What a neighbourhood is told at its start.
package struct NeighbourhoodConfiguration: Sendable {
    package var userAgent: UserAgentConfiguration
    /// What its SDP says for media.
    package var mediaAddress: String
    /// Even ports of this range are given out, one for each call.
    package var rtpPorts: ClosedRange<UInt16>

    package init(userAgent: UserAgentConfiguration, mediaAddress: String, rtpPorts: ClosedRange<UInt16>) {
        self.userAgent = userAgent
        self.mediaAddress = mediaAddress
        self.rtpPorts = rtpPorts
    }
}
