import Foundation
import Media

/// Sine tones, with edges soft enough not to click.
enum Tone {
    /// 5 ms up, 5 ms down.
    private static let edge = 40.0

    /// One after another.
    static func sequence(_ frequencies: [Double], milliseconds: Int, decibels: Double) -> AudioClip {
        AudioClip(samples: frequencies.flatMap { samples([$0], milliseconds: milliseconds, decibels: decibels) })
    }

    /// - Parameters:
    ///   - frequencies: in Hz, sounding together.
    ///   - decibels: the level of them all, relative to full scale (a sine of full amplitude is at −3).
    static func clip(_ frequencies: [Double], milliseconds: Int, decibels: Double) -> AudioClip {
        AudioClip(samples: samples(frequencies, milliseconds: milliseconds, decibels: decibels))
    }

    private static func samples(_ frequencies: [Double], milliseconds: Int, decibels: Double) -> [Int16] {
        let count = milliseconds * AudioClip.rate / 1000
        let power = pow(10, decibels / 10) / Double(max(1, frequencies.count))
        let amplitude = (2 * power).squareRoot() * 32_768
        return (0..<count).map { index in
            let angle = 2 * Double.pi * Double(index) / Double(AudioClip.rate)
            let wave = frequencies.reduce(0) { $0 + sin($1 * angle) }
            let envelope = min(1, Double(min(index, count - 1 - index) + 1) / edge)
            return Int16(max(-32_768, min(32_767, (amplitude * wave * envelope).rounded())))
        }
    }
}
