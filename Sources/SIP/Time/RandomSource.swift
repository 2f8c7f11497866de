import MessageDigests

/// Random bits for identifiers and pauses: SHA-256 over a 32-byte seed and a counter.
///
/// The shell seeds it from the system once, so branches, tags and Call-IDs cannot be guessed (RFC 3261 §19.3 asks for
/// at least 32 bits of cryptographic randomness in a tag); the simulation seeds it from its own seed, so that a run
/// can be repeated byte for byte.
public struct RandomSource: RandomNumberGenerator, Sendable, Equatable {
    /// How many bytes a seed has.
    public static let seedBytes = 32

    private let seed: [UInt8]
    private var counter: UInt64 = 0
    /// The words of the last block that nobody has taken yet, in order.
    private var block: [UInt64] = []
    private var taken = 0

    /// - Parameter seed: any bytes; 32 from the system's source in service.
    public init(seed: [UInt8]) {
        self.seed = seed
    }

    /// For simulations and tests: a source whose whole output follows from one number.
    public init(seed: UInt64) {
        self.init(seed: seed.bigEndianBytes)
    }

    public mutating func next() -> UInt64 {
        if taken == block.count { fill() }
        defer { taken += 1 }
        return block[taken]
    }

    /// `bytes` random bytes as lower-case hexadecimal digits, two each.
    public mutating func hex(bytes: Int) -> String {
        let digits: [UInt8] = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(bytes * 2)
        var word: UInt64 = 0
        for index in 0..<max(0, bytes) {
            if index % 8 == 0 { word = next() }
            let byte = UInt8(truncatingIfNeeded: word)
            word >>= 8
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    private mutating func fill() {
        let digest = MessageDigest.sha256.digest(of: seed + counter.bigEndianBytes)
        counter &+= 1
        block.removeAll(keepingCapacity: true)
        taken = 0
        var word: UInt64 = 0
        for (index, byte) in digest.enumerated() {
            word = (word << 8) | UInt64(byte)
            if index % 8 == 7 { block.append(word) }
        }
    }
}

extension UInt64 {
    var bigEndianBytes: [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: self >> (56 - 8 * $0)) }
    }
}
