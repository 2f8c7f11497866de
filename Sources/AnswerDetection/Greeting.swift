internal import Glibc

/// What has been heard, as talk and pauses: the measures that tell a person from a machine.
///
/// A frame is talk where it is loud against the loudest and set apart from the quiet (the level that divides both best,
/// N. Otsu 1979, kept within 9 to 22 dB below the peak). Talk that is interrupted for up to 200 ms is one spurt.
struct Greeting {
    private static let frameSeconds: Float = 0.02
    /// Frames that are needed before there is anything to divide.
    private static let least = 8
    /// Frames that must be as loud for a level to count as reached: a click is shorter.
    private static let peakFrames = 4
    /// What is quieter than −54 dB below full scale is no talk.
    private static let quietest = 36
    private static let nearestToPeak = 9
    private static let farthestFromPeak = 22
    /// From the quietest tenth, or the tenth of so many frames, to the peak; a steady sound spreads over less.
    private static let longestRange = 200
    private static let leastRange = 8
    /// Of the talk, by share: what hums less, and is soft, is noise. Voices from bad lines hum as little.
    private static let leastVoiced: Float = 0.1
    private static let softest: Float = 45
    private static let bridgedFrames = 10
    private static let shortestSpurt = 4
    private static let wordPause = 3
    private static let shortestWord = 5

    /// Since the answer, or since what is counted from.
    private(set) var firstSoundMilliseconds = 0
    /// From the first sound on, in seconds.
    private(set) var elapsed: Float = 0
    private(set) var firstSound: Float = 0
    private(set) var talk: Float = 0
    private(set) var spurts = 0
    private(set) var firstSpurt: Float = 0
    private(set) var longestSpurt: Float = 0
    private(set) var longestPause: Float = 0
    private(set) var pauseNow: Float = 0
    private(set) var runNow: Float = 0
    private(set) var words = 0
    private(set) var level: Float = 0
    private(set) var levelSpread: Float = 0
    private(set) var change: Float = 0
    private(set) var changeSpread: Float = 0
    private(set) var voiced: Float = 0
    private(set) var narrowness: Float = 0
    private(set) var syllables = 0
    private(set) var lastSpurt: Float = 0
    /// Between two spurts: the newest, the longest, the mean.
    private(set) var lastInnerPause: Float = 0
    private(set) var longestInnerPause: Float = 0
    private(set) var meanInnerPause: Float = 0
    private(set) var voice = GreetingVoice()
    /// From the first frame of talk to the last, in the history.
    private var span = 0..<0

    /// Nil while nothing but silence or steady noise has been heard.
    init?(_ history: GreetingHistory) {
        guard let threshold = Self.threshold(history) else { return nil }
        guard measureSpurts(history, threshold) else { return nil }
        measureSound(history, threshold)
        guard voiced >= Self.leastVoiced || level >= Self.softest else { return nil }
        voice = GreetingVoice(history, talk: span, threshold: threshold)
    }

    // MARK: The threshold

    private static func threshold(_ history: GreetingHistory) -> Int? {
        var total = 0
        var sum = 0
        var peak = 0
        var low = 0
        history.histogram.withUnsafeBufferPointer { counts in
            for level in 0..<counts.count where counts[level] > 0 {
                total += counts[level]
                sum += counts[level] * level
            }
            var quiet = 0
            for level in 0..<counts.count where quiet * 10 <= min(total, longestRange) {
                quiet += counts[level]
                low = level
            }
            var above = 0
            for level in stride(from: counts.count - 1, through: 0, by: -1) {
                above += counts[level]
                if above >= peakFrames {
                    peak = level
                    break
                }
            }
        }
        guard total >= least, peak >= quietest + 2, peak - low >= leastRange else { return nil }
        var best: Float = -1
        var division = peak - nearestToPeak
        var below = 0
        var sumBelow = 0
        history.histogram.withUnsafeBufferPointer { counts in
            for level in 0..<counts.count - 1 {
                below += counts[level]
                sumBelow += counts[level] * level
                guard below > 0, below < total else { continue }
                let lower = Float(sumBelow) / Float(below)
                let upper = Float(sum - sumBelow) / Float(total - below)
                let between = Float(below) * Float(total - below) * (upper - lower) * (upper - lower)
                if between > best {
                    best = between
                    division = level + 1
                }
            }
        }
        return max(quietest, min(peak - nearestToPeak, max(peak - farthestFromPeak, division)))
    }

    // MARK: Spurts

    private mutating func measureSpurts(_ history: GreetingHistory, _ threshold: Int) -> Bool {
        var first: Int?
        var spurtStart = 0
        var lastLoud = -1
        var loudInSpurt = 0
        var spurtSum = 0
        var longest = 0
        var previousEnd: Int?
        var lastEnd = 0
        var lastStart = 0
        var longestGap = 0
        var lastGap = 0
        var gapSum = 0

        func close(_ greeting: inout Greeting) {
            guard lastLoud >= spurtStart, loudInSpurt >= Self.shortestSpurt else { return }
            let length = lastLoud + 1 - spurtStart
            if first == nil {
                first = spurtStart
                greeting.firstSpurt = Float(length) * Self.frameSeconds
            }
            if let previousEnd {
                lastGap = spurtStart - previousEnd
                longestGap = max(longestGap, lastGap)
                gapSum += lastGap
            }
            previousEnd = lastLoud + 1
            greeting.spurts += 1
            spurtSum += length
            longest = max(longest, length)
            lastStart = spurtStart
            lastEnd = lastLoud + 1
        }

        history.levels.withUnsafeBufferPointer { levels in
            history.kinds.withUnsafeBufferPointer { kinds in
                for index in 0..<history.count where kinds[index] == .heard && Int(levels[index]) >= threshold {
                    if lastLoud < 0 || index - lastLoud > Self.bridgedFrames {
                        if lastLoud >= 0 { close(&self) }
                        spurtStart = index
                        loudInSpurt = 0
                    }
                    loudInSpurt += 1
                    lastLoud = index
                }
            }
        }
        if lastLoud >= 0 { close(&self) }
        guard let first else { return false }
        let now = history.count
        firstSoundMilliseconds = history.startMilliseconds + first * GreetingHistory.frameMilliseconds
        firstSound = Float(firstSoundMilliseconds) / 1000
        elapsed = Float(now - first) * Self.frameSeconds
        talk = Float(spurtSum) * Self.frameSeconds
        longestSpurt = Float(longest) * Self.frameSeconds
        pauseNow = Float(now - lastEnd) * Self.frameSeconds
        runNow = now - lastEnd <= Self.bridgedFrames ? Float(lastEnd - lastStart) * Self.frameSeconds : 0
        lastSpurt = Float(lastEnd - lastStart) * Self.frameSeconds
        lastInnerPause = Float(lastGap) * Self.frameSeconds
        longestInnerPause = Float(longestGap) * Self.frameSeconds
        meanInnerPause = spurts > 1 ? Float(gapSum) * Self.frameSeconds / Float(spurts - 1) : 0
        longestPause = max(longestInnerPause, pauseNow)
        span = first..<lastEnd
        return true
    }

    // MARK: Sound

    private mutating func measureSound(_ history: GreetingHistory, _ threshold: Int) {
        let first = (firstSoundMilliseconds - history.startMilliseconds) / GreetingHistory.frameMilliseconds
        var loud = 0
        var levelSum: Float = 0
        var levelSquares: Float = 0
        var changeSum: Float = 0
        var changeSquares: Float = 0
        var voicedFrames = 0
        var narrowSum: Float = 0
        var word = 0
        var pause = Self.wordPause + 1
        var valley = 0
        var crest = 0
        var isRising = true

        history.levels.withUnsafeBufferPointer { levels in
            history.kinds.withUnsafeBufferPointer { kinds in
                for index in first..<history.count where kinds[index] == .heard {
                    let level = Int(levels[index])
                    // Syllables: crests at least 4 dB above the valleys beside them.
                    if isRising {
                        crest = max(crest, level)
                        if level <= crest - 4 {
                            if crest >= threshold { syllables += 1 }
                            isRising = false
                            valley = level
                        }
                    } else {
                        valley = min(valley, level)
                        if level >= valley + 4 {
                            isRising = true
                            crest = level
                        }
                    }
                    guard level >= threshold else {
                        pause += 1
                        if pause == Self.wordPause {
                            if word >= Self.shortestWord { words += 1 }
                            word = 0
                        }
                        continue
                    }
                    pause = 0
                    word += 1
                    loud += 1
                    levelSum += Float(level)
                    levelSquares += Float(level * level)
                    changeSum += history.changes[index]
                    changeSquares += history.changes[index] * history.changes[index]
                    if history.voicings[index] > 0.7 { voicedFrames += 1 }
                    narrowSum += history.narrownesses[index]
                }
            }
        }
        if word >= Self.shortestWord { words += 1 }
        guard loud > 0 else { return }
        let count = Float(loud)
        level = levelSum / count
        levelSpread = max(0, levelSquares / count - level * level).squareRoot()
        change = changeSum / count
        changeSpread = max(0, changeSquares / count - change * change).squareRoot()
        voiced = Float(voicedFrames) / count
        narrowness = narrowSum / count
    }
}

// MARK: Features

extension Greeting {
    /// What the model looks at, in its order.
    static let featureNames = timingNames + GreetingVoice.featureNames

    private static let timingNames = [
        "elapsed", "firstSound", "talk", "talkShare", "spurts", "firstSpurt", "longestSpurt", "longestPause",
        "pauseNow", "runNow", "words", "syllableRate", "level", "levelSpread", "change", "changeSpread",
        "voiced", "narrowness", "lastSpurt", "lastInnerPause", "longestInnerPause", "meanInnerPause", "pauseRatio",
    ]

    /// Writes the features; seconds, decibels below full scale, shares.
    func write(into features: inout [Float]) {
        features.removeAll(keepingCapacity: true)
        features.append(elapsed)
        features.append(min(5, firstSound))
        features.append(talk)
        features.append(talk / max(0.02, elapsed))
        features.append(Float(spurts))
        features.append(firstSpurt)
        features.append(longestSpurt)
        features.append(longestPause)
        features.append(pauseNow)
        features.append(runNow)
        features.append(Float(words))
        features.append(Float(syllables) / max(0.1, talk))
        features.append(level - 90.3)
        features.append(levelSpread)
        features.append(change)
        features.append(changeSpread)
        features.append(voiced)
        features.append(narrowness)
        features.append(lastSpurt)
        features.append(lastInnerPause)
        features.append(longestInnerPause)
        features.append(meanInnerPause)
        features.append(pauseNow / max(0.1, longestInnerPause))
        voice.write(into: &features)
    }
}
