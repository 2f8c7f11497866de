import AnswerDetection
import AnswerTrials
import Foundation
import Telephony

/// Sound for detectors, and what they say of it.
enum Listening {
    static func tone(_ frequencies: [Double], milliseconds: Int, decibels: Double = -15) -> [Int16] {
        TrialSignals.tone(frequencies, milliseconds: milliseconds, decibels: decibels)
    }

    static func silence(_ milliseconds: Int) -> [Int16] {
        [Int16](repeating: 0, count: milliseconds * 8)
    }

    /// Everything that a detector finds in these samples.
    static func findings(
        _ samples: [Int16], _ method: AnswerDetectionConfiguration.Method = .model
    ) -> [AnswerFinding] {
        let detector = AnswerDetector(configuration: AnswerDetectionConfiguration(method: method))
        return findings(samples, by: detector)
    }

    static func findings(_ samples: [Int16], by detector: AnswerDetector) -> [AnswerFinding] {
        var findings: [AnswerFinding] = []
        samples.withUnsafeBufferPointer { samples in
            for start in stride(from: 0, to: samples.count, by: AnswerDetector.frame) {
                let end = min(start + AnswerDetector.frame, samples.count)
                detector.observe(UnsafeBufferPointer(rebasing: samples[start..<end]), into: &findings)
            }
        }
        return findings
    }

    static func verdict(_ findings: [AnswerFinding]) -> AnswerVerdict? {
        let verdicts = findings.compactMap { if case .verdict(let verdict) = $0 { verdict } else { nil } }
        return verdicts.count == 1 ? verdicts[0] : nil
    }

    static func beeps(_ findings: [AnswerFinding]) -> [AnswerBeep] {
        findings.compactMap { if case .beepEnded(let beep) = $0 { beep } else { nil } }
    }

    static func tones(_ findings: [AnswerFinding]) -> [AnswerTone] {
        findings.compactMap { if case .tone(let tone, _) = $0 { tone } else { nil } }
    }

    /// Something like talk: a voice of changing pitch in syllables, with a pause after every fourth.
    static func talk(milliseconds: Int) -> [Int16] {
        var samples: [Int16] = []
        var phase = 0.0
        var syllable = 0
        while samples.count < milliseconds * 8 {
            let length = 8 * (110 + syllable * 37 % 90)
            for index in 0..<length {
                let place = Double(index) / Double(length)
                let pitch = 130 + 30 * sin(Double(syllable)) + 25 * place
                phase += 2 * .pi * pitch / 8000
                let formant = 500 + 350 * sin(Double(syllable) * 1.7)
                var value = 0.0
                for harmonic in 1...18 {
                    let distance = (Double(harmonic) * pitch - formant) / 300
                    value += sin(Double(harmonic) * phase) * (exp(-distance * distance) + 0.15 / Double(harmonic))
                }
                samples.append(Int16(max(-32_000, min(32_000, value * 4000 * sin(.pi * place)))))
            }
            syllable += 1
            samples += silence(syllable % 4 == 0 ? 130 : 30)
        }
        return Array(samples.prefix(milliseconds * 8))
    }
}
