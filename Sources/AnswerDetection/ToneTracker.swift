internal import Glibc

/// One steady tone, or two sounding together, from its beginning to its end.
struct ToneSegment: Equatable {
    /// Of the higher, or of the only one.
    var hertz: Float
    /// Of the lower; nil where there is none.
    var secondHertz: Float?
    var startMilliseconds: Int
    var endMilliseconds: Int
    /// How far its frames lie from its mean, as standard deviations.
    var hertzSpread: Float
    var decibelSpread: Float
    /// What came right after it is quiet.
    var endsInQuiet: Bool
    /// A mean square.
    var power: Float

    var milliseconds: Int { endMilliseconds - startMilliseconds }

    /// Whether it is one tone within so many Hz of a frequency.
    func isSingle(_ frequency: Float, within tolerance: Float) -> Bool {
        secondHertz == nil && abs(hertz - frequency) <= tolerance
    }

    /// Whether it is two tones near these frequencies.
    func isPair(_ low: Float, _ high: Float, within tolerance: Float) -> Bool {
        guard let secondHertz else { return false }
        return abs(min(hertz, secondHertz) - low) <= tolerance && abs(max(hertz, secondHertz) - high) <= tolerance
    }
}

/// Follows steady tones through the frames.
///
///             narrow frame               the 2nd frame that differs
///     quiet ───────────────▶ sounding ──────────────────────────────▶ quiet, and a segment
///
/// A frame is narrow where one or two peaks hold nearly all of its power; it belongs to the tone that sounds where its
/// peaks are where they were. Beginning and end are then looked for in steps of 5 ms.
struct ToneTracker {
    private static let frameMilliseconds = 20
    /// Of a frame, for the edges.
    private static let blocks = 4
    /// Mean square of −50 dB below full scale.
    private static let leastPower: Float = 1e4
    private static let singleShare: Float = 0.8
    private static let pairShare: Float = 0.88
    /// Beyond this share of the first, the second peak is a tone of its own.
    private static let secondTone: Float = 0.1
    private static let longestAbsence = 2
    private static let longestLoss = 3
    /// Hz by which a tone may wander.
    private static let drift: Float = 20
    private static let fewestFrames = 4
    /// No tone of the network's or of a machine's is lower.
    private static let lowest: Float = 335
    /// A voice wanders by more, in Hz.
    private static let voiceSpread: Float = 5
    /// Blocks whose power is known: a third of a second.
    private static let remembered = 64

    private struct Frame {
        /// Of the only tone, or of the higher.
        var hertz: Float
        /// Of the lower, where there are two.
        var lower: Float?
        var power: Float
    }

    /// A tone's measures leave out its first frame and its last, which are its own only in part.
    private struct Sounding {
        var start: Int
        var frames = 1
        /// It counts as soon as another follows.
        var newest: Frame
        var measured = 0.0
        var hertzSum = 0.0
        var hertzSquares = 0.0
        var lowerSum = 0.0
        var decibelSum = 0.0
        var decibelSquares = 0.0
        var powerSum = 0.0
        var lastNarrow: Int
        /// Frames in a row that were not its own.
        var absent = 0
        /// Frames in a row that never arrived.
        var lost = 0

        var hertz: Float { measured > 0 ? Float(hertzSum / measured) : newest.hertz }
        var lower: Float? {
            guard newest.lower != nil else { return nil }
            return measured > 0 ? Float(lowerSum / measured) : newest.lower
        }
        var power: Float { measured > 0 ? Float(powerSum / measured) : newest.power }

        var hertzSpread: Float { ToneTracker.spread(hertzSum, hertzSquares, measured) }
        var decibelSpread: Float { ToneTracker.spread(decibelSum, decibelSquares, measured) }

        mutating func take(_ frame: Frame, at milliseconds: Int) {
            if frames > 1 {
                let hertz = Double(newest.hertz)
                let decibels = Double(10 * log10f(max(1, newest.power)))
                measured += 1
                hertzSum += hertz
                hertzSquares += hertz * hertz
                lowerSum += Double(newest.lower ?? 0)
                decibelSum += decibels
                decibelSquares += decibels * decibels
                powerSum += Double(newest.power)
            }
            frames += 1
            newest = frame
            lastNarrow = milliseconds
            absent = 0
            lost = 0
        }

        func isSame(_ frame: Frame) -> Bool {
            guard abs(frame.hertz - hertz) <= ToneTracker.drift else { return false }
            switch (lower, frame.lower) {
            case (nil, nil): return true
            case (let one?, let other?): return abs(one - other) <= ToneTracker.drift
            default: return false
            }
        }
    }

    private var sounding: Sounding?
    private var blockPowers = [Float](repeating: 0, count: remembered)
    /// Blocks so far.
    private var blockCount = 0

    /// The present tone, where it is only one.
    var soundingHertz: Float? { sounding.flatMap { $0.lower == nil ? $0.hertz : nil } }

    /// For how long the present tone has sounded, without its edges; 0 where it is as unsteady, or as low, as a voice.
    var soundingMilliseconds: Int {
        guard let sounding, sounding.absent == 0, sounding.lower ?? sounding.hertz >= Self.lowest,
            sounding.hertzSpread <= Self.voiceSpread
        else { return 0 }
        return sounding.frames * Self.frameMilliseconds
    }

    /// - Parameter milliseconds: of the frame's beginning.
    /// - Returns: the tone that this frame shows to be over.
    mutating func observe(
        _ frame: UnsafeBufferPointer<Int16>, _ spectrum: FrameSpectrum, at milliseconds: Int
    ) -> ToneSegment? {
        rememberBlocks(frame)
        let power = spectrum.power
        guard power > Self.leastPower, let frame = Self.tone(spectrum) else {
            return miss(power, at: milliseconds)
        }
        if let current = sounding {
            // The window still holds the end of a tone that is over.
            if current.frames >= 2, power < current.power / 4 { return miss(power, at: milliseconds) }
            if current.isSame(frame) {
                sounding?.take(frame, at: milliseconds)
                return nil
            }
            if current.lost > 0 {
                // What came before a loss and what came after it do not meet: this frame says nothing.
                sounding?.lost = 0
                return nil
            }
            // A narrow frame of another tone: this one is over, the other begins.
            let segment = end(at: milliseconds, isQuiet: false)
            sounding = Sounding(start: milliseconds, newest: frame, lastNarrow: milliseconds)
            return segment
        }
        sounding = Sounding(start: milliseconds, newest: frame, lastNarrow: milliseconds)
        return nil
    }

    /// A frame that never arrived: the tone is held to go on for a while.
    mutating func observeGap(at milliseconds: Int) -> ToneSegment? {
        for _ in 0..<Self.blocks { remember(0) }
        guard var current = sounding else { return nil }
        current.lost += 1
        sounding = current
        return current.lost > Self.longestLoss ? end(at: milliseconds, isQuiet: true) : nil
    }

    private static func tone(_ spectrum: FrameSpectrum) -> Frame? {
        let first = spectrum.first
        let second = spectrum.second
        let isOvertone = second.hertz > first.hertz * 1.5 && isMultiple(second.hertz, of: first.hertz)
        if first.share >= singleShare, second.share <= secondTone * first.share || isOvertone {
            return Frame(hertz: first.hertz, lower: nil, power: spectrum.power)
        }
        guard first.share + second.share >= (isOvertone ? singleShare : pairShare) else { return nil }
        if isOvertone { return Frame(hertz: first.hertz, lower: nil, power: spectrum.power) }
        // Either may be the stronger from frame to frame.
        return Frame(
            hertz: max(first.hertz, second.hertz), lower: min(first.hertz, second.hertz), power: spectrum.power)
    }

    private static func isMultiple(_ hertz: Float, of fundamental: Float) -> Bool {
        let ratio = hertz / max(1, fundamental)
        return abs(ratio - ratio.rounded()) < 0.03
    }

    private mutating func miss(_ power: Float, at milliseconds: Int) -> ToneSegment? {
        guard var current = sounding else { return nil }
        if current.lost > 0, power >= current.power / 8 {
            current.lost = 0
            sounding = current
            return nil
        }
        current.absent += 1
        sounding = current
        guard current.absent >= Self.longestAbsence || current.frames < Self.fewestFrames else { return nil }
        return end(at: milliseconds, isQuiet: power < current.power / 6)
    }

    /// The standard deviation.
    private static func spread(_ sum: Double, _ squares: Double, _ count: Double) -> Float {
        guard count > 0 else { return 0 }
        let mean = sum / count
        return Float(max(0, squares / count - mean * mean).squareRoot())
    }

    private mutating func end(at milliseconds: Int, isQuiet: Bool) -> ToneSegment? {
        guard let current = sounding else { return nil }
        sounding = nil
        guard current.frames >= Self.fewestFrames else { return nil }
        return ToneSegment(
            hertz: current.hertz, secondHertz: current.lower, startMilliseconds: onset(current),
            endMilliseconds: offset(current), hertzSpread: current.hertzSpread,
            decibelSpread: current.decibelSpread, endsInQuiet: isQuiet,
            power: current.power)
    }

    // MARK: Edges

    private mutating func rememberBlocks(_ frame: UnsafeBufferPointer<Int16>) {
        let length = FrameSpectrum.frame / Self.blocks
        for block in 0..<Self.blocks {
            var sum: Float = 0
            for index in block * length..<(block + 1) * length {
                let sample = Float(frame[index])
                sum += sample * sample
            }
            remember(sum / Float(length))
        }
    }

    private mutating func remember(_ power: Float) {
        blockPowers[blockCount % Self.remembered] = power
        blockCount += 1
    }

    /// The power of the block that begins at a time, where it is still known.
    private func blockPower(at milliseconds: Int) -> Float? {
        let block = milliseconds / (Self.frameMilliseconds / Self.blocks)
        guard block >= 0, block < blockCount, block > blockCount - Self.remembered else { return nil }
        return blockPowers[block % Self.remembered]
    }

    private func onset(_ tone: Sounding) -> Int {
        let step = Self.frameMilliseconds / Self.blocks
        var start = tone.start
        // Forward within the first frame, then back into the one before.
        while let power = blockPower(at: start), power < tone.power / 4, start < tone.start + Self.frameMilliseconds {
            start += step
        }
        while let power = blockPower(at: start - step), power >= tone.power / 4,
            start > tone.start - Self.frameMilliseconds
        {
            start -= step
        }
        return start
    }

    private func offset(_ tone: Sounding) -> Int {
        let step = Self.frameMilliseconds / Self.blocks
        var end = tone.lastNarrow + 2 * Self.frameMilliseconds
        while end > tone.lastNarrow, let power = blockPower(at: end - step), power < tone.power / 4 {
            end -= step
        }
        // What follows is louder than the tone's end may be: the frame's own word is taken.
        return min(end, tone.lastNarrow + 2 * Self.frameMilliseconds)
    }
}
