internal import Glibc

/// One steady tone, or two sounding together, from its beginning to its end.
struct ToneSegment: Equatable {
    /// Of the stronger, or of the only one.
    var hertz: Float
    /// Of the weaker; nil where there is none.
    var secondHertz: Float?
    var startMilliseconds: Int
    var endMilliseconds: Int
    /// How far its frames lie from its mean, as standard deviations.
    var hertzSpread: Float
    var decibelSpread: Float
    /// What came right after it is quiet.
    var endsInQuiet: Bool

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
    /// Blocks whose power is known: a third of a second.
    private static let remembered = 64

    private struct Sounding {
        var start: Int
        var frames = 0
        var hertz: Float
        var second: Float?
        var hertzSum: Float = 0
        var hertzSquares: Float = 0
        var secondSum: Float = 0
        var decibelSum: Float = 0
        var decibelSquares: Float = 0
        var power: Float = 0
        var lastNarrow = 0
        /// Frames in a row that were not its own.
        var absent = 0
        /// Frames in a row that never arrived.
        var lost = 0
    }

    private var sounding: Sounding?
    private var blockPowers = [Float](repeating: 0, count: remembered)
    /// Blocks so far.
    private var blockCount = 0

    /// The present tone, where it is only one.
    var soundingHertz: Float? { sounding.flatMap { $0.second == nil ? $0.hertz : nil } }

    /// For how long the present tone has sounded, without its edges.
    var soundingMilliseconds: Int {
        guard let sounding, sounding.absent == 0 else { return 0 }
        return sounding.frames * Self.frameMilliseconds
    }

    /// - Parameter milliseconds: of the frame's beginning.
    /// - Returns: the tone that this frame shows to be over.
    mutating func observe(
        _ frame: UnsafeBufferPointer<Int16>, _ spectrum: FrameSpectrum, at milliseconds: Int
    ) -> ToneSegment? {
        rememberBlocks(frame)
        let power = spectrum.power
        guard power > Self.leastPower, let (hertz, second) = Self.tone(spectrum) else {
            return miss(power, at: milliseconds)
        }
        if let current = sounding {
            // The window still holds the end of a tone that is over.
            if current.frames >= 2, power < current.power / 4 { return miss(power, at: milliseconds) }
            if Self.isSame(current, hertz, second) {
                take(hertz, second, power, at: milliseconds)
                return nil
            }
            if current.lost > 0 {
                // What came before a loss and what came after it do not meet: this frame says nothing.
                sounding?.lost = 0
                return nil
            }
            // A narrow frame of another tone: this one is over, the other begins.
            let segment = end(at: milliseconds, isQuiet: false)
            begin(hertz, second, power, at: milliseconds)
            return segment
        }
        begin(hertz, second, power, at: milliseconds)
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

    private static func tone(_ spectrum: FrameSpectrum) -> (Float, Float?)? {
        let first = spectrum.first
        let second = spectrum.second
        let isOvertone = second.hertz > first.hertz * 1.5 && isMultiple(second.hertz, of: first.hertz)
        if first.share >= singleShare, second.share <= secondTone * first.share || isOvertone {
            return (first.hertz, nil)
        }
        guard first.share + second.share >= (isOvertone ? singleShare : pairShare) else { return nil }
        return (first.hertz, isOvertone ? nil : second.hertz)
    }

    private static func isMultiple(_ hertz: Float, of fundamental: Float) -> Bool {
        let ratio = hertz / max(1, fundamental)
        return abs(ratio - ratio.rounded()) < 0.03
    }

    private static func isSame(_ current: Sounding, _ hertz: Float, _ second: Float?) -> Bool {
        switch (current.second, second) {
        case (nil, nil): abs(hertz - current.hertz) <= 20
        case (let one?, let other?):
            // Either may be the stronger from frame to frame.
            abs(min(hertz, other) - min(current.hertz, one)) <= 20
                && abs(max(hertz, other) - max(current.hertz, one)) <= 20
        default: false
        }
    }

    private mutating func begin(_ hertz: Float, _ second: Float?, _ power: Float, at milliseconds: Int) {
        sounding = Sounding(start: milliseconds, hertz: hertz, second: second)
        take(hertz, second, power, at: milliseconds)
    }

    private mutating func take(_ hertz: Float, _ second: Float?, _ power: Float, at milliseconds: Int) {
        guard var current = sounding else { return }
        // The first frame is the tone's only in part: it does not count for its measures.
        if current.frames == 1 {
            current.hertzSum = 0
            current.hertzSquares = 0
            current.secondSum = 0
            current.decibelSum = 0
            current.decibelSquares = 0
            current.power = 0
        }
        let counted = max(1, current.frames)
        let decibels = 10 * log10f(max(1, power))
        let stronger = second == nil ? hertz : max(hertz, second ?? hertz)
        current.frames += 1
        current.hertzSum += stronger
        current.hertzSquares += stronger * stronger
        current.secondSum += second.map { min($0, hertz) } ?? 0
        current.decibelSum += decibels
        current.decibelSquares += decibels * decibels
        current.power += (power - current.power) / Float(counted)
        current.hertz = current.hertzSum / Float(counted)
        if second != nil { current.second = current.secondSum / Float(counted) }
        current.lastNarrow = milliseconds
        current.absent = 0
        current.lost = 0
        sounding = current
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
        guard current.absent >= Self.longestAbsence || current.frames < 3 else { return nil }
        return end(at: milliseconds, isQuiet: power < current.power / 6)
    }

    private mutating func end(at milliseconds: Int, isQuiet: Bool) -> ToneSegment? {
        guard let current = sounding else { return nil }
        sounding = nil
        guard current.frames >= 3 else { return nil }
        let counted = Float(current.frames - 1)
        let hertz = current.hertzSum / counted
        let decibels = current.decibelSum / counted
        let hertzSpread = max(0, current.hertzSquares / counted - hertz * hertz).squareRoot()
        let decibelSpread = max(0, current.decibelSquares / counted - decibels * decibels).squareRoot()
        return ToneSegment(
            hertz: hertz, secondHertz: current.second, startMilliseconds: onset(current), endMilliseconds: offset(current),
            hertzSpread: hertzSpread, decibelSpread: decibelSpread, endsInQuiet: isQuiet)
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
