import SIP
import Telephony

/// The customer's application: takes webhooks, and answers each call's in that call's manner.
struct ModelApp {
    struct Answer {
        let outcome: WebhookOutcome
        let milliseconds: Int
        let occurrence: Occurrence?
    }

    /// Webhooks time out after so long; the limit is the shell's (docs/contract/webhooks.md#time-limits).
    static let timeoutMilliseconds = 15_000

    private var failuresLeft: [EventID: Int] = [:]
    /// Redirects that a call has been given.
    private var redirects: [WebhookOwner: Int] = [:]
    var rooms = RoomsKnown()

    /// - Parameter scene: in the scenario `rooms`.
    mutating func answer(
        _ webhook: Webhook, attempt: Int, _ plan: CallPlan, _ scene: RoomScene?, _ random: inout RandomSource
    ) -> Answer {
        switch webhook.purpose {
        case .notification: take(webhook, plan.notices, &random)
        case .script:
            if let room = plan.room, let scene, !["getDigits", "record"].contains(webhook.requestType) {
                answerRoom(webhook, room, scene, &random)
            } else {
                answerScript(webhook, attempt, plan, &random)
            }
        }
    }

    // MARK: Notifications

    mutating func take(_ webhook: Webhook, _ notices: CallPlan.Notices, _ random: inout RandomSource) -> Answer {
        switch notices {
        case .taken:
            return Self.answered([200, 200, 204, 404].randomElement(using: &random) ?? 200, "ok", 1...80, &random)
        case .takenLate: return Self.answered(200, "", 2_001...9_000, .webhookSlow, &random)
        case .takenAfterFailures(let count):
            let left = failuresLeft[webhook.eventID] ?? count
            failuresLeft[webhook.eventID] = left - 1
            return left > 0 ? Self.failure(&random) : Self.answered(200, "[]", 1...80, &random)
        case .neverTaken: return Self.failure(&random)
        }
    }

    private static func failure(_ random: inout RandomSource) -> Answer {
        switch Int.random(in: 0..<5, using: &random) {
        case 0: answered(500, "no", 1...100, .webhookStatus500, &random)
        case 1: answered(429, "", 1...100, .webhookStatus429, &random)
        case 2: failed(.connect, 1...50, .webhookRefused, &random)
        case 3: failed(.closedWithinAnswer, 1...500, .webhookBroke, &random)
        default: failed(.unanswered, timeoutMilliseconds...timeoutMilliseconds, .webhookTimedOut, &random)
        }
    }

    // MARK: Scripts

    private mutating func answerScript(
        _ webhook: Webhook, _ attempt: Int, _ plan: CallPlan, _ random: inout RandomSource
    ) -> Answer {
        switch webhook.requestType {
        case "getDigits", "record": return Self.script(#"[{"Say":{"text":"Thank you."}}]"#, &random)
        default: break
        }
        switch plan.manner {
        case .asks:
            return Self.script(
                #"[{"GetDigits":{"actionUrl":"https://app.example/digits","initialTimeoutMs":2000,"digitTimeoutMs":1200,"maxDigits":3,"prompts":[{"Say":{"text":"Press three keys."}},{"Pause":{"length":200}}]}}]"#,
                &random)
        case .records:
            return Self.script(
                #"[{"StartRecordCall":{}},{"RecordUtterance":{"actionUrl":"https://app.example/record","silenceTimeoutMs":1000,"maxLengthSec":3}}]"#,
                &random)
        case .dials:
            return Self.script(#"[{"SendDigits":{"digits":"12{3}#"}},{"Say":{"text":"Dialled."}}]"#, &random)
        case .says: return Self.script(#"[{"Say":{"text":"Hello, this is your reminder."}}]"#, &random)
        case .saysAndPlays:
            return Self.script(
                #"[{"Say":{"text":"Hi"}},{"Play":{"file":"https://files.example/a.wav","loop":2}},{"Pause":{"length":300}},{"Hangup":{"reason":"done"}}]"#,
                &random)
        case .pauses: return Self.script(#"[{"Pause":{"length":4000}},{"Hangup":{}}]"#, &random)
        case .hangsUp: return Self.script(#"[{"Hangup":{}}]"#, &random)
        case .redirectsOnce:
            let count = redirects[webhook.owner, default: 0]
            redirects[webhook.owner] = count + 1
            if count > 0 { return Self.script(#"[{"Say":{"text":"There you are."}}]"#, &random) }
            return Self.script(
                #"[{"Say":{"text":"One moment."}},{"Redirect":{"actionUrl":"https://app.example/next"}}]"#, &random)
        case .redirectsForEver:
            return Self.answered(
                200, #"[{"Redirect":{"actionUrl":"https://app.example/again"}}]"#, 1...3, &random)
        case .playsForEver: return Self.script(#"[{"Play":{"file":"https://files.example/b.wav","loop":0}}]"#, &random)
        case .slow:
            return Self.answered(200, #"[{"Say":{"text":"Sorry."}}]"#, 2_001...14_000, .webhookSlow, &random)
        case .never: return Self.failed(.unanswered, 15_000...15_000, .webhookTimedOut, &random)
        case .refused: return Self.failed(.connect, 1...30, .webhookRefused, &random)
        case .refusedOnce:
            if attempt == 1 { return Self.failed(.closedBeforeAnswer, 1...30, .webhookBroke, &random) }
            return Self.script(#"[{"Say":{"text":"Here now."}}]"#, &random)
        case .breaks: return Self.failed(.closedBeforeAnswer, 1...200, .webhookBroke, &random)
        case .breaksWithin: return Self.failed(.closedWithinAnswer, 1...200, .webhookBroke, &random)
        case .status500: return Self.answered(500, "oops", 1...100, .webhookStatus500, &random)
        case .noContent: return Self.answered(204, "", 1...100, .webhookNoContent, &random)
        case .emptyScript: return Self.answered(200, "[]", 1...100, .webhookEmptyScript, &random)
        case .notJSON: return Self.answered(200, "<html>Hi</html>", 1...100, .webhookNotJSON, &random)
        case .invalidScript:
            return Self.answered(200, #"[{"Say":{"text":7}}]"#, 1...100, .webhookInvalidScript, &random)
        case .unsupported:
            return Self.answered(
                200,
                #"[{"Say":{"text":"Wait."}},{"Sms":{"to":"+15550000002","from":"+15550000001","text":"Hello"}}]"#,
                1...100, .webhookUnsupported, &random)
        case .tooLarge:
            let milliseconds = Int.random(in: 20...900, using: &random)
            return Answer(
                outcome: .answerTooLarge(status: 200), milliseconds: milliseconds, occurrence: .webhookTooLarge)
        }
    }

    static func script(_ text: String, _ random: inout RandomSource) -> Answer {
        answered(200, text, 1...400, &random)
    }

    private static func answered(
        _ status: Int, _ body: String, _ delay: ClosedRange<Int>, _ random: inout RandomSource
    ) -> Answer {
        answered(status, body, delay, nil, &random)
    }

    static func answered(
        _ status: Int, _ body: String, _ delay: ClosedRange<Int>, _ occurrence: Occurrence?,
        _ random: inout RandomSource
    ) -> Answer {
        Answer(
            outcome: .answered(status: status, contentType: "application/json", body: Array(body.utf8)),
            milliseconds: Int.random(in: delay, using: &random), occurrence: occurrence)
    }

    private static func failed(
        _ kind: WebhookFailure.Kind, _ delay: ClosedRange<Int>, _ occurrence: Occurrence?,
        _ random: inout RandomSource
    ) -> Answer {
        Answer(
            outcome: .failed(WebhookFailure(kind: kind, explanation: "the model application failed")),
            milliseconds: Int.random(in: delay, using: &random), occurrence: occurrence)
    }
}
