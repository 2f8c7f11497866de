package import AnswerDetection
import Foundation
import Telephony

/// The processor time that a detector takes for a frame, in microseconds.
package struct TrialPace {
    /// While it judges a greeting that it is never sure of.
    package let judging: Double
    /// When only beeps are looked for.
    package let afterVerdict: Double

    package init(method: AnswerDetectionConfiguration.Method, frames: Int, sound: [Int16]) {
        judging = Self.measure(method, frames, sound, isJudging: true)
        afterVerdict = Self.measure(method, frames, sound, isJudging: false)
    }

    /// Bursts of noise and tones like talk: 5 s.
    package static func sound() -> [Int16] {
        var random = TrialRandom(7)
        var samples = TrialSound.noise(.pink, milliseconds: 5000, &random)
        for start in stride(from: 0, to: samples.count - 4000, by: 4800) {
            TrialSound.add(
                TrialSound.tone([140, 280, 420, 700, 1200], milliseconds: 350, decibels: -24), to: &samples, at: start)
        }
        return samples
    }

    private static func measure(
        _ method: AnswerDetectionConfiguration.Method, _ frames: Int, _ sound: [Int16], isJudging: Bool
    ) -> Double {
        let size = AnswerDetector.frame
        let perPass = sound.count / size
        var seconds = 0.0
        var done = 0
        var findings: [AnswerFinding] = []
        sound.withUnsafeBufferPointer { sound in
            while done < frames {
                let configuration = AnswerDetectionConfiguration(method: method, longestSoundMilliseconds: 1_000_000)
                // A model that is as big as the real one, and never sure.
                let detector = AnswerDetector(
                    configuration: configuration, model: isJudging ? GreetingModel.trained.neverSure : nil)
                if !isJudging {
                    // It has decided before the measuring begins.
                    let silence = [Int16](repeating: 0, count: size)
                    for frame in 0..<perPass * 3 where detector.verdict == nil {
                        detector.observe(
                            UnsafeBufferPointer(rebasing: sound[frame % perPass * size..<(frame % perPass + 1) * size]),
                            into: &findings)
                    }
                    for _ in 0..<200 where detector.verdict == nil {
                        silence.withUnsafeBufferPointer { detector.observe($0, into: &findings) }
                    }
                }
                let start = processorSeconds()
                for frame in 0..<perPass {
                    detector.observe(
                        UnsafeBufferPointer(rebasing: sound[frame * size..<(frame + 1) * size]), into: &findings)
                }
                seconds += processorSeconds() - start
                done += perPass
            }
        }
        return seconds / Double(done) * 1e6
    }

    private static func processorSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
