internal import Dispatch

/// Whether the program that speaks does so here, and what keeps it in while it does.
package struct SpeechTrial: Equatable, Sendable {
    package enum Outcome: Equatable, Sendable {
        /// - Parameters:
        ///   - layers: those to use.
        ///   - held: those of them that the kernel granted.
        case speaks(layers: ConfinementLayers, held: ConfinementLayers)
        case isSilent(reason: String)
    }

    package let outcome: Outcome

    /// What to give the program from now on. Where it is silent whatever it is given: everything, for it may be mended.
    package var layers: ConfinementLayers {
        switch outcome {
        case .speaks(let layers, _): layers
        case .isSilent: .all
        }
    }

    /// What an operator should know; nothing where all is as it should be.
    package var remarks: [String] {
        switch outcome {
        case .isSilent(let reason): return ["nothing can be said: \(reason)"]
        case .speaks(let layers, let held):
            let words = held.lacking.joined(separator: ", and ")
            if words.isEmpty { return [] }
            return [
                layers == .all
                    ? "this system does not let the program that speaks be shut in wholly: it could \(words)"
                    : "the program that speaks does so only if it is not shut in wholly: it could \(words)"
            ]
        }
    }

    /// Says a word, shut in wholly; where nothing comes of it that is less shut in, what is asked of it least.
    package static func run(_ program: String = SpeechSynthesizer.Configuration().program) async -> SpeechTrial {
        await withCheckedContinuation { continuation in
            DispatchQueue(label: "belay.media.speech.trial").async {
                continuation.resume(returning: blockingRun(program))
            }
        }
    }

    private static func blockingRun(_ program: String) -> SpeechTrial {
        let key = SpeechCache.Key(
            text: "one", voice: SpeechVoice(language: "en-US").name,
            wordsPerMinute: SpeechRequest(text: "").wordsPerMinute)
        var reasons: [String] = []
        // Everything twice: a moment's trouble is no reason to give up a layer for as long as the server runs.
        for layers: ConfinementLayers in [.all, .all, [.limits, .calls], [.limits, .files], [.limits], []] {
            do {
                let (samples, crash, held) = try SpeakingProgram(path: program, timeoutMilliseconds: 10_000, layers)
                    .speak(key)
                guard crash == nil, !samples.isEmpty else {
                    reasons.append(crash?.reason ?? "\(program) made no sound")
                    continue
                }
                return SpeechTrial(outcome: .speaks(layers: layers, held: held))
            } catch {
                reasons.append("\(error)")
            }
        }
        return SpeechTrial(outcome: .isSilent(reason: reasons.first ?? "\(program) made no sound"))
    }
}
