import Foundation

/// Signals: what lies around speech, and tones.
enum TrialSound {
    static let rate = 8000

    static func silence(_ milliseconds: Int) -> [Int16] {
        [Int16](repeating: 0, count: max(0, milliseconds) * rate / 1000)
    }

    /// Tones sounding together, with edges of 3 ms.
    ///
    /// - Parameter decibels: of each, relative to a full-scale sine.
    static func tone(_ frequencies: [Double], milliseconds: Int, decibels: Double) -> [Int16] {
        let count = max(0, milliseconds) * rate / 1000
        let amplitude = 32_767 * pow(10, decibels / 20)
        return (0..<count).map { index in
            let edge = min(1, Double(min(index, count - 1 - index)) / 24)
            let angle = 2 * Double.pi * Double(index) / Double(rate)
            let sum = frequencies.reduce(0) { $0 + sin($1 * angle) }
            return Int16(max(-32_768, min(32_767, amplitude * edge * sum)))
        }
    }

    // MARK: Levels

    /// The mean squares of frames of 20 ms.
    static func powers(_ samples: [Int16]) -> [Double] {
        stride(from: 0, to: samples.count, by: 160).map { start in
            var sum = 0.0
            let end = min(start + 160, samples.count)
            for index in start..<end { sum += Double(samples[index]) * Double(samples[index]) }
            return sum / Double(max(1, end - start))
        }
    }

    /// The root mean square of what is loud: of the frames within 15 dB of the loudest.
    static func loudness(_ samples: [Int16]) -> Double {
        let powers = powers(samples)
        guard let most = powers.max(), most > 0 else { return 0 }
        let loud = powers.filter { $0 > most / 32 }
        return (loud.reduce(0, +) / Double(loud.count)).squareRoot()
    }

    /// Without the quiet at both ends: what lies so far below the loudest frame.
    ///
    /// - Parameter margin: frames at both ends that are kept of it.
    static func trimmed(_ samples: [Int16], decibels: Double = 35, margin: Int = 0) -> [Int16] {
        let powers = powers(samples)
        guard let most = powers.max(), most > 0 else { return [] }
        let least = most * pow(10, -decibels / 10)
        guard let first = powers.firstIndex(where: { $0 > least }), let last = powers.lastIndex(where: { $0 > least })
        else { return [] }
        return Array(samples[max(0, first - margin) * 160..<min(samples.count, (last + 1 + margin) * 160)])
    }

    /// Where something within 20 dB of the loudest begins, in milliseconds.
    static func firstSound(_ samples: [Int16]) -> Int {
        let powers = powers(samples)
        guard let most = powers.max(), most > 0 else { return 0 }
        return (powers.firstIndex { $0 > most / 100 } ?? 0) * 20
    }

    /// Brought to a loudness, in dB below full scale; what is beyond full scale is clipped.
    static func leveled(_ samples: [Int16], decibels: Double) -> [Int16] {
        let loudness = loudness(samples)
        guard loudness > 0 else { return samples }
        return scaled(samples, by: 32_768 * pow(10, decibels / 20) / loudness)
    }

    static func scaled(_ samples: [Int16], by factor: Double) -> [Int16] {
        samples.map { Int16(max(-32_768, min(32_767, Double($0) * factor))) }
    }

    static func add(_ other: [Int16], to samples: inout [Int16], at start: Int = 0) {
        for index in 0..<min(other.count, samples.count - start) {
            let sum = Int(samples[start + index]) + Int(other[index])
            samples[start + index] = Int16(max(-32_768, min(32_767, sum)))
        }
    }

    /// Pieces between pauses of 200 ms and more.
    static func phrases(_ samples: [Int16]) -> [ArraySlice<Int16>] {
        let powers = powers(samples)
        guard let most = powers.max(), most > 0 else { return [] }
        var phrases: [ArraySlice<Int16>] = []
        var start: Int?
        var last = 0
        for (index, power) in powers.enumerated() where power > most / 1000 {
            if let begun = start, index - last > 10 {
                phrases.append(samples[begun * 160..<(last + 1) * 160])
                start = index
            }
            if start == nil { start = index }
            last = index
        }
        if let start { phrases.append(samples[start * 160..<min(samples.count, (last + 1) * 160)]) }
        return phrases
    }

    // MARK: Noise

    enum Noise: String, CaseIterable {
        case white
        case pink
        /// Low and rumbling, as in a car.
        case car
        /// Of mains.
        case hum
    }

    /// Noise of a root mean square of 1000.
    static func noise(_ kind: Noise, milliseconds: Int, _ random: inout TrialRandom) -> [Int16] {
        let count = milliseconds * rate / 1000
        var low = 0.0
        var lower = 0.0
        var samples = [Double](repeating: 0, count: count)
        let mains = random.chance(0.5) ? 50.0 : 60.0
        for index in 0..<count {
            let white = random.share() + random.share() + random.share() - 1.5
            switch kind {
            case .white: samples[index] = white
            case .pink:
                low = 0.85 * low + white
                lower = 0.98 * lower + 0.3 * white
                samples[index] = white * 0.3 + low * 0.4 + lower * 0.6
            case .car:
                low = 0.93 * low + white
                lower = 0.93 * lower + low
                samples[index] = lower + white * 0.5
            case .hum:
                let angle = 2 * Double.pi * mains * Double(index) / Double(rate)
                samples[index] = sin(angle * 3) + 0.6 * sin(angle * 5) + 0.4 * sin(angle * 7) + white * 0.3
            }
        }
        let power = samples.reduce(0) { $0 + $1 * $1 } / Double(max(1, count))
        let factor = power > 0 ? 1000 / power.squareRoot() : 0
        return samples.map { Int16(max(-32_768, min(32_767, $0 * factor))) }
    }

    /// A melody that nobody has written: notes with overtones, some plucked, some held, some in chords.
    static func melody(milliseconds: Int, _ random: inout TrialRandom) -> [Int16] {
        var samples = silence(milliseconds)
        let root = random.number(180.0, 420.0)
        let overtones = random.number(0, 5)
        let isPlucked = random.chance(0.5)
        let isChord = random.chance(0.4)
        let scale = [0, 2, 4, 5, 7, 9, 11, 12, 14, 16]
        let beat = random.number(140, 500)
        var start = 0
        while start < samples.count {
            let length = min(samples.count - start, beat * random.one(of: [1, 1, 1, 2, 2, 3]) * rate / 1000)
            guard length > 400 else { break }
            let step = random.one(of: scale)
            for note in isChord ? [step, step + 4, step + 7] : [step] {
                let frequency = root * pow(2, Double(note) / 12)
                for index in 0..<length {
                    let time = Double(index) / Double(rate)
                    let edge = min(1, Double(min(index, length - 1 - index)) / 60)
                    let decay = isPlucked ? exp(-time * 4) : 1
                    var wave = sin(2 * .pi * frequency * time)
                    for overtone in stride(from: 1, through: overtones, by: 1) {
                        let harmonic = frequency * Double(overtone + 1)
                        guard harmonic < 3600 else { break }
                        wave += sin(2 * .pi * harmonic * time) / Double(overtone + 1)
                    }
                    let value = Double(samples[start + index]) + 2500 * edge * decay * wave
                    samples[start + index] = Int16(max(-32_768, min(32_767, value)))
                }
            }
            start += length
            if random.chance(0.15) { start += beat * rate / 1000 }
        }
        return samples
    }
}
