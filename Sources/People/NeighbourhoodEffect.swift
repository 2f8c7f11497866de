package import SDP
package import SIP

/// What a neighbourhood wants done.
package enum NeighbourhoodEffect: Equatable, Sendable {
    case send([UInt8], to: TransportAddress)
    /// Binds an RTP port; `mediaOpened` or `mediaOpenFailed` is owed.
    case openMedia(SessionID, port: UInt16)
    case connectMedia(SessionID, AudioAgreement)
    case say(SessionID, String)
    case press(SessionID, String)
    /// `mediaClosed` is owed.
    case closeMedia(SessionID)

    // MARK: For logs

    /// `callID` is the SIP Call-ID.
    case called(SessionID, number: String, callID: String)
    case answered(SessionID, number: String)
    /// The call is over; what the person heard being pressed.
    case left(SessionID, number: String, digitsHeard: String)
}
