import JSON
import SIP
import Telephony
import Testing

@testable import CallControl

@Suite("One call through the exchange, against a real user agent")
struct OneCallTests {
    @Test("A script that waits for its turn is told of in the log, and need not be sent once its call has ended")
    func waitingScript() throws {
        var bench = Bench()
        try bench.makeCall()
        bench.farAnswer()
        let connect = try #require(bench.delivered.last)
        bench.give(.webhookWaits(connect.eventID, explanation: "app has as many as it may"))
        #expect(
            bench.journal.contains {
                $0.level == .warning && $0.message == "Webhook outDialApiConnect waits for its turn"
            })
        #expect(bench.call?.status == .inProgress && !bench.effects.contains(.withdrawWebhook(connect.eventID)))
        bench.farHangUp()
        #expect(bench.effects.contains(.withdrawWebhook(connect.eventID)))
        bench.give(
            .webhookFinished(
                connect.eventID, .failed(WebhookFailure(kind: .noPlace, explanation: "not sent")), milliseconds: 0))
        #expect(bench.delivered.last?.requestType == "callStatus")
        // Nobody listens to a notification.
        if let status = bench.delivered.last { bench.give(.webhookWaits(status.eventID, explanation: "full")) }
        #expect(bench.journal.count { $0.message.hasSuffix("waits for its turn") } == 1)
    }

    @Test("An INVITE that cannot be sent ends its call at once, and says why (RFC 3261 §18.4); calls elsewhere go on")
    func unreachable() throws {
        var bench = Bench()
        bench.reachesFarEnd = false
        try bench.makeCall()
        bench.give(
            .sendFailed(
                to: TransportAddress(address: .loopback, port: 5071), explanation: "Network is unreachable"))
        #expect(bench.call?.status == .ringing)
        bench.give(.sendFailed(to: Bench.remote, explanation: "Network is unreachable"))
        #expect(bench.call?.status == .failed)
        #expect(bench.call?.endedReason == .failed)
        #expect(
            bench.journal.contains {
                $0.metadata["explanation"] == "the INVITE could not be sent: Network is unreachable"
            })
        #expect(bench.delivered.last?.requestType == "outDialApiConnect")
    }

    /// docs/contract/webhooks.md#outdialapiconnect.
    @Test("From the request to the end: statuses, webhooks with the documented fields, and nothing left over")
    func wholeCall() throws {
        var bench = Bench()
        try bench.makeCall()
        #expect(bench.call?.status == .ringing)
        bench.farRing()
        bench.pass(.seconds(3))
        bench.farAnswer()
        #expect(bench.call?.status == .inProgress)
        let call = try #require(bench.exchange.calls.ids.first)
        let sipCallID = try #require(bench.exchange.calls.look(at: call) { $0.leg.identifiers.callID })
        #expect(bench.exchange.call(withSIPCallID: sipCallID) == bench.call?.callID)
        let connect = try #require(bench.delivered.last)
        #expect(connect.requestType == "outDialApiConnect")
        #expect(connect.url.text == "http://app/connect")
        guard case .object(let fields) = bench.fields(connect) else {
            Issue.record("no object")
            return
        }
        #expect(
            fields.keys.sorted() == [
                "accountId", "callId", "callStatus", "conferenceId", "dialCallStatus", "direction", "from",
                "parentCallId", "queueId", "requestType", "to",
            ])
        #expect(fields["callStatus"] == "inProgress")
        #expect(fields["dialCallStatus"] == "inProgress")
        #expect(fields["direction"] == "outboundAPI")

        bench.answerWebhook(#"[{"Say":{"text":"Hello"}},{"Pause":{"length":500}}]"#)
        let plays = bench.effects.compactMap { effect -> (MediaHandle, PlaybackID)? in
            if case .media(let media, .play(let playback, .speech("Hello", "en-US", false), 1, _)) = effect {
                (media, playback)
            } else {
                nil
            }
        }
        let (media, playback) = try #require(plays.first)
        bench.give(.media(media, .playbackEnded(playback, .completed)))
        #expect(bench.call?.status == .inProgress)
        bench.pass(.milliseconds(500))
        #expect(bench.call?.status == .completed)
        #expect(bench.call?.endedReason == .appHangup)
        #expect(bench.sent("BYE ") == 1)
        let status = try #require(bench.delivered.last)
        #expect(status.requestType == "callStatus")
        #expect(bench.fields(status)?["callEndedReason"] == "appHangup")
        #expect(bench.fields(status)?["callDuration"] == 4)
        #expect(bench.exchange.keeps(call) && bench.settled.isEmpty, "its last webhook has not come back")
        bench.answerWebhook("")
        bench.pass(.seconds(40))
        #expect(bench.exchange.gauges.isIdle, "\(bench.exchange.gauges)")
        #expect(bench.exchange.call(withSIPCallID: sipCallID) == nil)
        #expect(bench.farEnd.gauges.isIdle)
        #expect(bench.records.isEmpty)
        #expect(bench.notifications.isEmpty)
        #expect(bench.journal.map(\.sequence) == Array(1...bench.journal.count))
        #expect(!bench.exchange.keeps(call) && bench.settled == [call], "it is named once")
    }

    @Test("Neither the 202 nor the INVITE leaves before the commit, and a failed commit dials nothing")
    func gating() throws {
        var bench = Bench()
        bench.commitsAtOnce = false
        try bench.makeCall()
        #expect(bench.invites == 0)
        #expect(!bench.effects.contains { if case .reply = $0 { true } else { false } })
        var failing = bench
        bench.give(.committed(try #require(bench.heldCommits.first)))
        #expect(bench.invites == 1)
        guard
            case .reply(_, .made(let call, _)) = bench.effects.first(where: {
                if case .reply = $0 { true } else { false }
            }
            )
        else {
            Issue.record("no reply")
            return
        }
        #expect(call.status == .queued)

        failing.give(.commitFailed(try #require(failing.heldCommits.first), .other))
        #expect(failing.effects.contains(.reply(ReplyToken(rawValue: 1), .refused(.notStored))))
        #expect(failing.invites == 0)
        failing.pass(.seconds(40))
        #expect(failing.exchange.gauges.isIdle, "\(failing.exchange.gauges)")
    }

    @Test(
        "Each refusal by SIP ends by the table, and is told to callConnectUrl and statusCallbackUrl",
        arguments: [
            (486, CallStatus.busy), (600, .busy), (603, .busy), (480, .noAnswer), (408, .noAnswer), (404, .failed),
            (503, .failed), (403, .failed), (302, .failed), (487, .failed),
        ])
    func refusals(code: Int, status: CallStatus) throws {
        var bench = Bench()
        try bench.makeCall()
        bench.farReject(try #require(StatusCode(code)))
        #expect(bench.call?.status == status)
        #expect(bench.call?.connectTime == nil)
        #expect(bench.call?.durationSeconds == nil)
        #expect(bench.delivered.map(\.requestType) == ["outDialApiConnect"])
        #expect(bench.fields(bench.delivered[0])?["dialCallStatus"] == .string(status.rawValue))
        bench.answerWebhook("[]")
        #expect(bench.delivered.map(\.requestType) == ["outDialApiConnect", "callStatus"])
        #expect(bench.fields(bench.delivered[1])?["callDuration"] == 0)
        bench.answerWebhook("nonsense")
        bench.pass(.seconds(40))
        #expect(bench.exchange.gauges.isIdle, "\(bench.exchange.gauges)")
        #expect(bench.sent("ACK ") >= 1)
    }

    @Test("Nobody answers: noAnswer at the timeout, CANCEL goes out")
    func ringTimeout() throws {
        var bench = Bench()
        try bench.makeCall(timeout: 5)
        bench.farRing()
        bench.pass(.milliseconds(4999))
        #expect(bench.call?.status == .ringing)
        bench.pass(.milliseconds(1))
        #expect(bench.call?.status == .noAnswer)
        #expect(bench.sent("CANCEL ") == 1)
    }

    @Test("Canceled while it rings: canceled; a 200 on the way is ACKed and BYEd, connectTime stays null")
    func cancelRace() throws {
        var bench = Bench()
        try bench.makeCall()
        bench.farRing()
        let call = try #require(bench.call)
        // The far end answers; its 200 is on the way while we cancel.
        let id = try #require(bench.invited)
        var crossing: [UserAgentEffect] = []
        bench.farEnd.answer(id, sdp: bench.answer, now: bench.moment.instant, random: &bench.random, into: &crossing)
        bench.give(
            .updateCall(
                ReplyToken(rawValue: 2), call.callID, call.accountID, .canceled, try Bench.request().terms.requestID))
        #expect(bench.effects.contains(.reply(ReplyToken(rawValue: 2), .updated)))
        for case .send(let bytes, _) in crossing { bench.give(.datagramReceived(bytes, from: Bench.remote)) }
        bench.answerWebhook("[]")
        bench.answerWebhook("[]")
        bench.pass(.seconds(40))
        #expect(bench.call?.status == .canceled)
        #expect(bench.call?.endedReason == .callCanceled)
        #expect(bench.call?.connectTime == nil)
        #expect(bench.sent("ACK ") >= 1)
        #expect(bench.sent("BYE ") >= 1)
        #expect(bench.delivered.map(\.requestType) == ["outDialApiConnect", "callStatus"])
        #expect(bench.exchange.gauges.isIdle, "\(bench.exchange.gauges)")
        #expect(bench.farEnd.gauges.isIdle)
    }

    @Test("A finished call, another's call and an unknown one are not found")
    func updateFaults() throws {
        var bench = Bench()
        try bench.makeCall()
        bench.farReject(try #require(StatusCode(486)))
        let call = try #require(bench.call)
        var random = SystemRandomNumberGenerator()
        let request = try Bench.request().terms.requestID
        bench.give(.updateCall(ReplyToken(rawValue: 7), call.callID, call.accountID, .completed, request))
        bench.give(.updateCall(ReplyToken(rawValue: 8), CallID(random: &random), call.accountID, .completed, request))
        bench.give(.updateCall(ReplyToken(rawValue: 9), call.callID, AccountID(random: &random), .completed, request))
        for token in 7...9 {
            #expect(bench.effects.contains(.reply(ReplyToken(rawValue: UInt64(token)), .refused(.notFound))))
        }
    }

    @Test("The far end hangs up while the script is fetched: callStatus waits for the answer, which is ignored")
    func hangUpDuringFetch() throws {
        var bench = Bench()
        try bench.makeCall()
        bench.farAnswer()
        bench.farHangUp()
        #expect(bench.call?.status == .completed)
        #expect(bench.call?.endedReason == .farEndHangup)
        #expect(bench.delivered.map(\.requestType) == ["outDialApiConnect"])
        bench.answerWebhook(#"[{"Say":{"text":"too late"}}]"#)
        #expect(bench.delivered.map(\.requestType) == ["outDialApiConnect", "callStatus"])
        #expect(!bench.effects.contains { if case .media(_, .play) = $0 { true } else { false } })
    }

    /// docs/contract/calls.md#digits-and-the-script.
    @Test("A script waits until sendDigits have been dialled")
    func digitsFirst() throws {
        var bench = Bench()
        try bench.makeCall(sendDigits: "12")
        bench.farAnswer()
        let media = try #require(
            bench.effects.lazy.compactMap {
                if case .media(let media, .sendDigits(_, _, _)) = $0 { media } else { nil }
            }.first)
        bench.answerWebhook(#"[{"Say":{"text":"Hello"}}]"#)
        #expect(!bench.effects.contains { if case .media(_, .play) = $0 { true } else { false } })
        bench.give(.media(media, .digitsSent(.sendDigits)))
        #expect(bench.effects.contains { if case .media(_, .play) = $0 { true } else { false } })
    }

    /// docs/contract/webhooks.md#answers-with-a-script.
    @Test(
        "Each kind of answer to a webhook that fetches a script ends the call with its reason",
        arguments: [
            ("", 204, CallEndedReason.appNoPercl), ("", 200, .appNoPercl), ("[]", 200, .appNoPercl),
            ("<html>", 200, .webhookInvalidResponse), ("[]", 302, .webhookInvalidResponse),
            ("[]", 404, .webhookInvalidResponse), ("[]", 500, .webhookInvalidResponse), ("{}", 200, .appInvalidPercl),
            (#"[{"Dance":{}}]"#, 200, .appInvalidPercl), (#"[{"Unpark":{}}]"#, 200, .perclProcessingError),
            (#"[{"Hangup":{}}]"#, 200, .appHangup),
        ])
    func webhookAnswers(body: String, status: Int, reason: CallEndedReason) throws {
        var bench = Bench()
        try bench.makeCall()
        bench.farAnswer()
        bench.answerWebhook(body, status: status)
        #expect(bench.call?.status == .completed)
        #expect(bench.call?.endedReason == reason)
    }

    @Test("A connection that failed is tried once more at once, a time-out is not")
    func secondTry() throws {
        var bench = Bench()
        try bench.makeCall()
        bench.farAnswer()
        let event = try #require(bench.delivered.last).eventID
        let refused = WebhookOutcome.failed(WebhookFailure(kind: .connect, explanation: "refused"))
        bench.give(.webhookFinished(event, refused, milliseconds: 1))
        #expect(bench.delivered.map(\.eventID) == [event, event])
        #expect(bench.call?.status == .inProgress)
        bench.give(.webhookFinished(event, refused, milliseconds: 1))
        #expect(bench.call?.endedReason == .webhookFailed)

        var slow = Bench()
        try slow.makeCall()
        slow.farAnswer()
        slow.give(
            .webhookFinished(
                try #require(slow.delivered.last).eventID,
                .failed(WebhookFailure(kind: .timeout, explanation: "15 s")), milliseconds: 15_000))
        #expect(slow.call?.endedReason == .webhookFailed)
        #expect(slow.delivered.filter { $0.requestType == "outDialApiConnect" }.count == 1)
    }

    /// docs/contract/webhooks.md#redirect.
    @Test("Redirect first in a script hands on the original request; after other commands it does not")
    func redirects() throws {
        var bench = Bench()
        try bench.makeCall()
        bench.farAnswer()
        bench.answerWebhook(#"[{"Redirect":{"actionUrl":"http://app/two"}}]"#)
        var fields = bench.fields(try #require(bench.delivered.last))
        #expect(fields?["requestType"] == "redirect")
        #expect(fields?["originalRequestType"] == "outDialApiConnect")
        #expect(fields?["dialCallStatus"] == "inProgress")
        bench.answerWebhook(#"[{"Pause":{"length":10}},{"Redirect":{"actionUrl":"http://app/three"}}]"#)
        bench.pass(.milliseconds(10))
        fields = bench.fields(try #require(bench.delivered.last))
        #expect(fields?["originalRequestType"] == .null)
        #expect(fields?["dialCallStatus"] == nil)
        for _ in 0..<254 { bench.answerWebhook(#"[{"Redirect":{"actionUrl":"http://app/again"}}]"#) }
        #expect(bench.call?.status == .inProgress)
        bench.answerWebhook(#"[{"Redirect":{"actionUrl":"http://app/again"}}]"#)
        #expect(bench.call?.endedReason == .maxRedirectsError)
    }

    /// docs/contract/calls.md#longest-call, docs/contract/calls.md#dead-line.
    @Test("The longest call and a dead line end the call")
    func limits() throws {
        var bench = Bench { $0.longestCall = .seconds(60) }
        try bench.makeCall()
        bench.farAnswer()
        bench.answerWebhook(#"[{"Pause":{"length":3600000}}]"#)
        bench.pass(.seconds(60))
        #expect(bench.call?.endedReason == .maxDuration)

        var dead = Bench()
        try dead.makeCall()
        dead.farAnswer()
        dead.answerWebhook(#"[{"Pause":{"length":3600000}}]"#)
        let media = try #require(
            dead.effects.lazy.compactMap { if case .media(let media, .open(_)) = $0 { media } else { nil } }.first)
        dead.give(.media(media, .peerSilent(.fellSilent)))
        #expect(dead.call?.status == .completed)
        #expect(dead.call?.endedReason == .failed, "the far end has not hung up")
    }

    @Test(
        "When a line is dead the log says so, and that it was hung up here",
        arguments: [
            (PeerSilence.fellSilent, "fell silent"), (.neverHeard, "never came"), (.unreachable, "cannot be reached"),
        ])
    func deadLine(silence: PeerSilence, words: String) throws {
        var bench = Bench()
        try bench.makeCall()
        bench.farAnswer()
        bench.give(.media(try #require(bench.media), .peerSilent(silence)))
        let end = bench.journal.last { $0.message == "Call completed" }
        guard case .string(let explanation) = end?.metadata["explanation"] else {
            Issue.record("\(String(describing: end))")
            return
        }
        #expect(explanation.contains(words) && explanation.contains("hung up here"))
        #expect(bench.sent("BYE ") == 1)
    }

    @Test("Media from elsewhere than the far end's description says is told, with what to do about it")
    func mediaFromElsewhere() throws {
        var bench = Bench()
        try bench.makeCall()
        bench.farAnswer()
        bench.give(.media(try #require(bench.media), .peerElsewhere(source: "192.0.2.1:7", described: "192.0.2.1:8")))
        #expect(
            bench.journal.contains {
                $0.metadata["from"] == "192.0.2.1:7" && $0.metadata["to"] == "192.0.2.1:8" && $0.level == .info
            })
    }

    @Test("Media goes by the trunk's setting, and events are understood by the number of our offer too")
    func mediaSources() throws {
        for (isBehindNAT, follows) in [(false, false), (false, true), (true, true)] {
            var bench = Bench {
                $0.trunk.isBehindNAT = isBehindNAT
                $0.trunk.followsMedia = follows
            }
            try bench.makeCall()
            bench.farAnswer()
            let connection = bench.effects.lazy.compactMap {
                if case .media(_, .connect(let connection)) = $0 { connection } else { nil }
            }.last
            #expect(
                connection?.sources
                    == MediaSources(
                        signallingHost: "127.0.0.1", allowsAnySource: isBehindNAT, isFollowed: follows))
            #expect(connection?.offeredEventPayload == 101)
            #expect(connection?.isEarly == false)
        }
    }

    @Test("Calls go to where the trunk has moved; one that rings stays, and so does where its media may come from")
    func trunkMoves() throws {
        func destinations(_ bench: Bench) -> [TransportAddress] {
            bench.effects.compactMap {
                if case .send(let bytes, let to) = $0, bytes.starts(with: "INVITE ".utf8) { to } else { nil }
            }
        }
        var bench = Bench()
        let latter = TransportAddress(address: .v4(0x7f00_0003), port: Bench.remote.port)
        try bench.makeCall()
        bench.give(.trunkMoved(to: latter))
        bench.farAnswer()
        let connection = bench.effects.lazy.compactMap {
            if case .media(_, .connect(let connection)) = $0 { connection } else { nil }
        }.last
        #expect(connection?.sources.signallingHost == "127.0.0.1")
        try bench.makeCall(token: 2, to: "+15555550124")
        #expect(destinations(bench) == [Bench.remote, latter])
    }

    @Test("A notification that fails is kept and tried again until it is delivered, and blocks nothing")
    func notificationRetries() throws {
        var bench = Bench()
        try bench.makeCall()
        bench.farReject(try #require(StatusCode(486)))
        bench.answerWebhook("busy here too", status: 503)
        #expect(bench.delivered.map(\.requestType) == ["outDialApiConnect", "callStatus"])
        bench.answerWebhook("")
        #expect(bench.notifications.count == 1)
        bench.pass(.seconds(2))
        #expect(bench.delivered.map(\.requestType) == ["outDialApiConnect", "callStatus", "outDialApiConnect"])
        #expect(bench.delivered[2].body == bench.delivered[0].body)
        #expect(bench.delivered[2].eventID == bench.delivered[0].eventID)
        bench.answerWebhook("", status: 404)
        #expect(bench.notifications.isEmpty)
        bench.pass(.seconds(40))
        #expect(bench.exchange.gauges.isIdle, "\(bench.exchange.gauges)")
    }
}
