import Foundation

/// Answering machines.
extension TrialDrawing {
    private static let longestMilliseconds = 20_000
    private static let afterMilliseconds = 3000

    package func machine() throws -> Trial {
        while true {
            if let trial = try attemptMachine() { return trial }
        }
    }

    private func attemptMachine() throws -> Trial? {
        let voice = voice()
        let kind: String
        let said: [Int16]?
        var hasBeep = true
        switch random.share() {
        case ..<0.12:
            kind = "short greeting"
            said =
                try say(random.one(of: TrialTexts.shortMachines(voice.language, set)), voice)
                ?? stretch(voice, milliseconds: 900...2500)
        case ..<0.50:
            kind = "personal greeting"
            said =
                try say(random.one(of: TrialTexts.personalMachines(voice.language, set)), voice)
                ?? stretch(voice, milliseconds: 3500...8000)
        case ..<0.65:
            kind = "long greeting"
            let one = random.one(of: TrialTexts.personalMachines(voice.language, set))
            let other = random.one(of: TrialTexts.carrierMachines(voice.language, set))
            said = try say(one + " " + other, voice) ?? stretch(voice, milliseconds: 7000...16_000)
        default:
            kind = "carrier's voicemail"
            said = try carrier(voice)
            hasBeep = random.chance(0.75)
        }
        guard let said, said.count > 8 * 500 else { return nil }
        let delay = random.chance(Self.late) ? random.number(2500, 6000) : delay()
        let isStudio = kind == "carrier's voicemail"
        // Who records a greeting does not begin and end with a word.
        let lead = isStudio ? random.number(0, 100) : min(delay - 40, random.number(20, 700))
        var greeting = TrialSound.silence(lead)
        greeting += TrialSound.leveled(said, decibels: -20).prefix(Self.longestMilliseconds * 8)
        greeting += TrialSound.silence(random.number(0, isStudio ? 200 : 900))
        // What is behind a greeting was recorded with it: it comes and goes with it. The line's own noise stays.
        let around = surround(&greeting, isGated: random.chance(0.35), isStudio: isStudio)
        let loudness = TrialSound.loudness(greeting)
        var samples = TrialSound.silence(delay - lead) + greeting
        var beeps: [Int] = []
        if hasBeep {
            samples += TrialSound.silence(random.number(60, 900))
            // Not 2100 Hz, which is a fax' answer.
            let hertz = random.one(of: [425, 440, 480, 850, 1000, 1004, 1400, 2000, random.number(360.0, 2070.0)])
            let tone = TrialSound.tone([hertz], milliseconds: random.number(150, 1200), decibels: -20)
            let factor = loudness / TrialSound.loudness(tone) * pow(10, random.number(-6.0, 4.0) / 20)
            samples += TrialSound.scaled(tone, by: factor)
            beeps.append(samples.count / 8)
        }
        samples += TrialSound.silence(Self.afterMilliseconds)
        passLine(&samples, loudness: loudness)
        return Trial(
            name: name(kind, voice.name, around), label: .machine, kind: kind, source: voice.source.rawValue,
            samples: samples, firstSoundMilliseconds: delay, beepEnds: beeps, line: line())
    }

    private func carrier(_ voice: Voice) throws -> [Int16]? {
        if let said = try say(random.one(of: TrialTexts.carrierMachines(voice.language, set)), voice) { return said }
        guard case .asterisk(let folder) = voice else { return stretch(voice, milliseconds: 3500...9000) }
        let digits = (0..<random.number(3, 5)).map { _ in "digits/\(random.number(0, 9))" }
        let prompts = random.one(of: [
            ["vm-theperson"] + digits + ["vm-isunavail", "vm-intro"],
            ["vm-theperson"] + digits + ["vm-isonphone", "vm-intro"],
            ["vm-theperson"] + digits + ["vm-isunavail", "vm-mailboxfull"],
            ["vm-nobodyavail", "vm-intro"], ["vm-nobodyavail", "vm-mailboxfull"], ["vm-intro"],
            ["privacy-unident"], ["vm-rec-name"], ["priv-recordintro"], ["cannot-complete-as-dialed"],
            ["all-circuits-busy-now", "pls-try-call-later"], ["ss-noservice"], ["pbx-invalid"],
            ["im-sorry", "vm-nobodyavail"],
        ])
        var samples: [Int16] = []
        for prompt in prompts {
            let piece = speech.file("\(folder)/\(prompt).wav")
            guard !piece.isEmpty else { return nil }
            if !samples.isEmpty { samples += TrialSound.silence(random.number(20, 250)) }
            samples += piece
        }
        return samples
    }
}
