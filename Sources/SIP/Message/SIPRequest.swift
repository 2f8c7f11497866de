/// A request that owns its parts (RFC 3261 §7.1).
public struct SIPRequest: Hashable, Sendable {
    public var method: SIPMethod
    public var uri: AnyURI
    public var headers: SIPHeaders
    public var body: [UInt8]

    public init(method: SIPMethod, uri: AnyURI, headers: SIPHeaders = SIPHeaders(), body: [UInt8] = []) {
        self.method = method
        self.uri = uri
        self.headers = headers
        self.body = body
    }

    /// `INVITE sip:bob@example.com SIP/2.0`
    public var startLine: String { "\(method) \(uri) SIP/2.0" }

    /// The message as it goes out. Content-Length is always written, by the body.
    public var bytes: [UInt8] { SIPPrinter.print(startLine, headers, body) }

    /// The SDP in the body; nil where there is no body or it is something else.
    public var sessionDescription: [UInt8]? { headers.sessionDescription(body) }
}
