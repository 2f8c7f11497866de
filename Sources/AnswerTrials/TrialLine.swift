import AnswerDetection
package import Media
import RTP

/// The way of a trial's sound to a detector: G.711, packets of 20 ms, some of them lost, the jitter buffer.
package struct TrialLine: Equatable, Sendable {
    package var law: G711 = .pcmu
    /// Of the packets: 0 to 1.
    package var loss = 0.0
    package var seed: UInt64 = 1

    package init(law: G711 = .pcmu, loss: Double = 0, seed: UInt64 = 1) {
        self.law = law
        self.loss = loss
        self.seed = seed
    }

    /// What is between the far end's first sample and the detector's first frame: the jitter buffer's delay.
    package static let delayMilliseconds = 60

    /// Sends samples and gives what is heard, frame by frame, until `body` says that it has heard enough.
    ///
    /// - Parameter body: gets nil for a frame of which nothing arrived.
    package func carry(_ samples: [Int16], _ body: (UnsafeBufferPointer<Int16>?) -> Bool) {
        var random = TrialRandom(seed)
        var buffer = JitterBuffer()
        let size = AnswerDetector.frame
        var payload = [UInt8](repeating: law.silence, count: size)
        var heard = [UInt8](repeating: law.silence, count: size)
        var frame = [Int16](repeating: 0, count: size)
        var timestamp = RTPTimestamp(1000)
        // The last packets leave the buffer after the last has come.
        for start in stride(from: 0, to: samples.count + 4 * size, by: size) {
            if start < samples.count {
                for index in 0..<size {
                    payload[index] = start + index < samples.count ? law.encode(samples[start + index]) : law.silence
                }
                let isLost = random.share() < loss && start > 0
                if !isLost { buffer.insert(payload.span, timestamp: timestamp) }
            }
            timestamp = timestamp.advanced(by: size)
            var span = heard.mutableSpan
            let absent = buffer.read(into: &span, silence: law.silence)
            let goesOn: Bool
            if absent == size {
                goesOn = body(nil)
            } else {
                for index in 0..<size { frame[index] = law.decode(heard[index]) }
                goesOn = frame.withUnsafeBufferPointer { body($0) }
            }
            guard goesOn else { return }
        }
    }
}
