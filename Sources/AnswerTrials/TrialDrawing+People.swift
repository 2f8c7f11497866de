/// People.
extension TrialDrawing {
    /// How long what is heard goes on after the first sound.
    private static let lengthMilliseconds = 9000

    package func person() throws -> Trial {
        while true {
            if let trial = try attemptPerson() { return trial }
        }
    }

    private func attemptPerson() throws -> Trial? {
        let voice = voice()
        let kind: String
        var said: [Int16]
        switch random.share() {
        case ..<0.34:
            kind = "short hello"
            guard let hello = try hello(voice) else { return nil }
            said = hello
        case ..<0.48:
            kind = "hello again after a while"
            guard let hello = try hello(voice), let again = try self.hello(voice) else { return nil }
            said = hello + TrialSound.silence(random.number(900, 3000)) + again
        case ..<0.64:
            kind = "long hello"
            guard let long = try longHello(voice) else { return nil }
            said = long
        case ..<0.72:
            kind = "hello and a name after a breath"
            guard let hello = try hello(voice), let long = try longHello(voice) else { return nil }
            said = hello + TrialSound.silence(random.number(250, 800)) + long
        case ..<(1 - Self.late):
            kind = "firm's greeting"
            guard let greeting = try firm(voice) else { return nil }
            said = greeting
        default:
            kind = "after a pause"
            guard let hello = try random.chance(0.7) ? hello(voice) : longHello(voice) else { return nil }
            said = hello
        }
        // Who is not answered asks again.
        if random.chance(0.5), let again = try hello(voice) {
            said += TrialSound.silence(random.number(2500, 5000)) + again
        }
        let delay = kind == "after a pause" ? random.number(2500, 6000) : delay()
        var samples = TrialSound.silence(delay) + said
        let rest = delay + Self.lengthMilliseconds - samples.count / 8
        samples += TrialSound.silence(rest)
        samples = Array(samples.prefix((delay + Self.lengthMilliseconds) * 8))
        let around = surround(&samples, isGated: random.chance(0.35))
        if random.chance(0.3) {
            // The way from a telephone is often open only a while after the answer.
            let closed = min(delay - 40, random.number(60, 600)) * 8
            samples.replaceSubrange(..<max(0, closed), with: TrialSound.silence(max(0, closed) / 8))
        }
        passLine(&samples, loudness: TrialSound.loudness(samples))
        return Trial(
            name: name(kind, voice.name, around), label: .human, kind: kind, source: voice.source.rawValue,
            samples: samples, firstSoundMilliseconds: delay, line: line())
    }

    private func hello(_ voice: Voice) throws -> [Int16]? {
        try say(random.one(of: TrialTexts.hellos(voice.language)), voice) ?? stretch(voice, milliseconds: 220...1000)
    }

    private func longHello(_ voice: Voice) throws -> [Int16]? {
        try say(random.one(of: TrialTexts.longHellos(voice.language, set)), voice)
            ?? stretch(voice, milliseconds: 900...2400)
    }

    private func firm(_ voice: Voice) throws -> [Int16]? {
        try say(random.one(of: TrialTexts.firms(voice.language, set)), voice)
            ?? stretch(voice, milliseconds: 1500...3300)
    }
}
