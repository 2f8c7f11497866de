package import SDP

/// Where a call's media flows, as offer and answer agreed.
package struct MediaConnection: Hashable, Sendable {
    package var agreement: AudioAgreement
    /// The number that our own descriptions name for telephone events.
    package var offeredEventPayload: UInt8?
    package var sources: MediaSources
    /// Before the answer: the far end need not send anything yet.
    package var isEarly: Bool

    package init(
        agreement: AudioAgreement, offeredEventPayload: UInt8? = nil, sources: MediaSources, isEarly: Bool = false
    ) {
        self.agreement = agreement
        self.offeredEventPayload = offeredEventPayload
        self.sources = sources
        self.isEarly = isEarly
    }
}

/// From where a call's media may come, besides the address of the description, and what that means for ours.
package struct MediaSources: Hashable, Sendable {
    /// Where the signalling goes, or comes from: media may come from there too.
    package var signallingHost: String
    package var allowsAnySource: Bool
    /// Ours goes to where the far end's comes from.
    package var isFollowed: Bool

    package init(signallingHost: String, allowsAnySource: Bool, isFollowed: Bool) {
        self.signallingHost = signallingHost
        self.allowsAnySource = allowsAnySource
        self.isFollowed = isFollowed
    }
}
