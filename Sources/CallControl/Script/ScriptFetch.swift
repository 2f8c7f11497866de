import PerCL
import Telephony

/// What a webhook that fetches a script comes to (docs/contract/webhooks.md#answers-with-a-script): a script, or the
/// reason that ends the call.
enum ScriptFetch: Hashable, Sendable {
    case script(Script, ScriptHints)
    case refused(CallEndedReason, explanation: String)

    init(_ outcome: WebhookOutcome) {
        switch outcome {
        case .failed(let failure):
            self = .refused(.webhookFailed, explanation: failure.explanation)
        case .answerTooLarge(let status):
            self = .refused(
                .webhookInvalidResponse, explanation: "the answer (\(status)) is larger than 1 MiB; is it a script?")
        case .redirected(let status, let location):
            self = .refused(
                .webhookInvalidResponse, explanation: WebhookJournal.redirect(status, to: location))
        case .answered(let status, _, let body):
            self.init(status: status, body: body)
        }
    }

    private static func advice(_ status: Int) -> String {
        switch status {
        case 401, 407: "; does the app want a user and a password? http://user:password@host/ gives them"
        case 403: "; the app does not let this server in"
        case 404, 410: "; is the path written right?"
        case 405: "; the app must take POST there"
        case 415: "; the app must take application/json"
        case 429, 503: "; the app, or what stands before it, has too much to do"
        case 500...: "; the app's own log may tell why"
        default: ""
        }
    }

    private init(status: Int, body: [UInt8]) {
        if status == 204 {
            self = .refused(
                .appNoPercl, explanation: "the answer is 204 without a script; a script is a JSON array of commands")
            return
        }
        guard (200..<300).contains(status) else {
            self = .refused(
                .webhookInvalidResponse,
                explanation: "the answer's status is \(status); 200 is needed\(Self.advice(status))")
            return
        }
        switch ScriptAnswer(body: body) {
        case .script(let script, let hints): self = .script(script, hints)
        case .empty: self = .refused(.appNoPercl, explanation: "the answer holds no PerCL command")
        case .notJSON(let explanation): self = .refused(.webhookInvalidResponse, explanation: explanation)
        case .invalid(let error): self = .refused(.appInvalidPercl, explanation: error.description)
        }
    }
}
