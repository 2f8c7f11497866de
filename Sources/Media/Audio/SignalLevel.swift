internal import Glibc

/// Levels in dB relative to full scale: a square wave of full amplitude is 0, a sine of full amplitude −3.
package enum SignalLevel {
    /// What silence is called, rather than minus infinity.
    package static let floor = -96.0

    /// The level of all samples together.
    package static func decibels(_ samples: UnsafeBufferPointer<Int16>) -> Double {
        // Safe, here and below: buffers are read within their bounds and not kept.
        unsafe samples.isEmpty ? floor : decibels(meanSquare: meanSquare(samples))
    }

    package static func decibels(_ samples: [Int16]) -> Double {
        unsafe samples.withUnsafeBufferPointer { unsafe decibels($0) }
    }

    /// The level of speech without its pauses: of the frames of 20 ms that lie within 30 dB of the loudest one.
    package static func speechDecibels(_ samples: [Int16]) -> Double {
        unsafe samples.withUnsafeBufferPointer { all in
            let frames = stride(from: 0, to: all.count, by: MediaFrame.samples).map { start in
                unsafe meanSquare(
                    UnsafeBufferPointer(rebasing: all[start..<min(start + MediaFrame.samples, all.count)]))
            }
            let active = frames.filter { $0 > (frames.max() ?? 0) / 1000 }
            return active.isEmpty ? floor : decibels(meanSquare: active.reduce(0, +) / Double(active.count))
        }
    }

    static func meanSquare(_ samples: UnsafeBufferPointer<Int16>) -> Double {
        guard !samples.isEmpty else { return 0 }
        // 16 bits squared leave room for 2³³ samples.
        var sum: Int64 = 0
        for index in samples.indices {
            let sample = unsafe Int32(samples[index])
            sum &+= Int64(sample &* sample)
        }
        return Double(sum) / Double(samples.count)
    }

    static func decibels(meanSquare: Double) -> Double {
        meanSquare > 0 ? max(floor, 10 * log10(meanSquare / (32_768 * 32_768))) : floor
    }
}
