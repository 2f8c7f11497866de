import JSON
import SIP
import Telephony

/// What the application knows of the rooms that it puts calls into.
struct RoomsKnown {
    /// That it has heard of, and not of their end.
    var conferences: [ConferenceID] = []
    /// How often each call has been sent somewhere.
    var turns: [WebhookOwner: Int] = [:]
    /// How often each has been asked what is heard while it waits.
    var rounds: [WebhookOwner: Int] = [:]
}

/// Of the scenario `rooms`: an application that has its callers wait, and brings them together.
extension ModelApp {
    mutating func answerRoom(
        _ webhook: Webhook, _ plan: RoomPlan, _ scene: RoomScene, _ random: inout RandomSource
    ) -> Answer {
        switch webhook.requestType {
        case "queueWait", "parkWait": return answerWait(webhook, plan, &random)
        case "dequeue", "unpark", "leaveConference", "removeFromQueueNotification":
            return sendOn(webhook, plan, scene, &random)
        case "callControl": return answerControl(webhook, plan, scene, &random)
        case "createConference":
            guard let id = Self.conference(of: webhook) else { return Self.script("[]", &random) }
            rooms.conferences.append(id)
            return Self.script("[\(join(id, plan))]", &random)
        case "redirect", "machineDetected":
            return Self.script(#"[{"Say":{"text":"One moment."}}]"#, &random)
        default:
            switch plan.errand {
            case .enqueues: return Self.script("[\(enqueue(plan, scene))]", &random)
            case .parks: return Self.script("[\(park(plan))]", &random)
            case .convenes: return Self.script("[\(convene(plan))]", &random)
            case .joins: return Self.script("[\(joinAny(plan, &random))]", &random)
            }
        }
    }

    private mutating func answerWait(
        _ webhook: Webhook, _ plan: RoomPlan, _ random: inout RandomSource
    ) -> Answer {
        let round = rooms.rounds[webhook.owner, default: 0]
        rooms.rounds[webhook.owner] = round + 1
        let leave = webhook.requestType == "parkWait" ? "Unpark" : "Dequeue"
        switch plan.waitManner {
        case .pauses: return Self.script(#"[{"Pause":{"length":4000}}]"#, &random)
        case .plays:
            return Self.script(
                #"[{"Say":{"text":"You are not alone."}},{"Play":{"file":"https://files.example/wait.wav","loop":2}}]"#,
                &random)
        case .asks:
            return Self.script(
                #"[{"GetDigits":{"actionUrl":"https://app.example/digits","initialTimeoutMs":1500,"maxDigits":2,"prompts":[{"Say":{"text":"Press a key."}}]}}]"#,
                &random)
        case .redirects:
            return Self.script(
                #"[{"Pause":{"length":1500}},{"Redirect":{"actionUrl":"https://app.example/wait"}}]"#, &random)
        case .empty: return Self.script("[]", &random)
        case .noContent: return Self.answered(204, "", 1...100, .webhookNoContent, &random)
        case .leaves: return Self.script(#"[{"\#(leave)":{}}]"#, &random)
        case .leavesLater:
            let script =
                round < 2 ? #"[{"Say":{"text":"Soon."}}]"# : #"[{"Say":{"text":"Now."}},{"\#(leave)":{}}]"#
            return Self.script(script, &random)
        case .hangsUp: return Self.script(#"[{"Say":{"text":"We are closed."}},{"Hangup":{}}]"#, &random)
        case .slow: return Self.answered(200, #"[{"Say":{"text":"Sorry."}}]"#, 2_001...9_000, .webhookSlow, &random)
        case .fails: return Self.answered(500, "oops", 1...100, .webhookStatus500, &random)
        case .forbidden: return Self.script(#"[{"SendDigits":{"digits":"1"}}]"#, &random)
        }
    }

    /// It has come out of a queue, of a conference, or of the parking.
    private mutating func sendOn(
        _ webhook: Webhook, _ plan: RoomPlan, _ scene: RoomScene, _ random: inout RandomSource
    ) -> Answer {
        let turn = rooms.turns[webhook.owner, default: 0]
        rooms.turns[webhook.owner] = turn + 1
        guard turn < RoomPlan.mostTurns else { return Self.script(#"[{"Hangup":{}}]"#, &random) }
        switch plan.sequel {
        case .hangsUp: return Self.script(#"[{"Hangup":{}}]"#, &random)
        case .says: return Self.script(#"[{"Say":{"text":"Here I am."}}]"#, &random)
        case .enqueues: return Self.script("[\(enqueue(plan, scene))]", &random)
        case .parks: return Self.script("[\(park(plan))]", &random)
        case .joins: return Self.script("[\(joinAny(plan, &random))]", &random)
        case .empty: return Self.answered(200, "[]", 1...100, .webhookEmptyScript, &random)
        case .fails: return Self.answered(500, "oops", 1...100, .webhookStatus500, &random)
        }
    }

    private mutating func answerControl(
        _ webhook: Webhook, _ plan: RoomPlan, _ scene: RoomScene, _ random: inout RandomSource
    ) -> Answer {
        switch plan.control {
        case .says: return Self.script(#"[{"Say":{"text":"What do you want?"}}]"#, &random)
        case .mutes:
            return Self.script(#"[{"SetTalk":{"talk":false}},{"Say":{"text":"You are muted."}}]"#, &random)
        case .leaves: return Self.script(#"[{"RemoveFromConference":{}}]"#, &random)
        case .terminates: return Self.script(#"[{"TerminateConference":{}}]"#, &random)
        case .moves: return Self.script("[\(joinAny(plan, &random))]", &random)
        case .asks:
            return Self.script(
                #"[{"GetDigits":{"actionUrl":"https://app.example/digits","initialTimeoutMs":1500,"maxDigits":1}}]"#,
                &random)
        case .empty: return Self.answered(200, "[]", 1...100, .webhookEmptyScript, &random)
        case .slow: return Self.answered(200, #"[{"Say":{"text":"Sorry."}}]"#, 2_001...9_000, .webhookSlow, &random)
        case .forbidden: return Self.script("[\(enqueue(plan, scene))]", &random)
        }
    }

    // MARK: Conferences

    /// A conference tells of itself. Now and then its end goes by unheard, and calls are sent into it yet.
    mutating func answer(
        ofConference webhook: Webhook, _ notices: CallPlan.Notices, _ random: inout RandomSource
    ) -> Answer {
        if webhook.requestType == "conferenceStatus", Self.field("status", of: webhook) == "terminated",
            Int.random(in: 0..<4, using: &random) > 0
        {
            rooms.conferences.removeAll { $0 == webhook.owner.conferenceID }
        }
        return take(webhook, notices, &random)
    }

    private static func conference(of webhook: Webhook) -> ConferenceID? {
        field("conferenceId", of: webhook).flatMap { ConferenceID($0) }
    }

    private static func field(_ name: String, of webhook: Webhook) -> String? {
        (try? JSONValue(parsing: webhook.body))?[name]?.string
    }

    // MARK: Commands

    /// Most go where the latest came together, a few where nobody ever can.
    private func joinAny(_ plan: RoomPlan, _ random: inout RandomSource) -> String {
        if Int.random(in: 0..<50, using: &random) == 0 { return join(ConferenceID(random: &random), plan) }
        let known = rooms.conferences.suffix(Int.random(in: 0..<4, using: &random) > 0 ? 3 : 50)
        guard let id = known.randomElement(using: &random) else { return convene(plan) }
        return join(id, plan)
    }

    private func convene(_ plan: RoomPlan) -> String {
        var attributes = [#""actionUrl":"https://app.example/convened""#, #""record":\#(plan.isRecorded)"#]
        if plan.hasStatusCallback { attributes.append(#""statusCallbackUrl":"https://app.example/conference""#) }
        if plan.hasMusic { attributes.append(#""waitUrl":"https://files.example/music.wav""#) }
        return Self.command("CreateConference", attributes)
    }

    private func join(_ id: ConferenceID, _ plan: RoomPlan) -> String {
        var attributes = [
            #""conferenceId":"\#(id)""#, #""startConfOnEnter":\#(plan.startsConference)"#,
            #""talk":\#(plan.talks)"#, #""listen":\#(plan.listens)"#,
        ]
        if plan.allowsControl {
            attributes += [
                #""allowCallControl":true"#, #""callControlSequence":"\#(RoomPlan.controlSequence)""#,
                #""callControlUrl":"https://app.example/control""#,
            ]
        }
        if plan.hasLeaveURL { attributes.append(#""leaveConferenceUrl":"https://app.example/left""#) }
        return Self.command("AddToConference", attributes + Self.notification(plan))
    }

    private func enqueue(_ plan: RoomPlan, _ scene: RoomScene) -> String {
        Self.command(
            "Enqueue",
            [
                #""queueId":"\#(scene.queueIDs[plan.queue])""#, #""waitUrl":"https://app.example/wait""#,
                #""actionUrl":"https://app.example/served""#,
            ] + Self.notification(plan))
    }

    private func park(_ plan: RoomPlan) -> String {
        Self.command(
            "Park",
            [#""waitUrl":"https://app.example/wait""#, #""actionUrl":"https://app.example/served""#]
                + Self.notification(plan))
    }

    private static func notification(_ plan: RoomPlan) -> [String] {
        plan.hasNotificationURL ? [#""notificationUrl":"https://app.example/told""#] : []
    }

    private static func command(_ name: String, _ attributes: [String]) -> String {
        #"{"\#(name)":{\#(attributes.joined(separator: ","))}}"#
    }
}
