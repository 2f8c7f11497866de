import CallControl
import JSON
import Logging
import SIP
import Storage
import Telephony

/// Calls that were turned away: an operator who attaches a carrier, and a customer whose number does not ring, find out
/// why.
extension CallLoop {
    func tell(_ refusal: InboundRefusal, _ inLog: Bool, _ inAccountLog: Bool) {
        counters.refused(refusal.reason)
        if inLog { logger.warning("\(refusal.words)", metadata: refusal.logMetadata) }
        if inAccountLog, let number = refusal.number, case .owned(let owned, _) = numbers.route(to: number) {
            note(refusal, to: owned)
        }
    }

    private func note(_ refusal: InboundRefusal, to number: OwnedNumber) {
        let entry = JournalEntry(
            timestamp: SystemClock.wall(), sequence: 0, level: .warning, scope: .sip, accountID: number.accountID,
            callID: nil, requestID: nil, message: "Call refused: \(refusal.explanation)",
            metadata: [
                "from": .string(refusal.caller), "to": .string(number.phoneNumber.text),
                "source": .string("\(refusal.source)"), "reason": .string(refusal.reason.rawValue),
                "status": JSONValue(refusal.status.map { Int($0.rawValue) }),
            ])
        storage.submit([.appendJournal(entry)], isAwaited: false, completion: nil)
    }
}

extension InboundRefusal {
    /// For the server's log: what happened, and what to do about it.
    fileprivate var words: String {
        let answer = status.map { "refused with \($0.rawValue)" } ?? "not answered"
        return "\(method) for \(called) from \(caller) at \(source) is \(answer): \(explanation)\(advice)"
            + " (said once a minute of each source)"
    }

    private var advice: String {
        switch reason {
        case .addressNotAllowed: "; a carrier's further addresses go into --trunk-addresses"
        case .unknownNumber:
            "; numbers are registered with belay number, and how the trunk writes them is said with --trunk-country"
        case .noPort: "; --rtp-ports has the range"
        case .noCommonAudio, .unavailable: ""
        }
    }

    fileprivate var logMetadata: Logger.Metadata {
        ["source": "\(source.address)", "reason": "\(reason.rawValue)", "to": "\(called)", "from": "\(caller)"]
    }
}
