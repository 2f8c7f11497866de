/// The sum of what is said in a mix: of each voice that is in it the latest frame.
///
/// Whole numbers: what is taken out is exactly what was put in, so that without the last voice it is silence again, and with
/// one it is that voice, sample by sample. 32 bits hold 65,000 voices at full scale.
struct MixTotal {
    /// The voices that are in it.
    private(set) var voices = 0
    /// Another one after each change.
    private(set) var version: UInt64 = 0
    private var samples = [Int32](repeating: 0, count: MediaFrame.samples)
    private var known: (version: UInt64, peak: Int32) = (0, 0)

    mutating func add(_ frame: Span<Int16>) {
        var sum = samples.mutableSpan
        // Safe, here and below: no index is as large as the count of either.
        for index in 0..<min(sum.count, frame.count) {
            unsafe sum[unchecked: index] &+= Int32(frame[unchecked: index])
        }
        voices += 1
        version &+= 1
    }

    mutating func remove(_ frame: Span<Int16>) {
        var sum = samples.mutableSpan
        for index in 0..<min(sum.count, frame.count) {
            unsafe sum[unchecked: index] &-= Int32(frame[unchecked: index])
        }
        voices -= 1
        version &+= 1
    }

    /// A voice's next frame takes the place of the former one, there and here.
    mutating func replace(_ former: inout MutableSpan<Int16>, with frame: Span<Int16>) {
        var sum = samples.mutableSpan
        for index in 0..<min(sum.count, min(former.count, frame.count)) {
            let sample = unsafe frame[unchecked: index]
            unsafe sum[unchecked: index] &+= Int32(sample) &- Int32(former[unchecked: index])
            unsafe former[unchecked: index] = sample
        }
        version &+= 1
    }

    func copy(into output: inout MutableSpan<Int32>) {
        let sum = samples.span
        for index in 0..<min(sum.count, output.count) {
            unsafe output[unchecked: index] = sum[unchecked: index]
        }
    }

    /// Without the voice that is to hear it.
    func copy(without own: Span<Int16>, into output: inout MutableSpan<Int32>) {
        let sum = samples.span
        for index in 0..<min(sum.count, min(own.count, output.count)) {
            unsafe output[unchecked: index] = sum[unchecked: index] &- Int32(own[unchecked: index])
        }
    }

    /// As 16 bits; for a sum whose peak they hold.
    func copy(into output: inout MutableSpan<Int16>) {
        let sum = samples.span
        for index in 0..<min(sum.count, output.count) {
            unsafe output[unchecked: index] = Int16(truncatingIfNeeded: sum[unchecked: index])
        }
    }

    /// The farthest sample from zero; looked for once after each change.
    mutating func peak() -> Int32 {
        if known.version != version { known = (version, Self.peak(of: samples.span)) }
        return known.peak
    }

    /// The farthest sample from zero, as a positive number.
    static func peak(of samples: Span<Int32>) -> Int32 {
        var lowest: Int32 = 0
        var highest: Int32 = 0
        for index in samples.indices {
            let sample = unsafe samples[unchecked: index]
            lowest = min(lowest, sample)
            highest = max(highest, sample)
        }
        return max(highest, lowest == .min ? .max : -lowest)
    }
}
