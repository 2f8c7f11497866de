/// Whose datagrams a session's sockets take, the rest being dropped by the kernel: a flood of strangers then costs the
/// call nothing, neither time to read it nor room in the queue (docs/decisions/0031-strangers-dropped-by-the-kernel.md).
///
///     open ──it is settled who the peer is (`PeerLatch.settled`)──▶ peer
///      │ ▲                                                          │
///      │ └──a description of elsewhere────────────────────────────◀─┘
///      │ ▲
///      ▼ │ after `patience`
///     described ◀── more datagrams in a tick than are read
///
/// It only ever leaves out whom the latch would not hear; whoever comes through is judged by the latch as before.
struct MediaGate {
    enum State: Equatable {
        /// Others than the described address may yet be the peer.
        case open
        /// A flood stands before the gate: the described address, which is to be heard first, has the queue for itself.
        case described(SocketAddress, until: Int64)
        /// It is settled: the peer, and the described address, which may still come in the peer's place.
        case peer(SocketAddress, described: SocketAddress)
    }

    /// Time for the described address to be heard: ten packets of it.
    static let patience: Int64 = 200_000_000

    private(set) var state = State.open

    /// - Parameters:
    ///   - peer: of whom it is settled that nobody else but the described address is heard; nil while that is open.
    ///   - isFlooded: more has come in this tick than is read in one.
    /// - Returns: whether the state is another one now.
    mutating func follow(_ peer: SocketAddress?, described: SocketAddress, isFlooded: Bool, now: Int64) -> Bool {
        let former = state
        if let peer {
            state = .peer(peer, described: described)
        } else if case .described(described, until: let until) = state, now < until {
            return false
        } else {
            state = isFlooded ? .described(described, until: now + Self.patience) : .open
        }
        return state != former
    }

    /// Where RTP, and RTCP with it, may come from; nil: anywhere.
    func sources(_ route: MediaRoute) -> [SocketAddress]? {
        switch state {
        case .open: nil
        case .described(let address, _): [address] + Self.control(of: [address], route)
        // Some send RTCP to RTP's port without having agreed to it.
        case .peer(let peer, let described): [peer, described] + Self.control(of: [peer, described], route)
        }
    }

    /// Where RTCP may come from at a port of its own; nil: anywhere.
    ///
    /// - Parameter isKnown: it has come from where it is expected. Before that it may be sent from any port of a host.
    func controlSources(_ route: MediaRoute, isKnown: Bool) -> [SocketAddress]? {
        switch state {
        case .open, .described: nil
        case .peer(let peer, let described):
            isKnown
                ? Self.control(of: [peer, described], route)
                : [peer.with(port: 0), described.with(port: 0)]
        }
    }

    /// RFC 3550 §11, RFC 3605: the next port, or the one that the description names.
    static func control(of addresses: [SocketAddress], _ route: MediaRoute) -> [SocketAddress] {
        addresses.flatMap { address -> [SocketAddress] in
            let next = address.port < .max ? [address.with(port: address.port + 1)] : []
            return next + (route.remoteRTCPPort.map { [address.with(port: $0)] } ?? [])
        }
    }
}
