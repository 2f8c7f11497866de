internal import Glibc
internal import RTP

/// Finds DTMF tones in audio: the energy at the eight frequencies over 20 ms, every 10 ms (Goertzel's recurrence).
///
/// A digit is one of each group, 6 dB above the others of its group, within 8 dB of each other, and together most of
/// what is heard; heard twice in a row it begins, not heard twice in a row it ends (so that 40 ms are enough, as
/// ITU-T Q.24 asks, and speech seldom is).
struct DTMFDetector {
    struct Detected: Equatable {
        var digit: Character
        var milliseconds: Int
    }

    private static let window = 160
    private static let hop = 80
    private static let hopMilliseconds = 10
    /// Of a window's mean square: about −42 dB below full scale.
    private static let minimumMeanSquare = 6.5e4
    private static let minimumShare = 0.7
    private static let groupMargin = 4.0
    private static let maximumTwist = 6.3

    private static let coefficients: [Double] = (DTMFGenerator.rows + DTMFGenerator.columns).map {
        2 * cos(2 * Double.pi * $0 / Double(AudioClip.rate))
    }

    private var samples = [Double](repeating: 0, count: window)
    private var filled = 0
    private var candidate: UInt8?
    private var hits = 0
    private var current: (code: UInt8, hops: Int)?
    private var misses = 0

    init() {}

    /// The digit whose tone goes on.
    var pressed: Character? {
        current.flatMap { TelephoneEvent(event: $0.code, isEnd: false, duration: 0).digit }
    }

    /// - Parameter detected: the digits that ended within these samples are appended.
    mutating func feed(_ input: UnsafeBufferPointer<Int16>, into detected: inout [Detected]) {
        // Safe: the caller's buffer is read to its end and not kept.
        for index in input.indices {
            samples[Self.hop + filled] = unsafe Double(input[index])
            filled += 1
            guard filled == Self.hop else { continue }
            filled = 0
            decide(keyInWindow(), into: &detected)
            for index in 0..<Self.hop { samples[index] = samples[index + Self.hop] }
        }
    }

    private mutating func decide(_ key: UInt8?, into detected: inout [Detected]) {
        if let playing = current {
            if key == playing.code {
                current = (playing.code, playing.hops + 1 + misses)
                misses = 0
                return
            }
            misses += 1
            if misses >= 2 {
                if let digit = TelephoneEvent(event: playing.code, isEnd: true, duration: 0).digit {
                    // A window is heard as a tone from its first half on.
                    detected.append(
                        Detected(digit: digit, milliseconds: (playing.hops + 1) * Self.hopMilliseconds))
                }
                current = nil
                misses = 0
                hits = 0
                candidate = nil
            }
        }
        guard current == nil else { return }
        hits = key != nil && key == candidate ? hits + 1 : (key == nil ? 0 : 1)
        candidate = key
        if hits >= 2, let key { current = (key, hits) }
    }

    private func keyInWindow() -> UInt8? {
        var total = 0.0
        for sample in samples { total += sample * sample }
        guard total / Double(Self.window) > Self.minimumMeanSquare else { return nil }

        var row = 0
        var column = 0
        var rowPower = 0.0
        var columnPower = 0.0
        var rowSecond = 0.0
        var columnSecond = 0.0
        for index in 0..<8 {
            let power = self.power(Self.coefficients[index])
            if index < 4 {
                if power > rowPower {
                    (rowSecond, rowPower, row) = (rowPower, power, index)
                } else {
                    rowSecond = max(rowSecond, power)
                }
            } else if power > columnPower {
                (columnSecond, columnPower, column) = (columnPower, power, index - 4)
            } else {
                columnSecond = max(columnSecond, power)
            }
        }
        guard rowPower > Self.groupMargin * rowSecond, columnPower > Self.groupMargin * columnSecond,
            rowPower < Self.maximumTwist * columnPower, columnPower < Self.maximumTwist * rowPower,
            // A sine of energy E over N samples has a power of E·N/2 at its frequency.
            (rowPower + columnPower) * 2 / Double(Self.window) > Self.minimumShare * total
        else { return nil }
        return DTMFGenerator.keys.firstIndex { $0.row == row && $0.column == column }.map { UInt8($0) }
    }

    private func power(_ coefficient: Double) -> Double {
        var last = 0.0
        var beforeLast = 0.0
        for sample in samples {
            (beforeLast, last) = (last, sample + coefficient * last - beforeLast)
        }
        return last * last + beforeLast * beforeLast - coefficient * last * beforeLast
    }
}
