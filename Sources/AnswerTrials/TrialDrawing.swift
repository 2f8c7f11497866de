import Foundation
import Media

/// Draws trials: who answers, what they say, what lies around it, over which line. Equal seeds give equal trials.
///
/// People and machines are drawn from the same voices and sources, with the same delays, levels and lines, so that none of
/// these tells one from the other; and with the same noises, but that a recording's begins and ends with it, and that carriers
/// record theirs in a studio.
package final class TrialDrawing {
    let set: TrialSet
    let sources: [TrialSource]
    let speech: TrialSpeech
    var random: TrialRandom
    private var number = 0

    /// - Parameter sources: where speech may come from; what is not installed cannot be drawn.
    package init(_ set: TrialSet, seed: UInt64, sources: [TrialSource] = TrialSource.allCases) throws {
        self.set = set
        let available = sources.filter { Self.isAvailable($0, set) }
        self.sources = available
        speech = try TrialSpeech()
        random = TrialRandom(seed)
    }

    static func isAvailable(_ source: TrialSource, _ set: TrialSet) -> Bool {
        let files = FileManager.default
        return switch source {
        case .espeak: files.isExecutableFile(atPath: "/usr/bin/espeak-ng")
        case .flite: files.isExecutableFile(atPath: "/usr/bin/flite")
        case .asterisk: TrialVoices.asterisk(set).allSatisfy { files.fileExists(atPath: $0) }
        case .codec2, .pocketsphinx:
            !TrialVoices.talk(source, set).isEmpty
                && TrialVoices.talk(source, set).allSatisfy { files.fileExists(atPath: $0) }
        case .klettres: TrialVoices.klettres(set).allSatisfy { files.fileExists(atPath: $0) }
        }
    }

    // MARK: A voice

    /// One speaker, for the whole of a trial.
    enum Voice {
        case espeak(name: String, language: String, speed: Int, pitch: Int)
        case flite(name: String, stretch: Double)
        case asterisk(folder: String)
        /// Phrases of a recording.
        case talk(TrialSource, path: String)
        case klettres(folder: String)

        var source: TrialSource {
            switch self {
            case .espeak: .espeak
            case .flite: .flite
            case .asterisk: .asterisk
            case .talk(let source, _): source
            case .klettres: .klettres
            }
        }

        var name: String {
            switch self {
            case .espeak(let name, let language, let speed, _): "\(language)+\(name) \(speed)"
            case .flite(let name, _): name
            case .asterisk(let folder), .klettres(let folder): URL(filePath: folder).lastPathComponent
            case .talk(_, let path): URL(filePath: path).deletingPathExtension().lastPathComponent
            }
        }

        var language: String {
            if case .espeak(_, let language, _, _) = self { return language }
            return "en-us"
        }
    }

    /// Half of all synthesized, as texts vary more than recordings do.
    func voice() -> Voice {
        let source = random.one(of: sources + sources.filter { $0 == .espeak || $0 == .flite || $0 == .asterisk })
        switch source {
        case .espeak:
            let language = random.one(of: TrialTexts.languages)
            let name = random.one(of: TrialVoices.espeak(set))
            return .espeak(name: name, language: language, speed: random.number(130, 215), pitch: random.number(25, 75))
        case .flite:
            return .flite(name: random.one(of: TrialVoices.flite(set)), stretch: random.number(0.8, 1.25))
        case .asterisk: return .asterisk(folder: random.one(of: TrialVoices.asterisk(set)))
        case .codec2, .pocketsphinx: return .talk(source, path: random.one(of: TrialVoices.talk(source, set)))
        case .klettres: return .klettres(folder: random.one(of: TrialVoices.klettres(set)))
        }
    }

    /// Says a text, if the voice can.
    func say(_ text: String, _ voice: Voice) throws -> [Int16]? {
        switch voice {
        case .espeak(let name, let language, let speed, let pitch):
            try speech.espeak(text, voice: "\(language)+\(name)", speed: speed, pitch: pitch)
        case .flite(let name, let stretch): try speech.flite(text, voice: name, stretch: stretch)
        default: nil
        }
    }

    /// A stretch of what a recorded voice says, of about this length.
    func stretch(_ voice: Voice, milliseconds: ClosedRange<Int>) -> [Int16]? {
        switch voice {
        case .asterisk(let folder): return prompt(in: folder, milliseconds: milliseconds)
        case .klettres(let folder): return pieces(of: folder, milliseconds: milliseconds)
        case .talk(_, let path):
            let phrases = TrialSound.phrases(speech.file(path)).filter { $0.count >= 8 * 200 }
            guard !phrases.isEmpty else { return nil }
            // From one phrase on, as many as fit; the last is cut where none does.
            let wanted = random.number(milliseconds.lowerBound, milliseconds.upperBound) * 8
            let start = random.number(0, phrases.count - 1)
            var samples: [Int16] = []
            for phrase in phrases[start...] {
                if !samples.isEmpty { samples += TrialSound.silence(random.number(200, 500)) }
                samples += phrase
                if samples.count >= wanted { break }
            }
            guard samples.count >= milliseconds.lowerBound * 8 else { return nil }
            return Array(samples.prefix(milliseconds.upperBound * 8))
        default: return nil
        }
    }

    private func prompt(in folder: String, milliseconds: ClosedRange<Int>) -> [Int16]? {
        let files = Self.files(in: folder, suffix: ".wav")
        guard !files.isEmpty else { return nil }
        for _ in 0..<60 {
            let samples = speech.file(random.one(of: files))
            if milliseconds.contains(samples.count / 8) { return samples }
        }
        return nil
    }

    private func pieces(of folder: String, milliseconds: ClosedRange<Int>) -> [Int16]? {
        let files = Self.files(in: folder, suffix: ".ogg")
        guard !files.isEmpty else { return nil }
        var samples: [Int16] = []
        let wanted = random.number(milliseconds.lowerBound, milliseconds.upperBound) * 8
        for _ in 0..<40 {
            // Some of these files are two seconds long, with noise around a letter of half a second.
            let piece = TrialSound.trimmed(speech.file(random.one(of: files)), decibels: 20, margin: 2)
            guard piece.count > 8 * 120 else { continue }
            if samples.count + piece.count > milliseconds.upperBound * 8 { break }
            if !samples.isEmpty { samples += TrialSound.silence(random.number(20, 160)) }
            samples += TrialSound.leveled(piece, decibels: -20)
            if samples.count >= wanted { break }
        }
        return samples.count >= milliseconds.lowerBound * 8 ? samples : nil
    }

    nonisolated(unsafe) private static var listed: [String: [String]] = [:]

    private static func files(in folder: String, suffix: String) -> [String] {
        if let known = listed[folder] { return known }
        let names = (FileManager.default.enumerator(atPath: folder)?.allObjects as? [String] ?? []).sorted()
        let found = names.filter {
            $0.hasSuffix(suffix) && !$0.contains("silence") && !$0.contains("beep") && !$0.contains("tone")
                && !$0.contains("monkeys") && !$0.contains("weasels")
        }
        listed[folder] = found.map { folder + "/" + $0 }
        return listed[folder] ?? []
    }

    // MARK: Around it

    /// The share of people, and of machines, who begin only after seconds.
    static let late = 0.1

    /// From the answer to the first sound: half a second or so, seldom more than two.
    func delay() -> Int {
        min(2500, max(60, Int(550 * exp(0.6 * random.normal()))))
    }

    /// Puts speech into its noise and brings all to its level. In a third nothing is behind it that telephones let through.
    ///
    /// - Parameters:
    ///   - isGated: noise only around the speech, as of a recording, or of a sender that is silent in pauses.
    ///   - isStudio: a studio's recording, with nothing behind it or next to nothing.
    func surround(_ samples: inout [Int16], isGated: Bool, isStudio: Bool = false) -> String {
        let level = random.number(-35.0, -12.0)
        samples = TrialSound.leveled(samples, decibels: level)
        let speech = 32_768 * pow(10, level / 20)
        let milliseconds = samples.count / 8
        var noise: [Int16]
        let decibels: Double
        let name: String
        switch isStudio ? random.number(0, 0.25) : random.share() {
        case ..<0.15: return "nothing behind"
        case ..<0.35:
            noise = TrialSound.noise(.white, milliseconds: milliseconds, &random)
            decibels = random.number(38.0, 60.0)
            name = "quiet line"
        case ..<0.75:
            let kind = random.one(of: TrialSound.Noise.allCases)
            noise = TrialSound.noise(kind, milliseconds: milliseconds, &random)
            decibels = random.number(5.0, 30.0)
            name = "\(kind.rawValue) noise \(Int(decibels)) dB"
        case ..<0.88:
            noise = bed(milliseconds, isMusic: true)
            decibels = random.number(12.0, 28.0)
            name = "music \(Int(decibels)) dB"
        default:
            noise = bed(milliseconds, isMusic: false)
            decibels = random.number(12.0, 28.0)
            name = "television \(Int(decibels)) dB"
        }
        let loudness = TrialSound.loudness(noise)
        if loudness > 0 { noise = TrialSound.scaled(noise, by: speech * pow(10, -decibels / 20) / loudness) }
        if isGated { gate(&noise, around: samples) }
        TrialSound.add(noise, to: &samples)
        return name
    }

    /// Half of all lines hum or hiss a little themselves, whoever is at their end.
    func passLine(_ samples: inout [Int16], loudness: Double) {
        guard random.chance(0.5) else { return }
        let noise = TrialSound.noise(random.one(of: [.white, .hum]), milliseconds: samples.count / 8, &random)
        let decibels = random.number(28.0, 55.0)
        TrialSound.add(
            TrialSound.scaled(noise, by: loudness * pow(10, -decibels / 20) / TrialSound.loudness(noise)), to: &samples)
    }

    private func gate(_ noise: inout [Int16], around samples: [Int16]) {
        let powers = TrialSound.powers(samples)
        guard let most = powers.max() else { return }
        let loud = powers.map { $0 > most / 1000 }
        for index in loud.indices {
            let near = max(0, index - 10)...min(loud.count - 1, index + 15)
            guard !loud[near].contains(true) else { continue }
            for sample in index * 160..<min(noise.count, (index + 1) * 160) { noise[sample] = 0 }
        }
    }

    private func bed(_ milliseconds: Int, isMusic: Bool) -> [Int16] {
        if isMusic {
            let track = speech.file(random.one(of: TrialVoices.music(set)))
            guard track.count > milliseconds * 8, random.chance(0.7) else {
                return TrialSound.melody(milliseconds: milliseconds, &random)
            }
            let start = random.number(0, track.count - milliseconds * 8)
            return Array(track[start..<start + milliseconds * 8])
        }
        var samples: [Int16] = []
        for _ in 0..<40 where samples.count < milliseconds * 8 {
            let voice = voice()
            let text = random.one(of: TrialTexts.personalMachines(voice.language, set))
            guard let said = (try? say(text, voice)) ?? stretch(voice, milliseconds: 2000...9000) else { continue }
            samples += TrialSound.leveled(said, decibels: random.number(-24.0, -18.0))
            samples += TrialSound.silence(random.number(50, 700))
        }
        if samples.count < milliseconds * 8 { samples += TrialSound.silence(milliseconds - samples.count / 8) }
        return Array(samples.prefix(milliseconds * 8))
    }

    func line() -> TrialLine {
        TrialLine(
            law: random.chance(0.5) ? .pcmu : .pcma, loss: random.chance(0.5) ? 0 : random.number(0.0, 0.05),
            seed: random.next())
    }

    func name(_ kind: String, _ voice: String, _ around: String) -> String {
        number += 1
        return "\(set.rawValue) \(number): \(kind), \(voice), \(around)"
    }
}
