import Telephony

/// What one attempt means for a notification (docs/contract/webhooks.md#notifications, docs/decisions/0016).
enum NotificationVerdict: Hashable, Sendable {
    /// The app has it, whatever it says to it: a 404 is an answer that it means.
    case delivered
    /// The app could not take it just now, or was not reached.
    case retry
    /// It was sent whole and nothing came back: the app may well have it, so that few more tries are right.
    case unanswered
    /// The app is somewhere else, and trying here again leads nowhere.
    case redirected

    init(_ outcome: WebhookOutcome) {
        switch outcome {
        case .answered(let status, _, _), .answerTooLarge(let status): self.init(status: status)
        case .redirected: self = .redirected
        case .failed(let failure):
            // The status has come, and with it all that is wanted of an answer.
            if let status = failure.status {
                self.init(status: status)
            } else {
                self = failure.kind == .unanswered ? .unanswered : .retry
            }
        }
    }

    private init(status: Int) {
        self =
            switch status {
            case 300..<400: .redirected
            // RFC 9110 §15.5.9, RFC 8470 §5.2, RFC 6585 §4: they ask to be tried again.
            case 408, 425, 429: .retry
            // RFC 9110 §15.6.2, §15.6.6: what is not supported will not be in a minute.
            case 501, 505: .delivered
            case 500...: .retry
            default: .delivered
            }
    }
}

/// How a notification's story ended: for the call's log and the metrics.
package enum NotificationEnd: String, Hashable, Sendable, CaseIterable {
    case delivered
    /// Sent whole several times, and never answered.
    case unanswered
    /// Its time for tries is over.
    case givenUp
    /// The answer led elsewhere.
    case redirected
}

/// How long tries of one kind of notification go on.
struct NotificationTerms: Hashable, Sendable {
    let lifetime: Duration
    /// Each pause is so many times the one before it.
    let growth: Int

    /// What became of a dial is news for minutes; afterwards the call's own status tells it. The end of a call or of a
    /// conference, and what was recorded, is wanted by whoever keeps books, as late as it may come.
    init(for requestType: String, _ configuration: ExchangeConfiguration) {
        switch requestType {
        case CallWebhook.callStatus, CallWebhook.record, ConferenceWebhook.conferenceStatus,
            ConferenceWebhook.conferenceRecordingStatus:
            lifetime = configuration.notificationLifetime
            growth = 2
        default:
            lifetime = configuration.dialNewsLifetime
            growth = 3
        }
    }
}
