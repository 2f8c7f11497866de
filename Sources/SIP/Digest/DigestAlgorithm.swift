import Crypto

/// The hash functions of digest authentication (RFC 7616 §3.2, RFC 8760 §2.4).
public enum DigestAlgorithm: String, Hashable, Sendable {
    case md5 = "MD5"
    case sha256 = "SHA-256"

    /// The function of an `algorithm` parameter, and whether it is used with a session key (`-sess`).
    static func named(_ name: String) -> (DigestAlgorithm, hasSessionKey: Bool)? {
        for algorithm in [DigestAlgorithm.md5, .sha256] {
            if name.equalsIgnoringCase(algorithm.rawValue) { return (algorithm, false) }
            if name.equalsIgnoringCase(algorithm.rawValue + "-sess") { return (algorithm, true) }
        }
        return nil
    }

    /// The hash of a text, as lower-case hexadecimal digits.
    func hash(_ text: String) -> String {
        let bytes = Array(text.utf8)
        switch self {
        case .md5: return Self.hex(Insecure.MD5.self, bytes)
        case .sha256: return Self.hex(SHA256.self, bytes)
        }
    }

    private static func hex<Function: HashFunction>(_ function: Function.Type, _ bytes: [UInt8]) -> String {
        var hash = function.init()
        // Safe: hashed within the closure.
        unsafe bytes.withUnsafeBytes { unsafe hash.update(bufferPointer: $0) }
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in hash.finalize() { text += [digits[Int(byte >> 4)], digits[Int(byte & 15)]] }
        return String(decoding: text, as: UTF8.self)
    }
}
