import Testing

@testable import AnswerDetection

/// A steady tone with quiet after it.
private func tone(
    _ hertz: Float, at start: Int = 0, for length: Int, with second: Float? = nil, hertzSpread: Float = 0,
    decibelSpread: Float = 0, isQuietAfter: Bool = true, power: Float = 1e6
) -> ToneSegment {
    ToneSegment(
        hertz: hertz, secondHertz: second, startMilliseconds: start, endMilliseconds: start + length,
        hertzSpread: hertzSpread, decibelSpread: decibelSpread, endsInQuiet: isQuietAfter, power: power)
}

/// What each of the tones means that follow each other so.
private func meanings(_ tones: [ToneSegment], hasSpoken: Bool = false) -> [ToneJudge.Meaning?] {
    var judge = ToneJudge()
    return tones.map { judge.observe($0, hasSpoken: hasSpoken) }
}

/// The same tone again and again.
private func cycles(_ hertz: Float, _ length: Int, _ pause: Int, count: Int) -> [ToneSegment] {
    (0..<count).map { tone(hertz, at: $0 * (length + pause), for: length) }
}

@Suite("What a tone means, to the bounds")
struct ToneJudgeTests {
    @Test(
        "Three special information tones are three of the right pitches and lengths, close together (ITU-T E.180 §8)",
        arguments: [
            (0, 0, 0, true), (55, 0, 0, true), (56, 0, 0, false), (-55, 0, 0, true), (-56, 0, 0, false),
            (0, -150, 0, true), (0, -151, 0, false), (0, 150, 0, true), (0, 151, 0, false),
            (0, 0, -60, true), (0, 0, -61, false), (0, 0, 160, true), (0, 0, 161, false),
        ] as [(Float, Int, Int, Bool)])
    func information(_ apart: Float, _ longer: Int, _ gap: Int, _ isOne: Bool) {
        // Each of the three, and each of the two gaps, for itself.
        for odd in 0..<3 {
            var tones: [ToneSegment] = []
            for (index, hertz) in ([950, 1400, 1800] as [Float]).enumerated() {
                let start = (tones.last?.endMilliseconds ?? 0) + (index == max(1, odd) ? gap : 0)
                tones.append(
                    tone(hertz + (index == odd ? apart : 0), at: start, for: 330 + (index == odd ? longer : 0)))
            }
            let found = meanings(tones)
            #expect((found[2] == .specialInformation) == isOne, "\(odd)")
            #expect(found[1] == nil, "two are none")
        }
    }

    @Test("Two pitches at once are none of the three")
    func informationAlone() {
        let tones = [tone(950, for: 330), tone(1400, at: 330, for: 330, with: 700), tone(1800, at: 660, for: 330)]
        #expect(meanings(tones)[2] != .specialInformation)
    }

    @Test(
        "A calling fax says 1100 Hz for half a second (ITU-T T.30 §4.1.2); what is nearly that is a beep",
        arguments: [
            (1100, 500, true), (1138, 500, true), (1139, 500, false), (1062, 500, true), (1061, 500, false),
            (1100, 400, true), (1100, 399, false), (1100, 600, true), (1100, 601, false),
        ] as [(Float, Int, Bool)])
    func calling(_ hertz: Float, _ length: Int, _ isOne: Bool) {
        #expect(meanings([tone(hertz, for: length)]) == [isOne ? .calling(isRepeated: false) : .beep])
    }

    @Test(
        "It says so again three seconds later, and not much sooner or later",
        arguments: [(2599, false), (2600, true), (3400, true), (3401, false)])
    func callingAgain(_ pause: Int, _ isRepeated: Bool) {
        let tones = cycles(1100, 500, pause, count: 2)
        #expect(meanings(tones) == [.calling(isRepeated: false), .calling(isRepeated: isRepeated)])
        // Another tone between the two changes nothing.
        let between = tone(700, at: 1000, for: 200, isQuietAfter: false)
        #expect(meanings([tones[0], between, tones[1]])[2] == .calling(isRepeated: isRepeated))
    }

    @Test(
        "Three of half a second with as long pauses are busy, four of a quarter reorder; nothing else is",
        arguments: [
            (300, 300, 3, .busy), (650, 700, 3, .busy), (299, 300, 3, nil), (651, 500, 3, nil), (500, 299, 3, nil),
            (500, 701, 3, nil), (140, 140, 4, .reorder), (320, 280, 4, .reorder), (250, 340, 4, .reorder),
            (139, 200, 4, nil), (321, 280, 4, nil), (250, 139, 4, nil), (250, 341, 4, nil),
        ] as [(Int, Int, Int, ToneJudge.Meaning?)])
    func cadence(_ length: Int, _ pause: Int, _ count: Int, _ meaning: ToneJudge.Meaning?) {
        #expect(
            meanings(cycles(425, length, pause, count: count)) == Array(repeating: nil, count: count - 1) + [meaning])
    }

    @Test(
        "A long tone is ringback, and so are two short ones close together",
        arguments: [
            (700, 0, 1, true), (699, 0, 1, false), (2400, 0, 1, true), (2401, 0, 1, false), (300, 140, 2, true),
            (500, 260, 2, true), (299, 200, 2, false), (501, 200, 2, false), (400, 139, 2, false),
            (400, 261, 2, false),
        ])
    func ringback(_ length: Int, _ pause: Int, _ count: Int, _ rings: Bool) {
        #expect(meanings(cycles(425, length, pause, count: count)).last == .some(rings ? .ringback : nil))
    }

    @Test(
        "The network's are of some pitches, single and in pairs",
        arguments: [
            (380, nil, true), (379, nil, false), (500, nil, true), (501, nil, false), (620, 480, true),
            (645, 505, true), (646, 480, false), (620, 506, false), (480, 440, true), (450, 400, true),
            (440, 350, true), (620, 350, false), (900, 480, false),
        ] as [(Float, Float?, Bool)])
    func supervisory(_ hertz: Float, _ second: Float?, _ isOne: Bool) {
        let found = meanings([tone(hertz, for: 1000, with: second)])
        #expect((found == [.ringback]) == isOne)
        #expect(meanings([tone(hertz, for: 1000, with: second, isQuietAfter: false)]) == [isOne ? .ringback : nil])
    }

    @Test("Who has spoken is not rung for, unless it rang already; a tone after speech is a beep")
    func spoken() {
        let long = tone(440, for: 1000), later = tone(440, at: 5000, for: 1000), last = tone(440, at: 10_000, for: 1000)
        var judge = ToneJudge()
        #expect(judge.observe(long, hasSpoken: true) == .beep)
        judge = ToneJudge()
        #expect(judge.observe(long, hasSpoken: false) == .ringback)
        #expect(judge.observe(later, hasSpoken: true) == .ringback, "what talks in between may be the network")
        judge.spoken()
        #expect(judge.observe(last, hasSpoken: true) == .beep)
        // Of the network's pitch and no cadence, it is nobody's while nobody has spoken.
        #expect(meanings([tone(440, for: 200)]) == [nil])
        #expect(meanings([tone(440, for: 200)], hasSpoken: true) == [.beep])
    }

    @Test("A beep is one steady tone of a machine's pitch and length, and quiet after it")
    func beep() {
        #expect(meanings([tone(1000, for: 300)]) == [.beep])
        for (hertz, isOne) in [(345, true), (344, false), (2205, true), (2206, false)] as [(Float, Bool)] {
            #expect(meanings([tone(hertz, for: 300)]) == [isOne ? .beep : nil], "\(hertz) Hz")
        }
        for (length, isOne) in [(135, true), (134, false), (5000, true), (5001, false)] {
            #expect(meanings([tone(1000, for: length)]) == [isOne ? .beep : nil], "\(length) ms")
        }
        for (hertz, decibels, isOne) in [(5.9, 1.4, true), (6, 0, false), (0, 1.5, false)] as [(Float, Float, Bool)] {
            let unsteady = tone(1000, for: 300, hertzSpread: hertz, decibelSpread: decibels)
            #expect(meanings([unsteady]) == [isOne ? .beep : nil], "\(hertz) Hz, \(decibels) dB")
        }
        #expect(meanings([tone(1000, for: 300, isQuietAfter: false)]) == [nil])
        #expect(meanings([tone(1500, for: 300, with: 1000)]) == [nil])
    }

    @Test("After another note, as loud, it is a melody's")
    func melody() {
        func follows(_ note: ToneSegment, after pause: Int = 500, hertz: Float = 1000) -> ToneJudge.Meaning? {
            meanings([note, tone(hertz, at: note.endMilliseconds + pause, for: 300)])[1]
        }
        let note = tone(800, for: 200)
        #expect(follows(note, after: 999) == nil && follows(note, after: 1000) == .beep)
        #expect(follows(note, hertz: 820) == .beep && follows(note, hertz: 821) == nil)
        #expect(follows(note, hertz: 780) == .beep && follows(note, hertz: 779) == nil)
        #expect(follows(tone(800, for: 200, power: 100_000)) == .beep, "a beep is ten times as loud as music behind it")
        #expect(follows(tone(800, for: 200, power: 100_001)) == nil)
        // What is low, short, unsteady or two is no note.
        #expect(follows(tone(300, for: 200)) == nil && follows(tone(299, for: 200)) == .beep)
        #expect(follows(tone(800, for: 120)) == nil && follows(tone(800, for: 119)) == .beep)
        #expect(follows(tone(800, for: 200, hertzSpread: 1.9)) == nil)
        #expect(follows(tone(800, for: 200, hertzSpread: 2)) == .beep)
        #expect(follows(tone(800, for: 200, decibelSpread: 0.9)) == nil)
        #expect(follows(tone(800, for: 200, decibelSpread: 1)) == .beep)
        #expect(follows(tone(800, for: 200, with: 600)) == .beep)
    }

    @Test("Eight tones are remembered")
    func remembered() {
        // As a melody's note is for as long as it is remembered: others, which are none, come within a second.
        func after(_ others: Int) -> ToneJudge.Meaning? {
            let between = (0..<others).map { tone(700, at: 200 + $0 * 100, for: 50) }
            return meanings([tone(800, for: 200)] + between + [tone(1000, at: 1100, for: 300)]).last ?? nil
        }
        #expect(after(6) == nil && after(7) == .beep)
    }
}
