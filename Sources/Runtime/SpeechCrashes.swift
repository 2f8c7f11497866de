package import Logging
package import Media
import NIOCore
import Synchronization

/// Programs that ended while they spoke: counted, and said in the log once a minute, as whoever's texts do that may send
/// many.
package final class SpeechCrashes: Sendable {
    private static let pause = TimeAmount.minutes(1)

    private struct State {
        var spoken = 0
        var unspoken = 0
        var unsaid = 0
        var sayAgain: NIODeadline?
    }

    private let state = Mutex(State())
    private let logger: Logger

    package init(logger: Logger) {
        self.logger = logger
    }

    package var counts: (spoken: Int, unspoken: Int) { state.withLock { ($0.spoken, $0.unspoken) } }

    package func take(_ crash: SpeechCrash) { take(crash, now: .now()) }

    func take(_ crash: SpeechCrash, now: NIODeadline) {
        let unsaid: Int? = state.withLock { state in
            if crash.isSpoken { state.spoken += 1 } else { state.unspoken += 1 }
            if let again = state.sayAgain, now < again {
                state.unsaid += 1
                return nil
            }
            defer { state.unsaid = 0 }
            state.sayAgain = now + Self.pause
            return state.unsaid
        }
        guard let unsaid else { return }
        let others = unsaid == 0 ? "" : " (and \(unsaid) more since this was said last)"
        logger.error("speech: \(crash)\(others)")
    }
}
