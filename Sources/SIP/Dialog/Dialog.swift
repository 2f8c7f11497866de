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
    public let routeSet: [NameAddress]
    /// The number of our latest request; nil while we have sent none.
    public private(set) var localCSeq: UInt32?
    /// The number of the peer's latest request.
    public private(set) var remoteCSeq: UInt32?
    public private(set) var isConfirmed: Bool
    /// Where the dialog began: the hop that gets its requests when the target's host is a name.
    public let peer: TransportAddress

    public var id: DialogID { DialogID(callID: callID, localTag: localTag, remoteTag: remoteTag) }

    /// As UAC, from our INVITE and a response that is not 100 (RFC 3261 §12.1.2). A response without a Contact is
    /// forgiven: its target is what was called, so that even such a peer gets its ACK and BYE. Nil where To or
    /// Record-Route cannot be read.
    public init?(asCallerOf invite: SIPRequest, response: SIPResponse, peer: TransportAddress) {
        guard let from = try? invite.headers.from(), let localTag = from.tag, let to = try? response.headers.to(),
            let cseq = try? invite.headers.cseq(), let callID = invite.headers.callID,
            let routes = try? response.headers.addresses(.recordRoute)
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

    /// A 2xx came or went out. The peer's Contact in it is the target from now on (RFC 3261 §13.2.2.4).
    public mutating func confirm(target: AnyURI? = nil) {
        isConfirmed = true
        if let target { remoteTarget = target }
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
        var target = remoteTarget
        var routes = routeSet
        if let first = routeSet.first, let router = first.uri.sip, !router.isLooseRouter {
            // A strict router wants to see itself in the Request-URI, the target last in the Route.
            var stripped = router
            stripped.escapedHeaders = nil
            stripped.parameters["method"] = nil
            target = .sip(stripped)
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

    /// Where requests of this dialog are sent (RFC 3261 §8.1.2): the first route, or the target. Names are not
    /// resolved here: such a request goes where the dialog began, and so does one for another transport or family, or to no
    /// single host.
    public func nextHop(_ routing: UserAgentConfiguration.InDialogRouting) -> TransportAddress {
        guard routing == .remoteTarget, let uri = (routeSet.first?.uri ?? remoteTarget).sip,
            let address = uri.address
        else { return peer }
        let port = uri.port ?? peer.transport.defaultPort
        // Our socket is of the family in which the peer was reached.
        guard port > 0, address.bytes.count == peer.address.bytes.count, address.isUnicast else { return peer }
        return TransportAddress(transport: peer.transport, address: address, port: port)
    }

    private mutating func nextNumber() -> UInt32 {
        // A number at the limit starts again: no dialog lives for two thousand million requests.
        let next = localCSeq.map { UInt64($0) >= SIPLimits.sequenceNumber ? 1 : $0 + 1 } ?? 1
        localCSeq = next
        return next
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
