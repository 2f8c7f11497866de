/// Keeps what one listener hears within 16 bits: a sum that is too loud is turned down as a whole, rather than cut off or
/// divided by the number of talkers.
///
///     at rest: gain 1, every sample as it is ──a peak beyond full scale──▶ turned down within 1 ms, as far as it takes
///        ▲                                                                          │
///        └──── a fifth of full gain each frame ◀──── 40 ms without a louder one ◀────┘
///
/// From any loudness it is at rest again within 140 ms of quiet. What overshoots in the first millisecond is cut off. No
/// level is ever raised, and none below full scale lowered: it is neither an automatic gain control nor a gate.
struct Limiter {
    static let fullScale: Int32 = 32_767
    /// Frames after the last that was too loud for the gain of its time.
    static let heldFrames = 2
    /// Of full gain, each frame.
    static let recovery: Float = 0.2
    /// 1 ms.
    static let attack = AudioClip.rate / 1000

    private(set) var gain: Float = 1
    private var held = 0

    var isAtRest: Bool { gain == 1 }

    mutating func limit(_ sum: Span<Int32>, into output: inout MutableSpan<Int16>) {
        let former = gain
        move(peak: MixTotal.peak(of: sum))
        let count = min(sum.count, output.count)
        guard former < 1 || gain < 1 else {
            // Safe: no index is as large as the count of either.
            for index in 0..<count {
                unsafe output[unchecked: index] = Int16(truncatingIfNeeded: sum[unchecked: index])
            }
            return
        }
        let ramp = gain < former ? Self.attack : count
        let step = (gain - former) / Float(max(1, ramp))
        for index in 0..<count {
            let factor = index < ramp ? former + step * Float(index + 1) : gain
            output[index] = Int16(max(-32_768, min(32_767, Float(sum[index]) * factor)))
        }
    }

    /// A frame in which there is nothing to hear.
    mutating func rest() {
        if gain < 1 { move(peak: 0) }
    }

    private mutating func move(peak: Int32) {
        let bearable = peak > Self.fullScale ? Float(Self.fullScale) / Float(peak) : 1
        if bearable < gain {
            gain = bearable
            held = Self.heldFrames
        } else if held > 0 {
            held -= 1
        } else {
            gain = min(bearable, gain + Self.recovery)
        }
    }
}
