internal import Glibc

/// What a frame sounds like: its power in bands of a telephone's range, how narrow it is, and whether it hums.
///
/// Looks at 32 ms, the frame and the 12 ms before it, through a Hann window. Everything is allocated at the start.
final class FrameSpectrum {
    static let frame = 160
    static let window = 256
    static let bandCount = 16
    private static let half = window / 2
    /// Hz between two bins.
    static let resolution: Float = 8000 / Float(window)
    /// The telephone's range: 187 to 3500 Hz. Below it is hum.
    private static let lowest = 6
    private static let highest = 112
    private static let modemBins = 49...63
    /// On each side of a peak, what a Hann window spreads a steady tone over.
    private static let spread = 2
    /// The bins that the bands begin with, and the last one's end: equal steps of what an ear tells apart.
    private static let edges = [6, 9, 12, 15, 18, 22, 26, 30, 35, 41, 48, 56, 65, 75, 87, 99, 112]
    /// A voice's pitch, as lags at 4 kHz: 400 down to 75 Hz.
    private static let lags = 10..<54
    private static let decimated = window / 2

    /// Of the whole telephone band, as a mean square of 16-bit samples.
    private(set) var power: Float = 0
    /// Each band's level in dB; a silent one's is 0.
    let bandLevels: UnsafeMutablePointer<Float>
    /// The same in half decibels.
    private(set) var bands = SIMD16<UInt8>()
    /// The mean of the bands' levels, in dB.
    private(set) var meanLevel: Float = 0
    /// The mean distance of the bands' levels from those of the frame before, in dB.
    private(set) var change: Float = 0
    /// The distance between the bands' mean level and the level of their mean: 0 is noise, 15 a tone.
    private(set) var narrowness: Float = 0
    /// 0 to 1: how alike the sound is to itself a pitch period later.
    private(set) var voicing: Float = 0
    /// That pitch, in octaves above 50 Hz.
    private(set) var pitch: Float = 0
    /// The share of the power that lies where V.21's answering side sends: 1650 and 1850 Hz.
    private(set) var modemShare: Float = 0
    /// The strongest tone and the strongest apart from it, with their shares of the power.
    private(set) var first = Peak(hertz: 0, share: 0)
    private(set) var second = Peak(hertz: 0, share: 0)

    struct Peak: Equatable {
        var hertz: Float
        /// Of the frame's power.
        var share: Float
    }

    private let samples: UnsafeMutablePointer<Float>
    private let hann: UnsafeMutablePointer<Float>
    private let real: UnsafeMutablePointer<Float>
    private let imaginary: UnsafeMutablePointer<Float>
    private let powers: UnsafeMutablePointer<Float>
    private let cosines: UnsafeMutablePointer<Float>
    private let sines: UnsafeMutablePointer<Float>
    private let slow: UnsafeMutablePointer<Float>
    private let reversed: [Int]

    init() {
        func zeros(_ count: Int) -> UnsafeMutablePointer<Float> {
            let pointer = UnsafeMutablePointer<Float>.allocate(capacity: count)
            pointer.initialize(repeating: 0, count: count)
            return pointer
        }
        samples = zeros(Self.window)
        hann = zeros(Self.window)
        real = zeros(Self.half)
        imaginary = zeros(Self.half)
        powers = zeros(Self.half + 1)
        cosines = zeros(Self.half)
        sines = zeros(Self.half)
        slow = zeros(Self.decimated)
        bandLevels = zeros(Self.bandCount)
        for index in 0..<Self.window {
            hann[index] = 0.5 - 0.5 * cos(2 * .pi * Float(index) / Float(Self.window))
        }
        for index in 0..<Self.half {
            cosines[index] = cos(2 * .pi * Float(index) / Float(Self.window))
            sines[index] = -sin(2 * .pi * Float(index) / Float(Self.window))
        }
        reversed = (0..<Self.half).map { index in
            (0..<7).reduce(0) { $0 | (index >> $1 & 1) << (6 - $1) }
        }
    }

    deinit {
        for pointer in [samples, hann, real, imaginary, powers, cosines, sines, slow, bandLevels] {
            pointer.deallocate()
        }
    }

    /// Takes in the next frame of 160 samples.
    func observe(_ input: UnsafeBufferPointer<Int16>) {
        let kept = Self.window - Self.frame
        for index in 0..<kept { samples[index] = samples[index + Self.frame] }
        for index in 0..<Self.frame { samples[kept + index] = Float(input[index]) }
        transform()
        measureBands()
        measureModem()
        measurePeaks()
        measureVoicing()
    }

    // MARK: Powers

    /// A real transform of 256 points by a complex one of 128.
    private func transform() {
        for index in 0..<Self.half {
            let from = reversed[index] * 2
            real[index] = samples[from] * hann[from]
            imaginary[index] = samples[from + 1] * hann[from + 1]
        }
        var size = 2
        while size <= Self.half {
            let middle = size / 2
            let step = Self.window / size
            var start = 0
            while start < Self.half {
                var angle = 0
                for index in start..<start + middle {
                    let c = cosines[angle]
                    let s = sines[angle]
                    let other = index + middle
                    let r = real[other] * c - imaginary[other] * s
                    let i = real[other] * s + imaginary[other] * c
                    real[other] = real[index] - r
                    imaginary[other] = imaginary[index] - i
                    real[index] += r
                    imaginary[index] += i
                    angle += step
                }
                start += size
            }
            size *= 2
        }
        for bin in 0...Self.half {
            let a = bin & (Self.half - 1)
            let b = (Self.half - bin) & (Self.half - 1)
            let evenReal = (real[a] + real[b]) / 2
            let evenImaginary = (imaginary[a] - imaginary[b]) / 2
            let oddReal = (imaginary[a] + imaginary[b]) / 2
            let oddImaginary = (real[b] - real[a]) / 2
            let c = bin == Self.half ? -1 : cosines[bin]
            let s = bin == Self.half ? 0 : sines[bin]
            let r = evenReal + oddReal * c - oddImaginary * s
            let i = evenImaginary + oddReal * s + oddImaginary * c
            powers[bin] = r * r + i * i
        }
    }

    private func measureModem() {
        var sum: Float = 0
        for bin in Self.modemBins { sum += powers[bin] }
        modemShare = power > 0 ? min(1, sum / (power * Self.scale)) : 0
    }

    private func measureBands() {
        var total: Float = 0
        var sumOfLevels: Float = 0
        var distance: Float = 0
        for band in 0..<Self.bandCount {
            var sum: Float = 0
            for bin in Self.edges[band]..<Self.edges[band + 1] { sum += powers[bin] }
            total += sum
            let level = 10 * log10f(1 + sum / Self.scale)
            distance += abs(level - bandLevels[band])
            bandLevels[band] = level
            bands[band] = UInt8(max(0, min(255, 2 * level)))
            sumOfLevels += level
        }
        power = total / Self.scale
        change = distance / Float(Self.bandCount)
        meanLevel = sumOfLevels / Float(Self.bandCount)
        narrowness = 10 * log10f(1 + power / Float(Self.bandCount)) - meanLevel
    }

    /// What a bin's square is to be divided by, summed over the bins, to give a mean square: by Parseval's theorem half
    /// the window's length, as only half of the bins are summed, times the Hann window's power of 3/8 of the length.
    private static let scale = Float(window) / 2 * Float(window) * 0.375

    // MARK: Tones

    private func measurePeaks() {
        let total = power * Self.scale
        guard total > 0 else {
            first = Peak(hertz: 0, share: 0)
            second = first
            return
        }
        let strongest = peak(without: nil)
        first = describe(strongest, without: nil, total)
        second = describe(peak(without: strongest), without: strongest, total)
    }

    private func peak(without excluded: Int?) -> Int? {
        var best: Int?
        var most: Float = 0
        for bin in Self.lowest..<Self.highest where powers[bin] > most {
            if let excluded, abs(bin - excluded) <= Self.spread { continue }
            // A flank of the excluded one is no peak of its own.
            guard powers[bin] >= powers[bin - 1], powers[bin] >= powers[bin + 1] else { continue }
            most = powers[bin]
            best = bin
        }
        return best
    }

    private func describe(_ bin: Int?, without excluded: Int?, _ total: Float) -> Peak {
        guard let bin else { return Peak(hertz: 0, share: 0) }
        var sum: Float = 0
        var weighted: Float = 0
        for near in max(0, bin - Self.spread)...min(Self.half, bin + Self.spread) {
            if let excluded, abs(near - excluded) <= Self.spread { continue }
            sum += powers[near]
            weighted += powers[near] * Float(near)
        }
        return Peak(hertz: weighted / sum * Self.resolution, share: min(1, sum / total))
    }

    // MARK: Voice

    private func measureVoicing() {
        for index in 0..<Self.decimated { slow[index] = samples[index * 2] + samples[index * 2 + 1] }
        let compared = Self.decimated - Self.lags.upperBound
        var energy: Float = 0
        for index in 0..<compared { energy += slow[index] * slow[index] }
        var best: Float = 0
        var bestLag = Self.lags.lowerBound
        var other = Float(0)
        for index in Self.lags.lowerBound..<Self.lags.lowerBound + compared { other += slow[index] * slow[index] }
        for lag in Self.lags {
            var product: Float = 0
            for index in 0..<compared { product += slow[index] * slow[index + lag] }
            if product > 0 {
                let likeness = product * product / max(1, energy * other)
                if likeness > best {
                    best = likeness
                    bestLag = lag
                }
            }
            other += slow[lag + compared] * slow[lag + compared] - slow[lag] * slow[lag]
        }
        voicing = best.squareRoot()
        pitch = log2f(4000 / 50 / Float(bestLag))
    }
}
