package import SDP
package import SIP

/// What a neighbourhood wants done.
package enum NeighbourhoodEffect: Equatable, Sendable {
    case send([UInt8], to: TransportAddress)
    /// Binds an RTP port, and prepares what may be uttered; `mediaOpened` or `mediaOpenFailed` is owed.
    case openMedia(SessionID, port: UInt16, preparing: [Utterance])
    case connectMedia(SessionID, AudioAgreement)
    /// `uttered` is owed.
    case utter(SessionID, Utterance)
    /// `pressed` is owed.
    case press(SessionID, String)
    /// What is heard from here on is a message, until it ends or the media is closed.
    case messageBegan(SessionID)
    case messageEnded(SessionID)
    /// `mediaClosed` is owed.
    case closeMedia(SessionID)

    // MARK: For logs

    /// `callID` is the SIP Call-ID.
    case called(SessionID, number: String, callID: String)
    case answered(SessionID, number: String)
    /// What was expected did not come; the person hangs up.
    case missed(SessionID, number: String, Conversation.Step)
    /// The call is over; what the person heard being pressed.
    case left(SessionID, number: String, digitsHeard: String, Parting)
}

/// How a call ended, seen by the person.
package enum Parting: Hashable, Sendable {
    case failed(SessionFailure)
    case ended(SessionEnd)
}

extension NeighbourhoodEffect {
    /// The same about another session.
    func renumbered(_ number: (SessionID) -> SessionID) -> NeighbourhoodEffect {
        switch self {
        case .send: self
        case .openMedia(let id, let port, let utterances): .openMedia(number(id), port: port, preparing: utterances)
        case .connectMedia(let id, let agreement): .connectMedia(number(id), agreement)
        case .utter(let id, let utterance): .utter(number(id), utterance)
        case .press(let id, let digits): .press(number(id), digits)
        case .messageBegan(let id): .messageBegan(number(id))
        case .messageEnded(let id): .messageEnded(number(id))
        case .closeMedia(let id): .closeMedia(number(id))
        case .called(let id, let called, let callID): .called(number(id), number: called, callID: callID)
        case .answered(let id, let called): .answered(number(id), number: called)
        case .missed(let id, let called, let step): .missed(number(id), number: called, step)
        case .left(let id, let called, let digits, let parting):
            .left(number(id), number: called, digitsHeard: digits, parting)
        }
    }
}
