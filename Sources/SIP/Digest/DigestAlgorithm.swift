import MessageDigests

/// The hash functions of digest authentication (RFC 7616 §3.2, RFC 8760 §2.1).
public enum DigestAlgorithm: String, Hashable, Sendable, CaseIterable {
    case md5 = "MD5"
    case sha256 = "SHA-256"
    case sha512t256 = "SHA-512-256"

    /// The function of an `algorithm` parameter, and whether it is used with a session key (`-sess`).
    static func named(_ name: String) -> (DigestAlgorithm, hasSessionKey: Bool)? {
        for algorithm in allCases where algorithm.function.isAvailable {
            if name.equalsIgnoringCase(algorithm.rawValue) { return (algorithm, false) }
            if name.equalsIgnoringCase(algorithm.rawValue + "-sess") { return (algorithm, true) }
        }
        return nil
    }

    /// The hash of a text, as lower-case hexadecimal digits.
    func hash(_ text: String) -> String { hash(Array(text.utf8)) }

    func hash(_ bytes: [UInt8]) -> String { MessageDigest.hexadecimal(function.digest(of: bytes)) }

    private var function: MessageDigest {
        switch self {
        case .md5: .md5
        case .sha256: .sha256
        case .sha512t256: .sha512t256
        }
    }
}
