/// Subject and issuer of a certificate (RFC 5280 §4.1), which the TLS library does not tell; read from its DER
/// (ITU-T X.690 §8, §10).
struct CertificateNames: Equatable {
    /// Common name, or else the organization.
    let issuer: String?
    /// Subject and issuer are the same.
    let isSelfSigned: Bool

    private static let sequence: UInt8 = 0x30
    private static let explicitVersion: UInt8 = 0xA0
    /// `id-at-commonName` and `id-at-organizationName`.
    private static let commonName: [UInt8] = [0x55, 0x04, 0x03]
    private static let organization: [UInt8] = [0x55, 0x04, 0x0A]

    init?(der: [UInt8]) {
        var outer = DERReader(der[...])
        guard let certificate = outer.next(), certificate.tag == Self.sequence else { return nil }
        var inner = DERReader(certificate.content)
        guard let toBeSigned = inner.next(), toBeSigned.tag == Self.sequence else { return nil }
        var fields = DERReader(toBeSigned.content)
        guard var field = fields.next() else { return nil }
        if field.tag == Self.explicitVersion {
            guard let serialNumber = fields.next() else { return nil }
            field = serialNumber
        }
        guard fields.next() != nil, let issuer = fields.next(), fields.next() != nil, let subject = fields.next() else {
            return nil
        }
        isSelfSigned = issuer.content.elementsEqual(subject.content)
        self.issuer =
            Self.text(of: Self.commonName, in: issuer.content)
            ?? Self.text(of: Self.organization, in: issuer.content)
    }

    private static func text(of attribute: [UInt8], in name: ArraySlice<UInt8>) -> String? {
        var names = DERReader(name)
        while let set = names.next() {
            var attributes = DERReader(set.content)
            while let pair = attributes.next() {
                var parts = DERReader(pair.content)
                guard let type = parts.next(), type.content.elementsEqual(attribute), let value = parts.next() else {
                    continue
                }
                return String(decoding: value.content, as: UTF8.self)
            }
        }
        return nil
    }
}

/// One element after the other; nil at the end, and where the bytes are none.
private struct DERReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    mutating func next() -> (tag: UInt8, content: ArraySlice<UInt8>)? {
        guard let tag = rest.popFirst(), let first = rest.popFirst() else { return nil }
        var length = Int(first)
        if first >= 0x80 {
            // The long form: so many octets of length; a certificate needs no more than three.
            let count = Int(first & 0x7F)
            guard (1...3).contains(count), rest.count >= count else { return nil }
            length = rest.prefix(count).reduce(0) { $0 << 8 | Int($1) }
            rest = rest.dropFirst(count)
        }
        guard rest.count >= length else { return nil }
        let content = rest.prefix(length)
        rest = rest.dropFirst(length)
        return (tag, content)
    }
}
