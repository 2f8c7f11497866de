/// When the peer is held to speak.
package struct SpeechObservation: Equatable, Sendable {
    /// A frame above this level is voice, in dB relative to full scale.
    package var thresholdDecibels: Double
    /// So much voice begins a stretch of speech.
    package var startMilliseconds: Int
    /// So much quiet ends it.
    package var endMilliseconds: Int

    package init(thresholdDecibels: Double = -42, startMilliseconds: Int = 60, endMilliseconds: Int = 500) {
        self.thresholdDecibels = thresholdDecibels
        self.startMilliseconds = startMilliseconds
        self.endMilliseconds = endMilliseconds
    }
}
