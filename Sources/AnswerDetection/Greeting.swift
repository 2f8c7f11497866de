internal import Glibc

/// What has been heard, as talk and pauses: the measures that tell a person from a machine.
///
/// A frame is talk where it is loud against the loudest and set apart from the quiet (the level that divides both best,
/// N. Otsu 1979, kept within 9 to 22 dB below the peak and at least 5 dB above the quiet).
struct Greeting {
    /// Frames that are needed before there is anything to divide.
    private static let least = 8
    /// Frames that must be as loud for a level to count as reached: a click is shorter.
    private static let peakFrames = 4
    /// What is quieter than −48 dB below full scale is no talk: it may be a room, in which a television talks.
    private static let quietest = 42
    private static let nearestToPeak = 9
    private static let farthestFromPeak = 22
    /// From the quietest tenth, or the tenth of so many frames, to the peak; a steady sound spreads over less.
    private static let longestRange = 200
    private static let leastRange = 8
    /// So far above that quiet is no talk: noise swings, too.
    private static let swing = 5
    /// Of the talk, by share: what hums less, and is soft, is noise. Voices from bad lines hum as little.
    private static let leastVoiced: Float = 0.1
    private static let softest: Float = 45
    private static let wordPause = 3
    private static let shortestWord = 5

    /// Since the answer, or since what is counted from.
    private(set) var firstSoundMilliseconds = 0
    private(set) var words = 0
    private(set) var level: Float = 0
    /// Of the loudest alone.
    private(set) var loudestLevel: Float = 0
    private(set) var levelSpread: Float = 0
    private(set) var quietBefore: Float = 0
    private(set) var quietWithin: Float = 0
    private(set) var change: Float = 0
    private(set) var changeSpread: Float = 0
    private(set) var voiced: Float = 0
    private(set) var narrowness: Float = 0
    private(set) var syllables = 0
    private(set) var noise = GreetingNoise()
    private(set) var voice = GreetingVoice()
    let spurts: GreetingSpurts
    /// Of the loudest alone: a television in a room talks on where the one who answered is silent.
    let loudest: GreetingSpurts

    /// Nil while nothing but silence or steady noise has been heard.
    init?(_ history: GreetingHistory) {
        guard let (threshold, loudestThreshold) = Self.thresholds(history) else { return nil }
        guard let spurts = GreetingSpurts(history, threshold: threshold) else { return nil }
        self.spurts = spurts
        loudest = GreetingSpurts(history, threshold: loudestThreshold) ?? spurts
        firstSoundMilliseconds = history.startMilliseconds + spurts.span.lowerBound * GreetingHistory.frameMilliseconds
        measureSound(history, threshold, loudestThreshold)
        guard voiced >= Self.leastVoiced || level >= Self.softest else { return nil }
        noise = GreetingNoise(history, talk: spurts.span, threshold: threshold)
        voice = GreetingVoice(history, talk: spurts.span, threshold: threshold)
    }

    // MARK: The thresholds

    /// From where on sound is talk, and from where on it is among the loudest.
    private static func thresholds(_ history: GreetingHistory) -> (talk: Int, loudest: Int)? {
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
        let wanted = min(peak - nearestToPeak, max(peak - farthestFromPeak, division))
        let loudest = max(quietest, low + swing, peak - nearestToPeak)
        return (max(quietest, low + swing, wanted), loudest)
    }

    // MARK: Sound

    private mutating func measureSound(_ history: GreetingHistory, _ threshold: Int, _ loudestThreshold: Int) {
        let first = spurts.span.lowerBound
        var loud = 0
        var loudest: Float = 0
        var loudestSum: Float = 0
        var levelSum: Float = 0
        var levelSquares: Float = 0
        var changeSum: Float = 0
        var changeSquares: Float = 0
        var voicedFrames = 0
        var narrowSum: Float = 0
        var quietSum = 0
        var quietFrames = 0
        var beforeSum = 0
        var beforeFrames = 0
        var word = 0
        var pause = Self.wordPause + 1
        var valley = 0
        var crest = 0
        var isRising = true

        history.levels.withUnsafeBufferPointer { levels in
            history.kinds.withUnsafeBufferPointer { kinds in
                for index in 0..<history.count where kinds[index] == .heard {
                    let level = Int(levels[index])
                    if index < first {
                        beforeSum += level
                        beforeFrames += 1
                        continue
                    }
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
                        quietSum += level
                        quietFrames += 1
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
                    if level >= loudestThreshold {
                        loudest += 1
                        loudestSum += Float(level)
                    }
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
        loudestLevel = loudest > 0 ? loudestSum / loudest : level
        levelSpread = max(0, levelSquares / count - level * level).squareRoot()
        change = changeSum / count
        changeSpread = max(0, changeSquares / count - change * change).squareRoot()
        voiced = Float(voicedFrames) / count
        narrowness = narrowSum / count
        quietWithin = quietFrames > 0 ? level - Float(quietSum) / Float(quietFrames) : 0
        quietBefore = beforeFrames > 0 ? level - Float(beforeSum) / Float(beforeFrames) : 0
    }
}

// MARK: Features

extension Greeting {
    /// What the model looks at, in its order.
    static let featureNames = timingNames + GreetingNoise.featureNames + GreetingVoice.featureNames

    private static let timingNames = [
        "elapsed", "firstSound", "talk", "talkShare", "spurts", "firstSpurt", "longestSpurt", "longestPause",
        "pauseNow", "runNow", "words", "syllableRate", "level", "levelSpread", "quietBefore", "quietWithin", "change",
        "changeSpread", "voiced", "narrowness", "lastSpurt", "lastInnerPause", "longestInnerPause", "meanInnerPause",
        "pauseRatio", "loudElapsed", "loudTalk", "loudTalkShare", "loudSpurts", "loudFirstSpurt", "loudLongestSpurt",
        "loudPauseNow", "loudRunNow", "loudLastInnerPause", "loudLongestInnerPause",
    ]

    /// Writes the features; seconds, decibels below full scale, shares.
    func write(into features: inout [Float]) {
        features.removeAll(keepingCapacity: true)
        features.append(spurts.elapsed)
        features.append(min(5, Float(firstSoundMilliseconds) / 1000))
        features.append(spurts.talk)
        features.append(spurts.talk / max(0.02, spurts.elapsed))
        features.append(Float(spurts.count))
        features.append(spurts.first)
        features.append(spurts.longest)
        features.append(spurts.longestPause)
        features.append(spurts.pauseNow)
        features.append(spurts.runNow)
        features.append(Float(words))
        features.append(Float(syllables) / max(0.1, spurts.talk))
        features.append(level - 90.3)
        features.append(levelSpread)
        features.append(quietBefore)
        features.append(quietWithin)
        features.append(change)
        features.append(changeSpread)
        features.append(voiced)
        features.append(narrowness)
        features.append(spurts.last)
        features.append(spurts.lastInnerPause)
        features.append(spurts.longestInnerPause)
        features.append(spurts.meanInnerPause)
        features.append(spurts.pauseNow / max(0.1, spurts.longestInnerPause))
        features.append(loudest.elapsed)
        features.append(loudest.talk)
        features.append(loudest.talk / max(0.02, loudest.elapsed))
        features.append(Float(loudest.count))
        features.append(loudest.first)
        features.append(loudest.longest)
        features.append(loudest.pauseNow)
        features.append(loudest.runNow)
        features.append(loudest.lastInnerPause)
        features.append(loudest.longestInnerPause)
        noise.write(into: &features)
        voice.write(into: &features)
    }
}
