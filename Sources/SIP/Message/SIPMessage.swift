/// A message that owns its parts.
public enum SIPMessage: Hashable, Sendable {
    case request(SIPRequest)
    case response(SIPResponse)

    /// Reads one whole message. What every message must have is there and well-formed afterwards: Via, From, To,
    /// Call-ID, CSeq, in a request the method of CSeq equal to its own.
    public init(parsing bytes: [UInt8]) throws(SIPParseError) {
        self = try SIPMessageView.withView(of: bytes) { view throws(SIPParseError) in try SIPMessage(view) }
    }

    /// Takes over everything that a view shows.
    package init(_ view: SIPMessageView) throws(SIPParseError) {
        var scanner = try HeaderScanner(view.bytes)
        let line = try FirstLine(scanner.firstLine)
        var headers = SIPHeaders()
        headers.reserve(16)
        while let field = try scanner.next() { headers.append(SIPHeaderName(window: field.name), field.text) }
        try headers.parseEssentials(cseq: CSeq(view.cseqNumber, view.cseqMethod))
        let body = view.bytes.window(view.bodyStart, view.bodyStart + view.bodyCount)
        // Safe: a window lies within its buffer, and the content is a copy.
        let content = unsafe Array(UnsafeBufferPointer(rebasing: body.base[body.start..<body.end]))
        switch line {
        case .request(let method, let uri):
            let uri = try AnyURI(window: uri)
            // RFC 3261 §19.1.1, table 1; RFC 4475 §3.1.2.11.
            guard uri.sip?.escapedHeaders == nil else { throw SIPParseError(.badURI, in: "Request-URI") }
            self = .request(
                SIPRequest(method: SIPMethod(window: method), uri: uri, headers: headers, body: content))
        case .response(let status, let reason):
            self = .response(SIPResponse(status: status, reason: reason.text, headers: headers, body: content))
        }
    }

    public var headers: SIPHeaders {
        switch self {
        case .request(let request): request.headers
        case .response(let response): response.headers
        }
    }

    public var startLine: String {
        switch self {
        case .request(let request): request.startLine
        case .response(let response): response.startLine
        }
    }

    public var bytes: [UInt8] {
        switch self {
        case .request(let request): request.bytes
        case .response(let response): response.bytes
        }
    }
}
