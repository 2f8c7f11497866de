import NIOCore
package import People

/// A call that somebody of the carrier's makes.
package struct CarrierCall: Sendable {
    /// The SIP Call-ID.
    package let callID: String
    /// What the caller heard and said; complete when `end` tells. Not there where nobody picked up.
    package let recording: String
    let over: EventLoopFuture<CarrierCallEnd>

    /// Waits for its end, and that of its recording.
    package func end() async throws -> CarrierCallEnd { try await over.get() }

    /// Tells of its end without waiting; nil where the carrier was stopped before.
    package func whenOver(_ tell: @escaping @Sendable (CarrierCallEnd?) -> Void) {
        over.whenComplete { tell(try? $0.get()) }
    }
}

/// How a call that somebody of the carrier's made ended.
package struct CarrierCallEnd: Hashable, Sendable {
    package var parting: Parting
    /// What was pressed on the other side.
    package var digitsHeard: String

    package var wasAnswered: Bool {
        if case .ended = parting { true } else { false }
    }
}

/// Why no call was made.
package enum CarrierCallFailure: Error, CustomStringConvertible {
    case notRunning
    case noPort

    package var description: String {
        switch self {
        case .notRunning: "the carrier is not running"
        case .noPort: "every RTP port of the carrier is in use"
        }
    }
}
