internal import Glibc

/// What has been heard since the answer, a few measures a frame: what a greeting's features are computed from.
///
/// Levels are dB above one step of 16 bits: full scale is 90. All storage is there from the start.
struct GreetingHistory {
    static let frameMilliseconds = 20
    /// 20 s.
    static let capacity = 1024
    /// Of silence only so much is kept.
    private static let longestSilence = 250
    private static let keptSilence = 100
    static let levels = 96
    /// What hums less has no pitch.
    private static let leastVoicing: Float = 0.7

    enum Kind: UInt8 {
        case heard
        /// Never arrived, or a tone: neither sound nor silence.
        case disregarded
    }

    /// When the first frame that is kept began.
    private(set) var startMilliseconds = 0
    private(set) var count = 0
    private(set) var levels: [UInt8]
    private(set) var kinds: [Kind]
    private(set) var changes: [Float]
    private(set) var voicings: [Float]
    private(set) var narrownesses: [Float]
    /// Of the bands, in dB.
    private(set) var meanLevels: [Float]
    /// Each band's level over three frames, in half decibels: of one frame alone it swings far.
    private(set) var bands: [SIMD16<UInt8>]
    /// In octaves above 50 Hz; 0 where nothing hums.
    private(set) var pitches: [Float]
    /// How many frames that count have each level.
    private(set) var histogram: [Int]
    /// Of the last frame and of the one before.
    private var lastBands = (SIMD16<UInt8>(), SIMD16<UInt8>())

    init() {
        levels = [UInt8](repeating: 0, count: Self.capacity)
        kinds = [Kind](repeating: .heard, count: Self.capacity)
        changes = [Float](repeating: 0, count: Self.capacity)
        voicings = [Float](repeating: 0, count: Self.capacity)
        narrownesses = [Float](repeating: 0, count: Self.capacity)
        meanLevels = [Float](repeating: 0, count: Self.capacity)
        bands = [SIMD16<UInt8>](repeating: SIMD16(), count: Self.capacity)
        pitches = [Float](repeating: 0, count: Self.capacity)
        histogram = [Int](repeating: 0, count: Self.levels)
    }

    var isFull: Bool { count == Self.capacity }

    var endMilliseconds: Int { startMilliseconds + count * Self.frameMilliseconds }

    mutating func append(_ spectrum: FrameSpectrum) {
        guard count < Self.capacity else { return }
        let level = UInt8(max(0, min(Float(Self.levels - 1), 10 * log10f(1 + spectrum.power))))
        levels[count] = level
        kinds[count] = .heard
        changes[count] = spectrum.change
        voicings[count] = spectrum.voicing
        narrownesses[count] = spectrum.narrowness
        meanLevels[count] = spectrum.meanLevel
        bands[count] = (spectrum.bands &>> 2) &+ (lastBands.0 &>> 1) &+ (lastBands.1 &>> 2)
        lastBands = (spectrum.bands, lastBands.0)
        pitches[count] = spectrum.voicing > Self.leastVoicing ? spectrum.pitch : 0
        histogram[Int(level)] += 1
        count += 1
    }

    /// A frame that says nothing.
    mutating func appendGap() {
        guard count < Self.capacity else { return }
        levels[count] = 0
        kinds[count] = .disregarded
        count += 1
    }

    /// The last frames turned out to be a tone.
    mutating func disregard(last frames: Int) {
        for index in max(0, count - frames)..<count where kinds[index] == .heard {
            kinds[index] = .disregarded
            histogram[Int(levels[index])] -= 1
        }
    }

    /// What came before does not count.
    mutating func restart() {
        forget(count)
    }

    /// Where nothing but silence has been heard, old silence is forgotten.
    mutating func forgetSilence() {
        if count > Self.longestSilence { forget(count - Self.keptSilence) }
    }

    private mutating func forget(_ frames: Int) {
        guard frames > 0, frames <= count else { return }
        for index in 0..<frames where kinds[index] == .heard { histogram[Int(levels[index])] -= 1 }
        for index in frames..<count {
            levels[index - frames] = levels[index]
            kinds[index - frames] = kinds[index]
            changes[index - frames] = changes[index]
            voicings[index - frames] = voicings[index]
            narrownesses[index - frames] = narrownesses[index]
            bands[index - frames] = bands[index]
            meanLevels[index - frames] = meanLevels[index]
            pitches[index - frames] = pitches[index]
        }
        count -= frames
        startMilliseconds += frames * Self.frameMilliseconds
    }
}
