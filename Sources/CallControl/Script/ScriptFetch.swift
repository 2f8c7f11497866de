import PerCL
import Telephony

/// What a webhook that fetches a script comes to (decision 10): a script, or the reason that ends the call.
enum ScriptFetch: Hashable, Sendable {
    case script(Script)
    case refused(CallEndedReason, explanation: String)

    init(_ outcome: WebhookOutcome) {
        switch outcome {
        case .failed(let failure):
            self = .refused(.webhookFailed, explanation: failure.explanation)
        case .answerTooLarge(let status):
            self = .refused(
                .webhookInvalidResponse, explanation: "the answer (\(status)) is larger than 1 MiB")
        case .answered(let status, _, let body):
            self.init(status: status, body: body)
        }
    }

    private init(status: Int, body: [UInt8]) {
        if status == 204 {
            self = .refused(.appNoPercl, explanation: "the answer is 204 without a script")
            return
        }
        guard (200..<300).contains(status) else {
            self = .refused(
                .webhookInvalidResponse, explanation: "the answer's status is \(status); 200 is needed")
            return
        }
        switch ScriptAnswer(body: body) {
        case .script(let script): self = .script(script)
        case .empty: self = .refused(.appNoPercl, explanation: "the answer holds no PerCL command")
        case .notJSON(let explanation): self = .refused(.webhookInvalidResponse, explanation: explanation)
        case .invalid(let error): self = .refused(.appInvalidPercl, explanation: error.description)
        }
    }
}
