import FoundationEssentials

/// What an `Authorization: Basic …` header says (RFC 7617 §2).
struct BasicCredentials: Hashable {
    /// An account id and a key of 40 characters take 112 characters in base64.
    static let maximumLength = 1024

    let user: String
    let password: [UInt8]

    /// Nil for another scheme, for what is no base64, and where no colon is in it.
    init?(header: String) {
        let bytes = header.utf8
        guard bytes.count <= Self.maximumLength, let space = bytes.firstIndex(of: UInt8(ascii: " ")),
            header[..<space].lowercased() == "basic"
        else { return nil }
        let encoded = header[space...].drop { $0 == " " }
        guard let decoded = Data(base64Encoded: String(encoded)),
            let colon = decoded.firstIndex(of: UInt8(ascii: ":")),
            let user = String(validating: decoded[..<colon], as: UTF8.self)
        else { return nil }
        self.user = user
        self.password = Array(decoded[(colon + 1)...])
    }
}
