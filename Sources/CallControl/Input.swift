package import JSON
package import SIP
package import Telephony

/// What happened, as the shell tells it.
package enum Input: Hashable, Sendable {
    // MARK: From the API
    case makeCall(ReplyToken, CallRequest)
    case updateCall(ReplyToken, CallID, AccountID, CallUpdate, RequestID)
    // MARK: From the network
    case datagramReceived([UInt8], from: TransportAddress)
    case sendFailed(to: TransportAddress)
    // MARK: From storage
    case committed(CommitToken)
    case commitFailed(CommitToken)
    // MARK: From webhooks
    case webhookFinished(EventID, WebhookOutcome, milliseconds: Int)
    // MARK: From media
    case mediaOpened(MediaHandle)
    case mediaOpenFailed(MediaHandle, explanation: String)
    case playbackEnded(MediaHandle, PlaybackID, PlaybackResult)
    case digitsSent(MediaHandle)
    case digitReceived(MediaHandle, Character, milliseconds: Int)
    case peerMoved(MediaHandle, from: String, to: String)
    case peerSilent(MediaHandle)
    case mediaClosed(MediaHandle, figures: [String: JSONValue])
    // MARK: From the clock
    case timersDue
    // MARK: From the operator
    /// No new calls from here on.
    case drain
    /// Ends every call that is left.
    case hangUpAll
}
