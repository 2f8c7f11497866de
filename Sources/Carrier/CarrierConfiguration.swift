package import People
package import SIP

/// What the simulated carrier is told at its start.
package struct CarrierConfiguration: Sendable {
    package var listen: TransportAddress
    package var rtpPorts: ClosedRange<UInt16>
    /// The folder that what everybody heard and said is kept in.
    package var recordings: String
    package var seed: UInt64
    package var directory: any Directory

    package init(
        listen: TransportAddress, rtpPorts: ClosedRange<UInt16> = 10_000...14_999, recordings: String,
        seed: UInt64 = 1, directory: any Directory = CarrierConfiguration.listeners
    ) {
        self.listen = listen
        self.rtpPorts = rtpPorts
        self.recordings = recordings
        self.seed = seed
        self.directory = directory
    }

    /// Everybody picks up after about one ring, listens, and hangs up when spoken to or when nothing is said for long.
    package static var listeners: any Directory {
        OneKindOfPeople(
            .answers(
                after: 900...1100,
                Conversation(ending: .hangsUpWhenSpokenTo(silence: 1000...1500, patience: 30_000...30_000))))
    }
}
