import CLibCrypto

/// Hash functions, and codes that authenticate a message by them, as the system's libcrypto has them
/// (docs/decisions/0042).
package enum MessageDigest: Hashable, Sendable, CaseIterable {
    /// RFC 1321. For what a peer asks for by name alone: it is broken.
    case md5
    /// RFC 6234.
    case sha256
    /// SHA-512/256 (FIPS 180-4 §5.3.6, §6.7). Its initial value is its own, so that it is not SHA-512 cut off.
    case sha512t256

    /// Of what it gives, in octets.
    package var length: Int {
        switch self {
        case .md5: 16
        case .sha256, .sha512t256: 32
        }
    }

    /// False where the system forbids it, as those do with MD5 that keep to FIPS 140.
    package var isAvailable: Bool { unsafe function != nil }

    /// The digest of those octets.
    ///
    /// - Precondition: it is available; `sha256` always is.
    package func digest(of bytes: [UInt8]) -> [UInt8] {
        // Safe: both buffers live as long as their closures, and `length` is what the function writes.
        unsafe [UInt8](unsafeUninitializedCapacity: length) { digest, count in
            let isDone = unsafe bytes.withUnsafeBytes { octets in
                unsafe EVP_Digest(octets.baseAddress, octets.count, digest.baseAddress, nil, function, nil)
            }
            precondition(isDone == 1, "libcrypto has no \(self)")
            count = length
        }
    }

    /// HMAC (RFC 2104) of those octets, with a key of any length.
    ///
    /// - Precondition: as ``digest(of:)``.
    package func authentication(of bytes: [UInt8], key: [UInt8]) -> [UInt8] {
        // Keys are filled up with zeros (RFC 2104 §2), so that this is the same as an empty one.
        let key = key.isEmpty ? [0] : key
        // Safe: as above; nothing of the buffers is kept.
        return unsafe [UInt8](unsafeUninitializedCapacity: length) { code, count in
            let result = unsafe key.withUnsafeBytes { key in
                unsafe bytes.withUnsafeBufferPointer { octets in
                    unsafe HMAC(
                        function, key.baseAddress, Int32(clamping: key.count), octets.baseAddress, octets.count,
                        code.baseAddress, nil)
                }
            }
            unsafe precondition(result != nil, "libcrypto has no HMAC of \(self)")
            count = length
        }
    }

    /// Lower-case hexadecimal digits, two an octet.
    package static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in bytes { text += [digits[Int(byte >> 4)], digits[Int(byte & 15)]] }
        return String(decoding: text, as: UTF8.self)
    }

    // MARK: libcrypto

    private var function: OpaquePointer? {
        switch self {
        case .md5: unsafe Self.md5Function
        case .sha256: unsafe Self.sha256Function
        case .sha512t256: unsafe Self.sha512t256Function
        }
    }

    // Safe: fetched once, never let go of and never changed; libcrypto lets any number of threads use one (EVP_MD_fetch(3)).
    private nonisolated(unsafe) static let md5Function = unsafe EVP_MD_fetch(nil, "MD5", nil)
    // Safe: as above.
    private nonisolated(unsafe) static let sha256Function = unsafe EVP_MD_fetch(nil, "SHA256", nil)
    // Safe: as above.
    private nonisolated(unsafe) static let sha512t256Function = unsafe EVP_MD_fetch(nil, "SHA512-256", nil)
}
