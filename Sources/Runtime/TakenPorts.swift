import SIPTransport

/// Says of RTP ports that could not be bound who holds them. Looked up aside, for neither the call loop nor a media
/// thread may wait for it, and seldom: a whole range may be another program's, and is tried port by port.
actor TakenPorts {
    private static let freshness = Duration.seconds(5)

    private var holders: PortHolders?
    private var lookedAt = ContinuousClock.now

    func words(for port: UInt16) -> String {
        if let holders, ContinuousClock.now - lookedAt < Self.freshness { return holders.words(for: port) }
        let found = PortHolders.look(for: .udp, in: 0...UInt16.max)
        holders = found
        lookedAt = ContinuousClock.now
        return found.words(for: port)
    }
}
