internal import Glibc

/// Tells speech from quiet by the level of 20 ms frames: so much above the threshold begins it, so much below ends it.
struct VoiceActivityDetector {
    enum Change: Equatable {
        case started(decibels: Double)
        case ended(milliseconds: Int, decibels: Double)
    }

    private let observation: SpeechObservation
    private let threshold: Double
    private var isSpeaking = false
    /// Of the present stretch: frames, and those of them above the threshold with their energy.
    private var frames = 0
    private var voiced = 0
    private var energy = 0.0
    private var quiet = 0

    init(_ observation: SpeechObservation) {
        self.observation = observation
        let power = pow(10, max(-90, min(0, observation.thresholdDecibels)) / 10)
        threshold = power * 32_768 * 32_768
    }

    mutating func feed(_ frame: UnsafeBufferPointer<Int16>) -> Change? {
        // Safe: the frame is read and not kept.
        unsafe feed(meanSquare: SignalLevel.meanSquare(frame))
    }

    /// - Parameter meanSquare: of a frame; 0 for silence.
    mutating func feed(meanSquare: Double) -> Change? {
        if meanSquare > threshold {
            quiet = 0
            voiced += 1
            energy += meanSquare
            frames += 1
            guard !isSpeaking, voiced * MediaFrame.milliseconds >= observation.startMilliseconds else { return nil }
            isSpeaking = true
            return .started(decibels: level)
        }
        quiet += 1
        frames += 1
        guard isSpeaking else {
            // A click is forgotten after two quiet frames.
            if quiet >= 2 { forget() }
            return nil
        }
        guard quiet * MediaFrame.milliseconds >= observation.endMilliseconds else { return nil }
        defer { forget() }
        return .ended(milliseconds: (frames - quiet) * MediaFrame.milliseconds, decibels: level)
    }

    private var level: Double { SignalLevel.decibels(meanSquare: energy / Double(max(1, voiced))) }

    private mutating func forget() {
        isSpeaking = false
        frames = 0
        voiced = 0
        energy = 0
        quiet = 0
    }
}
