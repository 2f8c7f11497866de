import FoundationEssentials

/// What an `Authorization: Basic …` header says (RFC 7617 §2).
struct BasicCredentials: Hashable {
    /// An account id and a key of 40 characters take 112 characters in base64.
    static let maximumLength = 1024

    /// In lower case, with the space that must follow it (RFC 9110 §11.4).
    private static let scheme = Array("basic ".utf8)

    let user: String
    let password: [UInt8]

    /// Nil for another scheme, for what is no base64, and where no colon is in it.
    init?(header: String) {
        let bytes = header.utf8
        guard bytes.count <= Self.maximumLength, bytes.count > Self.scheme.count,
            // Letters differ from their capitals by one bit. (A NUL would pass for the space; no header holds one.)
            zip(bytes, Self.scheme).allSatisfy({ $0 | 0x20 == $1 }),
            let decoded = Data(base64Encoded: String(header.dropFirst(Self.scheme.count).drop { $0 == " " })),
            let colon = decoded.firstIndex(of: UInt8(ascii: ":")),
            let user = String(validating: decoded[..<colon], as: UTF8.self)
        else { return nil }
        self.user = user
        self.password = Array(decoded[(colon + 1)...])
    }
}
