internal import Glibc

extension AudioClip {
    /// The server's own music, for those who wait and are given no other: a loop of sixteen seconds without a seam.
    package static let waitingMusic = AudioClip(samples: WaitingMusic.samples())
}

/// Music that nobody owns: single soft tones that die away, of four chords in turn. It is computed, the same at each start.
enum WaitingMusic {
    /// Of the whole: −26 dBm0, where G.711 has a full-scale sine at 3.14 dBm0. As loud as somebody who speaks low.
    static let decibels = -32.15
    static let beatMilliseconds = 500
    static let beats = 32

    /// In semitones above A4 (440 Hz). Of no two that sound together a line makes its tones (350, 440, 480 and 620 Hz), and
    /// none is a key's.
    private static let chords: [[Int]] = [[-10, -6, -3, 1], [-6, -3, -1, 2], [-5, -1, 2, 6], [-8, -3, 1, 4]]
    /// Which tones of its chord are heard, one a beat.
    private static let figure = [0, 1, 2, 3, 2, 3, 2, 1]
    /// In so long a tone falls to 1/e; its octave in half of that.
    private static let decaySeconds = 0.8
    /// After so many times as long it is below the last bit.
    private static let decays = 8.0
    private static let attackSeconds = 0.015
    private static let octaveShare = 0.25

    static func samples() -> [Int16] {
        let beat = AudioClip.rate * beatMilliseconds / 1000
        var sum = [Double](repeating: 0, count: beat * beats)
        for index in 0..<beats {
            let chord = chords[index / figure.count % chords.count]
            let hertz = 440 * pow(2, Double(chord[figure[index % figure.count]]) / 12)
            ring(hertz, 1, decaySeconds, from: index * beat, into: &sum)
            ring(2 * hertz, octaveShare, decaySeconds / 2, from: index * beat, into: &sum)
        }
        let meanSquare = sum.reduce(0) { $0 + $1 * $1 } / Double(sum.count)
        let gain = 32_768 * pow(10, decibels / 20) / sqrt(meanSquare)
        return sum.map { Int16(max(-32_768, min(32_767, ($0 * gain).rounded()))) }
    }

    /// Adds a tone that dies away, over the loop's end into its beginning: so the loop has no seam.
    private static func ring(
        _ hertz: Double, _ amplitude: Double, _ decaySeconds: Double, from start: Int, into sum: inout [Double]
    ) {
        let rate = Double(AudioClip.rate)
        let angle = 2 * .pi * hertz / rate
        let decay = exp(-1 / (decaySeconds * rate))
        // Each sample of a damped sine follows from the two before it.
        let (first, second) = (2 * decay * cos(angle), decay * decay)
        var sample = 0.0
        var next = amplitude * decay * sin(angle)
        let attack = attackSeconds * rate
        for index in 0..<Int(decays * decaySeconds * rate) {
            sum[(start + index) % sum.count] += sample * min(1, Double(index) / attack)
            (sample, next) = (next, first * next - second * sample)
        }
    }
}
