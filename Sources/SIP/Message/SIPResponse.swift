/// A response that owns its parts (RFC 3261 §7.2).
public struct SIPResponse: Hashable, Sendable {
    public var status: StatusCode
    public var reason: String
    public var headers: SIPHeaders
    public var body: [UInt8]
    /// What of it could not be read, where that is so: the rest was taken from what is no whole message.
    var fault: String?

    public init(status: StatusCode, reason: String? = nil, headers: SIPHeaders = SIPHeaders(), body: [UInt8] = []) {
        self.status = status
        self.reason = reason ?? status.reasonPhrase
        self.headers = headers
        self.body = body
    }

    /// A response to `request` with what must be copied from it (RFC 3261 §8.2.6.2).
    ///
    /// - Parameter toTag: added to To where the request's has none; a 100 takes none.
    public init(
        to request: SIPRequest, status: StatusCode, reason: String? = nil, toTag: String?, body: [UInt8] = []
    ) {
        self.init(status: status, reason: reason, body: body)
        headers.reserve(12)
        for via in request.headers.all(.via) { headers.append(.via, via) }
        if let from = request.headers[.from] { headers.append(.from, from) }
        if var to = request.headers[.to] {
            if let toTag {
                if let address = try? request.headers.to() {
                    if address.tag == nil { to = to.addingTag(toTag, address) }
                } else if !to.hasTag {
                    // What cannot be read is echoed all the same, and a 400 has its tag too (RFC 3261 §8.2.6.2).
                    to += ";tag=" + toTag
                }
            }
            headers.append(.to, to)
        }
        if let callID = request.headers[.callID] { headers.append(.callID, callID) }
        if let cseq = request.headers[.cseq] { headers.append(.cseq, cseq) }
        if status == .trying, let timestamp = request.headers[.timestamp] { headers.append(.timestamp, timestamp) }
    }

    /// `SIP/2.0 200 OK`
    public var startLine: String { "SIP/2.0 \(status.rawValue) \(reason)" }

    /// The message as it goes out. Content-Length is always written, by the body.
    public var bytes: [UInt8] { SIPPrinter.print(startLine, headers, body) }

    /// What is left of a response that is no whole message: see ``SalvagedMessage``.
    init(salvaged status: StatusCode, _ headers: SIPHeaders, fault: String) {
        self.init(status: status, headers: headers)
        self.fault = fault
    }

    /// The SDP in the body; nil where there is no body or it is something else.
    public var sessionDescription: [UInt8]? { headers.sessionDescription(body) }
}

extension SIPHeaders {
    /// The tag of To, also of one that is malformed elsewhere; empty without any.
    var remoteTag: String {
        if let to = try? to() { return to.tag ?? "" }
        guard let text = self[.to] else { return "" }
        // What is broken may be a quote or a bracket: neither holds anything together here.
        for part in text.split(separator: ";").dropFirst() {
            let sides = part.split(separator: "=", maxSplits: 1)
            guard sides.count == 2, trimmed(sides[0]).equalsIgnoringCase("tag") else { continue }
            return trimmed(sides[1])
        }
        return ""
    }

    private func trimmed(_ text: Substring) -> String { String(text).withWindow { $0.trimmed.text } }
}

extension String {
    /// Whether a To that is malformed somewhere has a tag.
    fileprivate var hasTag: Bool {
        withWindow { window in
            window.split(at: UInt8(ascii: ";")).dropFirst().contains { part in
                let equals = part.firstIndex(of: UInt8(ascii: "="), from: part.start) ?? part.end
                return part.window(part.start, equals).trimmed.equalsIgnoringCase("tag")
            }
        }
    }

    /// A To value with a tag. An address without brackets gets them, since a parameter behind it would otherwise be
    /// read as the URI's by careless peers.
    fileprivate func addingTag(_ tag: String, _ address: NameAddress) -> String {
        guard utf8.contains(UInt8(ascii: ">")) else {
            var address = address
            address.tag = tag
            return address.description
        }
        return self + ";tag=" + tag
    }
}
