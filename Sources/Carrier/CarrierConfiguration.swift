package import People
package import SIP

/// What the simulated carrier is told at its start.
package struct CarrierConfiguration: Sendable {
    package var listen: TransportAddress
    package var rtpPorts: ClosedRange<UInt16>
    /// The folder that what everybody heard and said is kept in.
    package var recordings: String
    /// The folder that speech is kept in, to be made once; nil for nowhere.
    package var speechCache: String?
    /// The same seed, the same behaviour under each number.
    package var seed: UInt64
    package var timers: TransactionTimers
    package var directory: any PeopleDirectory

    package init(
        listen: TransportAddress, rtpPorts: ClosedRange<UInt16> = 10_000...14_999, recordings: String,
        speechCache: String? = nil, seed: UInt64 = 1, timers: TransactionTimers = TransactionTimers(),
        directory: any PeopleDirectory = CarrierTable()
    ) {
        self.listen = listen
        self.rtpPorts = rtpPorts
        self.recordings = recordings
        self.speechCache = speechCache
        self.seed = seed
        self.timers = timers
        self.directory = directory
    }
}
