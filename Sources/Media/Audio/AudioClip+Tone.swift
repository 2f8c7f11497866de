internal import Glibc

extension AudioClip {
    /// One steady tone, with edges of 5 ms so that it does not click.
    ///
    /// - Parameter decibels: its level relative to a full-scale sine; 0 or less.
    package static func tone(hertz: Double, milliseconds: Int, decibels: Double) -> AudioClip {
        let count = max(0, milliseconds) * rate / 1000
        let edge = min(Double(rate) * 0.005, Double(count) / 2)
        let amplitude = 32_767 * pow(10, min(0, decibels) / 20)
        return AudioClip(
            samples: (0..<count).map { index in
                let fade = min(1, Double(min(index, count - 1 - index)) / max(1, edge))
                return Int16(amplitude * fade * sin(2 * .pi * hertz * Double(index) / Double(rate)))
            })
    }
}
