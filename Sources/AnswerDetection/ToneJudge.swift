/// What tones mean: the network's own by their cadence, information tones, a calling fax, beeps.
struct ToneJudge {
    enum Meaning: Equatable {
        case ringback
        case busy
        case reorder
        case specialInformation
        /// One burst of a calling fax; `isRepeated` from the second on.
        case calling(isRepeated: Bool)
        case beep
    }

    /// So many times as loud as a note of music behind talk is the beep after it.
    private static let softestNote: Float = 10
    /// Tones that are remembered for a cadence.
    private static let remembered = 8

    /// The last tones, the newest at the end.
    private var tones: [ToneSegment] = []
    private var isRinging = false

    init() {
        tones.reserveCapacity(Self.remembered + 1)
    }

    /// - Parameter hasSpoken: whether somebody has been heard since the beginning, or since the last ringback.
    mutating func observe(_ tone: ToneSegment, hasSpoken: Bool) -> Meaning? {
        tones.append(tone)
        if tones.count > Self.remembered { tones.removeFirst() }
        if isInformation { return .specialInformation }
        if Self.isCalling(tone) {
            let isRepeated = tones.dropLast().contains {
                Self.isCalling($0) && (2600...3400).contains(tone.startMilliseconds - $0.endMilliseconds)
            }
            return .calling(isRepeated: isRepeated)
        }
        if Self.isSupervisory(tone) {
            if let meaning = cadence(hasSpoken: hasSpoken) { return meaning }
            guard hasSpoken, !isRinging else { return nil }
        }
        return isBeep(tone) ? .beep : nil
    }

    /// Somebody speaks: what rings from now on is another ringing.
    mutating func spoken() {
        isRinging = false
    }

    // MARK: Information tones

    /// ITU-T E.180 §8: 950 ± 50, 1400 ± 50, 1800 ± 50 Hz, each of 330 ± 70 ms, at most 30 ms apart. North America's are
    /// within these but for 276 ms (Telcordia SR-2275 §6). Packets that are lost between two lengthen what lies there.
    private var isInformation: Bool {
        guard tones.count >= 3 else { return false }
        let last = tones.suffix(3)
        for (tone, frequency) in zip(last, [950, 1400, 1800] as [Float]) {
            guard tone.isSingle(frequency, within: 55), (180...480).contains(tone.milliseconds) else { return false }
        }
        for (one, next) in zip(last, last.dropFirst()) {
            guard (-60...160).contains(next.startMilliseconds - one.endMilliseconds) else { return false }
        }
        return true
    }

    /// ITU-T T.30 §4.1.2: 1100 ± 38 Hz for half a second, 3 s apart.
    private static func isCalling(_ tone: ToneSegment) -> Bool {
        tone.isSingle(1100, within: 38) && (400...600).contains(tone.milliseconds)
    }

    // MARK: The network's

    /// Pitches that exchanges use: 400 to 450 Hz, North America's ringback of 440 with 480 Hz, which no frame of 32 ms
    /// tells apart, and busy's 480 with 620 Hz.
    private static func isSupervisory(_ tone: ToneSegment) -> Bool {
        tone.isSingle(440, within: 60) || tone.isPair(480, 620, within: 25) || tone.isPair(440, 480, within: 25)
            || tone.isPair(400, 450, within: 25) || tone.isPair(350, 440, within: 25)
    }

    private mutating func cadence(hasSpoken: Bool) -> Meaning? {
        let last = tones.reversed().prefix { Self.isSupervisory($0) }
        guard let newest = last.first else { return nil }
        var lengths: [Int] = []
        var pauses: [Int] = []
        var later: ToneSegment?
        for tone in last {
            if let later {
                let pause = later.startMilliseconds - tone.endMilliseconds
                guard pause < 6000 else { break }
                pauses.append(pause)
            }
            lengths.append(tone.milliseconds)
            later = tone
        }
        if lengths.count >= 3, lengths.prefix(3).allSatisfy({ (300...650).contains($0) }),
            pauses.prefix(2).allSatisfy({ (300...700).contains($0) })
        {
            return .busy
        }
        if lengths.count >= 4, lengths.prefix(4).allSatisfy({ (140...320).contains($0) }),
            pauses.prefix(3).allSatisfy({ (140...340).contains($0) })
        {
            return .reorder
        }
        let isLong = (700...2400).contains(newest.milliseconds)
        let isDouble =
            lengths.count >= 2 && lengths.prefix(2).allSatisfy({ (300...500).contains($0) })
            && (140...260).contains(pauses[0])
        guard isLong || isDouble, !hasSpoken || isRinging else { return nil }
        isRinging = true
        return .ringback
    }

    // MARK: Beeps

    /// One steady tone with quiet after it, that is no note of a melody.
    private func isBeep(_ tone: ToneSegment) -> Bool {
        guard tone.secondHertz == nil, (345...2205).contains(tone.hertz), (135...5000).contains(tone.milliseconds),
            tone.endsInQuiet, Self.isSteady(tone)
        else { return false }
        // Vowels are narrow for a moment, but not steady; a melody's other notes are, and as loud.
        return !tones.dropLast().contains {
            tone.startMilliseconds - $0.endMilliseconds < 1000 && abs($0.hertz - tone.hertz) > 20
                && $0.power * Self.softestNote > tone.power && Self.isNote($0)
        }
    }

    private static func isNote(_ tone: ToneSegment) -> Bool {
        tone.secondHertz == nil && tone.hertz >= 300 && tone.milliseconds >= 120 && tone.hertzSpread < 2
            && tone.decibelSpread < 1
    }

    private static func isSteady(_ tone: ToneSegment) -> Bool {
        tone.hertzSpread < 6 && tone.decibelSpread < 1.5
    }
}
