import JSON

/// A relationship of two user agents that lasts: what RFC 3261 §12 keeps for it, and how requests inside it are made.
///
///     UAC: response with To tag         UAS: our response with To tag
///       1xx ──▶ early ── 2xx ──▶ confirmed ── BYE ──▶ (gone)
///
/// A value that its session owns. The session decides what a request means; the dialog numbers it and says where it
/// goes.
public struct Dialog: Hashable, Codable, Sendable {
    /// What became of an incoming request's CSeq (RFC 3261 §12.2.2).
    public enum Order: Equatable, Sendable {
        case inOrder
        /// Lower than one seen before: 500.
        case outOfOrder
    }

    public let callID: String
    public let localTag: String
    public let remoteTag: String
    /// Our address as in From (UAC) or To (UAS), without tag.
    public let localAddress: NameAddress
    /// The peer's address, without tag.
    public let remoteAddress: NameAddress
    /// Where requests go: the peer's latest Contact.
    public private(set) var remoteTarget: AnyURI
    /// Route header fields in the order in which they are written.
    public private(set) var routeSet: [NameAddress]
    /// The number of our latest request; nil while we have sent none.
    public private(set) var localCSeq: UInt32?
    /// The number of the peer's latest request.
    public private(set) var remoteCSeq: UInt32?
    public private(set) var isConfirmed: Bool
    /// Where the dialog began: the hop that gets its requests when the target cannot be reached as it says.
    public let peer: TransportAddress
    /// The host that was called, where it is a name: `peer` is its address.
    private var called: KnownHost?
    /// The host that was looked up last.
    private var resolved: KnownHost?

    public var id: DialogID { DialogID(callID: callID, localTag: localTag, remoteTag: remoteTag) }

    /// As UAC, from our INVITE and a response that is not 100 (RFC 3261 §12.1.2). A response without a Contact is
    /// forgiven: its target is what was called, so that even such a peer gets its ACK and BYE. Nil where To or
    /// Record-Route cannot be read.
    public init?(asCallerOf invite: SIPRequest, response: SIPResponse, peer: TransportAddress) {
        guard let to = try? response.headers.to(), let routes = try? response.headers.addresses(.recordRoute)
        else { return nil }
        self.init(asCallerOf: invite, response: response, to: to, routes: routes, peer: peer)
    }

    /// As above from a 2xx that cannot be read throughout, to be acknowledged and hung up (RFC 3261 §13.2.2.4): over the
    /// routes that can be read, in the order in which they stand.
    init?(hangingUpOn invite: SIPRequest, response: SIPResponse, peer: TransportAddress) {
        guard var to = try? invite.headers.to() else { return nil }
        to.tag = response.headers.remoteTag
        let values = response.headers.values(.recordRoute)
        let routes = values.count > SIPLimits.listValues ? [] : values.compactMap { try? NameAddress($0) }
        self.init(
            asCallerOf: invite, response: response, to: (try? response.headers.to()) ?? to, routes: routes, peer: peer)
    }

    private init?(
        asCallerOf invite: SIPRequest, response: SIPResponse, to: NameAddress, routes: [NameAddress],
        peer: TransportAddress
    ) {
        guard let from = try? invite.headers.from(), let localTag = from.tag,
            let cseq = try? invite.headers.cseq(), let callID = invite.headers.callID
        else { return nil }
        let contact = (try? response.headers.addresses(.contact))?.first?.uri
        self.callID = callID
        self.localTag = localTag
        // RFC 3261 §12.1.2: a missing To tag is an old peer's, and is an empty one.
        remoteTag = to.tag ?? ""
        localAddress = from.withoutTag
        remoteAddress = to.withoutTag
        remoteTarget = contact ?? invite.uri
        routeSet = routes.reversed()
        localCSeq = cseq.number
        remoteCSeq = nil
        isConfirmed = response.status.isSuccess
        self.peer = peer
        if let host = invite.uri.sip?.host, IPAddress(host) == nil {
            called = KnownHost(name: host, address: peer.address)
        }
    }

    /// As UAS, from the peer's INVITE and the tag that our responses carry (RFC 3261 §12.1.1). Nil without a Contact.
    public init?(asCalleeOf invite: SIPRequest, localTag: String, peer: TransportAddress) {
        guard let from = try? invite.headers.from(), let to = try? invite.headers.to(),
            let cseq = try? invite.headers.cseq(), let callID = invite.headers.callID,
            let routes = try? invite.headers.addresses(.recordRoute),
            let contact = (try? invite.headers.addresses(.contact))?.first
        else { return nil }
        self.callID = callID
        self.localTag = localTag
        remoteTag = from.tag ?? ""
        localAddress = to.withoutTag
        remoteAddress = from.withoutTag
        remoteTarget = contact.uri
        routeSet = routes
        localCSeq = nil
        remoteCSeq = cseq.number
        isConfirmed = false
        self.peer = peer
    }

    /// Our 2xx went out.
    public mutating func confirm() { isConfirmed = true }

    /// A 2xx came. Its Contact is the target from now on, and the route set is computed anew from its Record-Route,
    /// whatever an 18x said before (RFC 3261 §13.2.2.4); what cannot be read leaves both as they were.
    public mutating func confirm(by response: SIPResponse) {
        isConfirmed = true
        if let target = (try? response.headers.addresses(.contact))?.first?.uri { remoteTarget = target }
        if let routes = try? response.headers.addresses(.recordRoute) { routeSet = routes.reversed() }
    }

    /// The peer moved: a re-INVITE or UPDATE with another Contact (RFC 3261 §12.2). True where that changed anything.
    public mutating func refreshTarget(from headers: SIPHeaders) -> Bool {
        guard let contact = (try? headers.addresses(.contact))?.first?.uri, contact != remoteTarget else {
            return false
        }
        remoteTarget = contact
        return true
    }

    /// Takes note of the CSeq of a request from the peer. A gap is no fault, a step back is (RFC 3261 §12.2.2).
    public mutating func accept(_ cseq: CSeq) -> Order {
        if let remoteCSeq, cseq.number < remoteCSeq { return .outOfOrder }
        remoteCSeq = cseq.number
        return .inOrder
    }

    /// A request inside the dialog (RFC 3261 §12.2.1.1), without Via, Max-Forwards and Contact.
    ///
    /// - Parameter number: the CSeq; nil draws the next. An ACK has its INVITE's.
    public mutating func request(_ method: SIPMethod, number: UInt32? = nil) -> SIPRequest {
        let number = number ?? nextNumber()
        var target = remoteTarget.asRequestURI
        var routes = routeSet
        if let first = routeSet.first, let router = first.uri.sip, !router.isLooseRouter {
            // A strict router wants to see itself in the Request-URI, the target last in the Route.
            target = first.uri.asRequestURI
            routes = Array(routeSet.dropFirst()) + [NameAddress(uri: remoteTarget)]
        }
        var request = SIPRequest(method: method, uri: target)
        for route in routes { request.headers.append(.route, route.description) }
        request.headers.append(.from, localAddress.with(tag: localTag).description)
        request.headers.append(.to, remoteAddress.with(tag: remoteTag).description)
        request.headers.append(.callID, callID)
        request.headers.append(.cseq, CSeq(number, method).description)
        return request
    }

    /// Where requests of this dialog are sent (RFC 3261 §8.1.2, §12.2.1.1): the first route, or the target, and of either
    /// its `maddr` where it has one (RFC 3263 §4).
    ///
    /// They go where the dialog began instead where what is named cannot be reached from our socket: another transport or
    /// family, no single host, a name that has no address.
    ///
    /// Deviation from RFC 3263 §4.2: a name without a port would have to be looked up as SRV first. That is not done
    /// here, and its address records may well be another service's: such a request goes where the dialog began, too.
    public func nextHop(_ routing: UserAgentConfiguration.InDialogRouting) -> NextHop {
        guard routing == .remoteTarget, let uri = (routeSet.first?.uri ?? remoteTarget).sip, isReachable(uri) else {
            return .address(peer)
        }
        let host = uri.parameters["maddr"] ?? uri.host
        if let address = IPAddress(host) {
            return .address(at(address, uri.port ?? peer.transport.defaultPort) ?? peer)
        }
        guard let port = uri.port, port > 0 else { return .address(peer) }
        if let known = [resolved, called].compactMap(\.self).first(where: { $0.name.equalsIgnoringCase(host) }) {
            return .address(known.address.flatMap { at($0, port) } ?? peer)
        }
        return .name(host)
    }

    /// What looking up a host came to: of its addresses the first that our socket reaches; none is known for good, too.
    public mutating func learn(_ host: String, _ addresses: [IPAddress]) {
        resolved = KnownHost(name: host, address: addresses.first { at($0, peer.port) != nil })
    }

    /// Over the transport that the dialog began on: no other is tried for it.
    private func isReachable(_ uri: SIPURI) -> Bool {
        guard let transport = uri.parameters["transport"] else { return !uri.isSecure || peer.transport == .tls }
        return transport.equalsIgnoringCase(peer.transport.rawValue)
    }

    /// Our socket is of the family in which the peer was reached.
    private func at(_ address: IPAddress, _ port: UInt16) -> TransportAddress? {
        guard port > 0, address.bytes.count == peer.address.bytes.count, address.isUnicast else { return nil }
        return TransportAddress(transport: peer.transport, address: address, port: port)
    }

    private mutating func nextNumber() -> UInt32 {
        // A number at the limit starts again: no dialog lives for two thousand million requests.
        let next = localCSeq.map { UInt64($0) >= SIPLimits.sequenceNumber ? 1 : $0 + 1 } ?? 1
        localCSeq = next
        return next
    }
}

extension Dialog {
    /// A host's name, and the address that it stands for; nil where it has none for us.
    private struct KnownHost: Hashable, Sendable {
        let name: String
        let address: IPAddress?
    }

    /// Where a request goes next.
    public enum NextHop: Hashable, Sendable {
        case address(TransportAddress)
        /// A host that has to be looked up first; the dialog is told by ``learn(_:_:)``.
        case name(String)
    }

    /// What was looked up is not stored: after a crash it is looked up again.
    private enum CodingKeys: String, CodingKey {
        case callID, localTag, remoteTag, localAddress, remoteAddress, remoteTarget, routeSet, localCSeq, remoteCSeq
        case isConfirmed, peer
    }
}

extension AnyURI {
    /// Without what may not stand in a Request-URI: headers, and a method (RFC 3261 §19.1.1, table 1).
    var asRequestURI: AnyURI {
        guard case .sip(var uri) = self else { return self }
        uri.escapedHeaders = nil
        uri.parameters["method"] = nil
        return .sip(uri)
    }
}

extension NameAddress {
    var withoutTag: NameAddress {
        var copy = self
        copy.tag = nil
        return copy
    }

    /// With a tag; without any where it is empty, as RFC 3261 §12.2.1.1 asks for peers that set none.
    func with(tag: String) -> NameAddress {
        var copy = self
        copy.tag = tag.isEmpty ? nil : tag
        return copy
    }
}

extension Dialog {
    /// As in ``SessionRecord/write(into:)``.
    func write(into writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("callID", callID)
            writer.member("isConfirmed", isConfirmed)
            writer.member("localAddress", localAddress.description)
            if let localCSeq { writer.member("localCSeq", Int64(localCSeq)) }
            writer.member("localTag", localTag)
            writer.member("peer", peer.recorded)
            writer.member("remoteAddress", remoteAddress.description)
            if let remoteCSeq { writer.member("remoteCSeq", Int64(remoteCSeq)) }
            writer.member("remoteTag", remoteTag)
            writer.member("remoteTarget", remoteTarget.description)
            writer.array("routeSet") { writer in
                for route in routeSet { writer.value(route.description) }
            }
        }
    }
}
