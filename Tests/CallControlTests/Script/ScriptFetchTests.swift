import PerCL
import SIP
import Telephony
import Testing

@testable import CallControl

/// docs/contract/webhooks.md#answers-with-a-script
@Suite("What an app's answer comes to")
struct ScriptFetchTests {
    private static func answered(_ status: Int, _ body: String = #"[{"Hangup":{}}]"#) -> ScriptFetch {
        ScriptFetch(.answered(status: status, contentType: "text/html", body: Array(body.utf8)))
    }

    private func refused(_ fetch: ScriptFetch) -> (reason: CallEndedReason, explanation: String)? {
        if case .refused(let reason, let explanation) = fetch { (reason, explanation) } else { nil }
    }

    @Test("A script of any 2xx is run, whatever its Content-Type", arguments: [200, 201, 203, 299])
    func scripts(_ status: Int) {
        guard case .script(let script, _) = Self.answered(status) else {
            Issue.record("no script")
            return
        }
        #expect(script.commands.count == 1)
    }

    @Test(
        "Any other status is none, and says what can be done",
        arguments: [
            (199, ""), (400, ""), (401, "a user and a password"), (403, "does not let this server in"),
            (404, "is the path written right"), (405, "must take POST"), (407, "a user and a password"), (409, ""),
            (410, "is the path written right"), (415, "application/json"), (422, ""), (429, "too much to do"),
            (499, ""), (500, "own log"), (502, "own log"), (503, "too much to do"), (504, "own log"), (599, "own log"),
        ])
    func statuses(_ status: Int, _ advice: String) throws {
        let refusal = try #require(refused(Self.answered(status)))
        #expect(refusal.reason == .webhookInvalidResponse)
        let words = "the answer's status is \(status); 200 is needed"
        if advice.isEmpty {
            #expect(refusal.explanation == words)
        } else {
            #expect(refusal.explanation.hasPrefix(words + ";") && refusal.explanation.contains(advice))
        }
    }

    @Test(
        "Nothing, something that is no JSON, and JSON that is no script, each end the call in their own way",
        arguments: [
            (204, #"[{"Hangup":{}}]"#, .appNoPercl, "204"), (200, "", .appNoPercl, "no PerCL command"),
            (200, " \r\n", .appNoPercl, "no PerCL command"), (200, "[]", .appNoPercl, "no PerCL command"),
            (200, "<html>", .webhookInvalidResponse, "not JSON"), (200, #"{"Say":{}}"#, .appInvalidPercl, "array"),
            (200, #"[{"Sing":{}}]"#, .appInvalidPercl, "Sing"),
        ] as [(Int, String, CallEndedReason, String)])
    func bodies(_ status: Int, _ body: String, _ reason: CallEndedReason, _ words: String) throws {
        let refusal = try #require(refused(Self.answered(status, body)))
        #expect(refusal.reason == reason && refusal.explanation.contains(words), "\(refusal.explanation)")
    }

    @Test("No whole answer, too large a one, and one that leads elsewhere")
    func others() throws {
        let failed = try #require(refused(ScriptFetch(OutboxBench.refused)))
        #expect(failed.reason == .webhookFailed && failed.explanation == "refused")
        let large = try #require(refused(ScriptFetch(.answerTooLarge(status: 201))))
        #expect(large.reason == .webhookInvalidResponse && large.explanation.contains("(201) is larger than 1 MiB"))
        let moved = try #require(refused(ScriptFetch(.redirected(status: 302, location: "http://u:secret@b/x"))))
        #expect(moved.reason == .webhookInvalidResponse)
        #expect(moved.explanation.contains("302, a redirect to http://XXXXX@b/x,"), "\(moved.explanation)")
        let nowhere = try #require(refused(ScriptFetch(.redirected(status: 304, location: nil))))
        #expect(nowhere.explanation.contains("304, a redirect, and"), "\(nowhere.explanation)")
    }
}

/// docs/contract/webhooks.md#notifications, docs/decisions/0016
@Suite("What one attempt means for a notification")
struct NotificationVerdictTests {
    @Test(
        "An answer is one, unless it asks for another try or leads elsewhere",
        arguments: [
            (200, .delivered), (299, .delivered), (300, .redirected), (399, .redirected), (400, .delivered),
            (404, .delivered), (407, .delivered), (408, .retry), (409, .delivered), (424, .delivered), (425, .retry),
            (426, .delivered), (428, .delivered), (429, .retry), (430, .delivered), (499, .delivered), (500, .retry),
            (501, .delivered), (502, .retry), (504, .retry), (505, .delivered), (506, .retry), (599, .retry),
        ] as [(Int, NotificationVerdict)])
    func statuses(_ status: Int, _ verdict: NotificationVerdict) {
        #expect(NotificationVerdict(.answered(status: status, contentType: nil, body: [])) == verdict)
        #expect(NotificationVerdict(.answerTooLarge(status: status)) == verdict)
        // Its status came, and the rest of it did not.
        let broken = WebhookFailure(kind: .closedWithinAnswer, explanation: "", status: status)
        #expect(NotificationVerdict(.failed(broken)) == verdict)
    }

    @Test("Only what was sent whole and never answered may have been taken")
    func failures() {
        for kind in [
            WebhookFailure.Kind.forbiddenAddress, .nameResolution, .connect, .tls, .closedBeforeAnswer,
            .closedWithinAnswer, .timeout, .noPlace,
        ] {
            #expect(NotificationVerdict(.failed(WebhookFailure(kind: kind, explanation: ""))) == .retry, "\(kind)")
        }
        #expect(NotificationVerdict(OutboxBench.unanswered) == .unanswered)
        #expect(NotificationVerdict(.redirected(status: 302, location: "/x")) == .redirected)
    }
}

/// docs/contract/calls.md#outcomes
@Suite("What a call comes to that was not answered")
struct OutcomeTests {
    @Test(
        "By the far end's response",
        arguments: [
            (486, .busy), (600, .busy), (603, .busy), (408, .noAnswer), (480, .noAnswer), (404, .failed),
            (481, .failed), (485, .failed), (487, .failed), (500, .failed), (503, .failed), (601, .failed),
            (604, .failed), (606, .failed), (300, .failed), (302, .failed), (399, .failed), (400, .failed),
        ] as [(Int, CallStatus)])
    func responses(_ code: Int, _ status: CallStatus) throws {
        let outcome = OutcomeTable.outcome(of: .response(try #require(StatusCode(code)), reason: "Why"))
        #expect(outcome.status == status)
        #expect(outcome.explanation.hasPrefix("the far end answered \(code) Why"))
        #expect(outcome.explanation.contains("redirections are not followed") == (300..<400).contains(code))
    }

    @Test(
        "Without one",
        arguments: [
            (.timedOut, .failed, .failed, "no response"), (.transportFailed("no route"), .failed, .failed, "no route"),
            (.canceled, .canceled, .callCanceled, "canceled"), (.canceledByPeer, .failed, .failed, "hung up"),
            (.expired, .failed, .failed, "ran out"), (.rejected(.busyHere), .failed, .failed, "486"),
            (.protocolError("no tag"), .failed, .failed, "no tag"),
        ] as [(SessionFailure, CallStatus, CallEndedReason, String)])
    func others(_ failure: SessionFailure, _ status: CallStatus, _ reason: CallEndedReason, _ words: String) {
        let outcome = OutcomeTable.outcome(of: failure)
        #expect(outcome.status == status && outcome.reason == reason)
        #expect(outcome.explanation.contains(words), "\(outcome.explanation)")
    }
}
