/// What an outgoing session needs to begin.
public struct Invitation: Equatable, Sendable {
    /// Where the INVITE is sent: the trunk, or the callee itself.
    public var destination: TransportAddress
    /// Who is called, as the Request-URI.
    public var requestURI: SIPURI
    /// The caller as the callee shall see it; without a tag.
    public var from: NameAddress
    /// The callee as dialled; without a tag.
    public var to: NameAddress
    /// The offer (RFC 3264), as `application/sdp`.
    public var offer: [UInt8]
    /// Further header fields, such as P-Asserted-Identity. Those that the user agent writes itself are ignored.
    public var extraHeaders: SIPHeaders
    /// Drawn before, where they had to be stored before the INVITE leaves; nil lets `invite` draw them.
    public var identifiers: InvitationIdentifiers?

    public init(
        destination: TransportAddress, requestURI: SIPURI, from: NameAddress, to: NameAddress, offer: [UInt8],
        extraHeaders: SIPHeaders = SIPHeaders(), identifiers: InvitationIdentifiers? = nil
    ) {
        self.destination = destination
        self.requestURI = requestURI
        self.from = from
        self.to = to
        self.offer = offer
        self.extraHeaders = extraHeaders
        self.identifiers = identifiers
    }
}
