/// Where a response goes, and what its Via says about it (RFC 3261 §18.2, RFC 3581 §4).
///
/// Deviation: `maddr` is ignored. It would let anybody make us send to a third party.
enum ReplyPath {
    /// Over UDP to the source's address; to its port if the client asked by `rport`, otherwise to the one in sent-by.
    /// Over a stream back on the connection.
    static func address(_ via: Via, _ source: TransportAddress) -> TransportAddress {
        guard !source.transport.isReliable, !via.parameters.contains("rport") else { return source }
        return TransportAddress(
            transport: source.transport, address: source.address, port: via.port ?? source.transport.defaultPort)
    }

    /// The request with `received` and `rport` in its topmost Via: always where the client asked for `rport`,
    /// otherwise where sent-by is not the source's address. Everything else of the Via stays as it came.
    static func marking(_ request: SIPRequest, _ via: Via, _ source: TransportAddress) -> SIPRequest {
        let asksForPort = via.parameters.contains("rport")
        guard asksForPort || IPAddress(via.host) != source.address else { return request }
        var request = request
        request.headers.markTopVia(
            via, received: source.address.description, receivedPort: asksForPort ? source.port : nil)
        return request
    }
}

extension AnyURI {
    /// Schemes that we take calls for (RFC 3261 §8.2.2.1).
    var isCallable: Bool {
        switch self {
        case .sip: true
        case .other(let scheme, _): scheme == "tel"
        }
    }
}
