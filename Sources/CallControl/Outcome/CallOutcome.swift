package import SIP
package import Telephony

/// How a call ended: its terminal status, the reason that callStatus gives, and a sentence for the log.
package struct CallOutcome: Hashable, Sendable {
    package var status: CallStatus
    package var reason: CallEndedReason
    package var explanation: String

    package init(_ status: CallStatus, _ reason: CallEndedReason, _ explanation: String) {
        self.status = status
        self.reason = reason
        self.explanation = explanation
    }
}

/// What a call that was not answered comes to: a table that is total over 300 to 699 and the timers
/// (docs/contract/calls.md#outcomes).
package enum OutcomeTable {
    /// Of an INVITE of ours that came to no answer, for whatever reason.
    package static func outcome(of failure: SessionFailure) -> CallOutcome {
        switch failure {
        case .response(let code, let reason):
            outcome(of: code, reasonPhrase: reason)
        case .timedOut:
            CallOutcome(.failed, .failed, "no response to the INVITE at all")
        case .transportFailed(let explanation):
            CallOutcome(.failed, .failed, "the INVITE could not be sent: \(explanation)")
        case .canceled:
            CallOutcome(.canceled, .callCanceled, "canceled before it was answered")
        case .canceledByPeer:
            CallOutcome(.failed, .failed, "the far end hung up, and its answer never came")
        case .expired:
            CallOutcome(.failed, .failed, "the invitation ran out")
        case .rejected(let code):
            CallOutcome(.failed, .failed, "refused with \(code.rawValue)")
        case .protocolError(let explanation):
            CallOutcome(.failed, .failed, "the far end's answer was unusable: \(explanation)")
        }
    }

    /// Every final response but 2xx.
    static func outcome(of code: StatusCode, reasonPhrase: String) -> CallOutcome {
        let heard = "the far end answered \(code.rawValue) \(reasonPhrase)"
        return switch code.rawValue {
        // Busy Here, Busy Everywhere, Decline: somebody is there and does not take the call.
        case 486, 600, 603: CallOutcome(.busy, .busy, heard)
        // Request Timeout, Temporarily Unavailable: it rang, or nobody was there to ring.
        case 408, 480: CallOutcome(.noAnswer, .noAnswer, heard)
        // Somewhere else: no trunk's redirections are followed.
        case 300...399:
            CallOutcome(.failed, .failed, heard + "; redirections are not followed on this trunk")
        default: CallOutcome(.failed, .failed, heard)
        }
    }

    package static let ringTimeout = CallOutcome(.noAnswer, .noAnswer, "nobody answered within the timeout")
}
