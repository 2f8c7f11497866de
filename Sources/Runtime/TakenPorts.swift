import SIPTransport

/// Says of RTP ports that could not be bound who holds them. Looked up aside, for neither the call loop nor a media
/// thread may wait for it, and seldom: a whole range may be another program's, and is tried port by port.
actor TakenPorts {
    private static let freshness = Duration.seconds(5)

    private var holders: PortHolders?
    /// Nothing says that others hold what is not seen from here: then a port that was not found is looked for once more.
    private var seesAll = true
    private var lookedAt = ContinuousClock.now

    /// - Parameter port: could not be bound.
    func words(for port: UInt16) -> String {
        if let holders, ContinuousClock.now - lookedAt < Self.freshness, holders.holder(of: port) != nil || !seesAll {
            return holders.words(for: port)
        }
        let found = PortHolders.look(for: .udp, in: 0...UInt16.max, held: [port])
        holders = found
        seesAll = found.holder(of: port) != nil
        lookedAt = ContinuousClock.now
        return found.words(for: port)
    }
}
