extension AnyURI {
    /// Who is meant, with everything that stands beside the number: `+13125550142;npdi;rn=+13125550000` of a SIP URI's
    /// user part (RFC 3261 §19.1.6) or of a `tel:` URI (RFC 3966). Escapes are undone. Nil where the URI names nobody.
    public var subscriber: String? {
        switch self {
        case .sip(let uri): uri.user
        case .other("tel", let text): SIPURI.unescape(text)
        case .other: nil
        }
    }

    /// The host of a SIP URI.
    public var host: String? { sip?.host }
}
