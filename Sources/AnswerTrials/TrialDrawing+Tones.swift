import Foundation

/// Faxes, information tones, and what must be taken for neither.
extension TrialDrawing {
    package func fax() -> Trial {
        let kind: String
        var samples: [Int16]
        switch random.share() {
        case ..<0.4:
            kind = "T.30 session"
            samples = TrialModems.session(milliseconds: 9000)
        case ..<0.55:
            kind = "CED"
            samples = TrialModems.answerTone(hasReversals: false, isModulated: false, milliseconds: 4000)
        case ..<0.7:
            kind = "CED with phase reversals"
            samples = TrialModems.answerTone(hasReversals: true, isModulated: false, milliseconds: 4000)
        case ..<0.8:
            kind = "ANSam"
            samples = TrialModems.answerTone(hasReversals: false, isModulated: true, milliseconds: 4000)
        case ..<0.9:
            kind = "ANSam with phase reversals"
            samples = TrialModems.answerTone(hasReversals: true, isModulated: true, milliseconds: 4000)
        default:
            kind = "V.21 preamble alone"
            // What follows the answer tone and the pause after it.
            samples = TrialModems.preamble()
        }
        let delay = random.number(200, 3000)
        samples = TrialSound.silence(delay) + samples + TrialSound.silence(1000)
        let around = surroundTone(&samples)
        return Trial(
            name: name(kind, "spandsp", around), label: .fax, kind: kind, source: "spandsp", samples: samples,
            firstSoundMilliseconds: delay, line: line())
    }

    package func information() throws -> Trial {
        // ITU-T E.180 and North America's four.
        let low = [913.8, 985.2, 950.0]
        let middle = [1370.6, 1428.5, 1400.0]
        let lengths = [274, 330, 380]
        let delay = random.number(100, 2000)
        let level = random.number(-24.0, -12.0)
        var samples = TrialSound.silence(delay)
        samples += TrialSound.tone([random.one(of: low)], milliseconds: random.one(of: lengths), decibels: level)
        samples += TrialSound.silence(random.number(0, 30))
        samples += TrialSound.tone([random.one(of: middle)], milliseconds: random.one(of: lengths), decibels: level)
        samples += TrialSound.silence(random.number(0, 30))
        samples += TrialSound.tone(
            [random.one(of: [1776.7, 1800])], milliseconds: random.one(of: lengths), decibels: level)
        samples += TrialSound.silence(random.number(100, 800))
        let voice = voice()
        if let said = try say(random.one(of: TrialTexts.carrierMachines(voice.language, set)), voice) {
            samples += TrialSound.leveled(said, decibels: level)
        }
        let around = surroundTone(&samples)
        return Trial(
            name: name("information tone", voice.name, around), label: .information, kind: "information tone",
            source: "generated", samples: samples, firstSoundMilliseconds: delay, line: line())
    }

    package func other() throws -> Trial {
        let kind: String
        var samples = TrialSound.silence(random.number(60, 800))
        let start = samples.count / 8
        switch random.share() {
        case ..<0.35:
            kind = "music"
            let music = speech.file(random.one(of: TrialVoices.music(set)))
            if music.count > 8 * 20_000, random.chance(0.6) {
                let from = random.number(0, music.count - 8 * 15_000)
                samples += TrialSound.leveled(Array(music[from..<from + 8 * 15_000]), decibels: -20)
            } else {
                samples += TrialSound.melody(milliseconds: 15_000, &random)
            }
        case ..<0.55:
            kind = "keys pressed"
            let rows = [697.0, 770, 852, 941]
            let columns = [1209.0, 1336, 1477, 1633]
            for _ in 0..<random.number(3, 12) {
                let length = random.number(60, 800)
                samples += TrialSound.tone(
                    [random.one(of: rows), random.one(of: columns)], milliseconds: length, decibels: -15)
                samples += TrialSound.silence(random.number(60, 700))
            }
        case ..<0.7:
            kind = "ringback"
            let tones = random.one(of: [[440.0, 480.0], [425.0], [400.0, 450.0]])
            for _ in 0..<3 {
                samples += TrialSound.tone(tones, milliseconds: random.one(of: [1000, 2000]), decibels: -22)
                samples += TrialSound.silence(random.one(of: [3000, 4000]))
            }
        case ..<0.85:
            kind = "busy"
            let tones = random.one(of: [[480.0, 620.0], [425.0], [400.0]])
            let length = random.one(of: [375, 480, 500])
            for _ in 0..<10 {
                samples += TrialSound.tone(tones, milliseconds: length, decibels: -22) + TrialSound.silence(length)
            }
        default:
            kind = "reorder"
            let tones = random.one(of: [[480.0, 620.0], [425.0]])
            let length = random.one(of: [200, 240, 250])
            for _ in 0..<16 {
                samples += TrialSound.tone(tones, milliseconds: length, decibels: -22) + TrialSound.silence(length)
            }
        }
        let around = surroundTone(&samples)
        return Trial(
            name: name(kind, "generated", around), label: .other, kind: kind, source: "generated", samples: samples,
            firstSoundMilliseconds: start, line: line())
    }

    private func surroundTone(_ samples: inout [Int16]) -> String {
        let level = random.number(-35.0, -9.0)
        samples = TrialSound.leveled(samples, decibels: level)
        let decibels = random.number(18.0, 45.0)
        var noise = TrialSound.noise(random.one(of: [.white, .pink]), milliseconds: samples.count / 8, &random)
        noise = TrialSound.scaled(noise, by: 32.768 * pow(10, (level - decibels) / 20))
        TrialSound.add(noise, to: &samples)
        return "noise \(Int(decibels)) dB"
    }
}
