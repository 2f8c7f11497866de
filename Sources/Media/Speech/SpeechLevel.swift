internal import Glibc

/// Brings speech to one loudness, whatever its voice.
enum SpeechLevel {
    /// dB relative to full scale, of the speech without its pauses.
    static let target = -20.0
    /// What no peak exceeds: −1 dB, where G.711 still has room.
    private static let maximumPeak = 29_200.0

    /// Applies the gain that reaches the target, or less where a peak would be clipped.
    static func normalise(_ samples: inout [Int16]) {
        let level = SignalLevel.speechDecibels(samples)
        let peak = samples.reduce(0) { max($0, Int($1.magnitude)) }
        guard peak > 0, level > SignalLevel.floor else { return }
        let gain = min(pow(10, (target - level) / 20), maximumPeak / Double(peak))
        for index in samples.indices {
            samples[index] = Int16(max(-32_768, min(32_767, (Double(samples[index]) * gain).rounded())))
        }
    }
}
