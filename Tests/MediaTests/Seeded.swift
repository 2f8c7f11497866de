/// SplitMix64: the same numbers from the same seed, everywhere.
struct Seeded: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    /// The bytes with a few of them changed, cut off, doubled or filled up.
    mutating func mutate(_ bytes: [UInt8]) -> [UInt8] {
        var mutated = bytes
        for _ in 0..<Int.random(in: 1...4, using: &self) {
            switch Int.random(in: 0..<5, using: &self) {
            case 0: mutated = Array(mutated.prefix(Int.random(in: 0...mutated.count, using: &self)))
            case 1: mutated.append(contentsOf: (0..<Int.random(in: 0...64, using: &self)).map { _ in byte() })
            case 2: mutated += mutated.suffix(Int.random(in: 0...mutated.count, using: &self))
            default:
                guard !mutated.isEmpty else { continue }
                mutated[Int.random(in: 0..<mutated.count, using: &self)] = byte()
            }
        }
        return mutated
    }

    mutating func byte() -> UInt8 { UInt8(truncatingIfNeeded: next()) }
}
