import JSON
import PerCL
import SIP
import Telephony

/// A call that waits: in a queue, or parked (docs/contract/percl.md#enqueue, docs/contract/percl.md#park).
///
/// ```
///             Enqueue, Park                 its turn, Dequeue, Unpark, resumed
///   talking ────────────────▶ waiting ──────────────────────────────────────▶ actionUrl is asked
///                             │    ▲
///              waitUrl's script runs out: waitUrl is asked again
/// ```
extension Talk {
    // MARK: Into a queue

    /// There is a place for it, the last one in line.
    mutating func enqueued(
        _ enqueue: Enqueue, _ place: QueuePlace, _ dossier: inout Dossier, _ turn: inout Turn
    ) {
        beginWait(.queue(enqueue), &turn)
        dossier.note(
            .info, .percl, "Entered the queue",
            [
                "queueId": .string(enqueue.queueID.text), "position": JSONValue(place.position),
                "currentQueueSize": JSONValue(place.size),
            ], &turn)
        if let url = enqueue.notificationURL {
            dossier.tell(CallWebhook.enqueued(enqueue.queueID), at: url, EventID(random: &turn.random), &turn)
        }
        askForWait(at: place, &dossier, &turn)
    }

    /// It has as many as it may.
    mutating func queueFull(_ enqueue: Enqueue, _ dossier: inout Dossier, _ turn: inout Turn) {
        dossier.note(.warning, .percl, "The queue is full", ["queueId": .string(enqueue.queueID.text)], &turn)
        ask(CallWebhook.left(enqueue.queueID, .queueFull, seconds: nil), at: enqueue.actionURL, &dossier, &turn)
    }

    /// Where it stands now, for waitUrl.
    mutating func stands(at place: QueuePlace, in queue: QueueID, _ dossier: inout Dossier, _ turn: inout Turn) {
        if waiting?.queueID == queue { askForWait(at: place, &dossier, &turn) }
    }

    private mutating func askForWait(at place: QueuePlace, _ dossier: inout Dossier, _ turn: inout Turn) {
        guard let waiting, let queue = waiting.queueID else { return }
        let request = CallWebhook.queueWait(queue, place, seconds: waiting.seconds(turn.now.instant))
        self.waiting?.asks(turn.now.instant)
        ask(request, at: waiting.waitURL, &dossier, &turn)
    }

    // MARK: Parked

    mutating func park(_ park: Park, _ dossier: inout Dossier, _ turn: inout Turn) {
        beginWait(.parking(park), &turn)
        dossier.note(.info, .percl, "Parked", [:], &turn)
        if let url = park.notificationURL {
            dossier.tell(ScriptRequest(CallWebhook.park), at: url, EventID(random: &turn.random), &turn)
        }
        waitAgain(&dossier, &turn)
    }

    var isParked: Bool { if case .parking? = waiting?.place { true } else { false } }

    // MARK: While it waits

    private mutating func beginWait(_ place: Waiting.Place, _ turn: inout Turn) {
        waiting = Waiting(place, since: turn.now.instant)
        turn.want(.saveRecord)
        turn.want(.awaitCommit(.wait))
    }

    /// waitUrl is asked again, as soon as it may be.
    mutating func waitAgain(_ dossier: inout Dossier, _ turn: inout Turn) {
        guard let waiting else { return }
        let pause = waiting.pause(turn.now.instant)
        guard pause == .zero else { return turn.want(.arm(.waiting, after: pause)) }
        switch waiting.place {
        case .queue(let enqueue): turn.want(.room(.findPlace(enqueue.queueID)))
        case .parking:
            self.waiting?.asks(turn.now.instant)
            ask(ScriptRequest(CallWebhook.parkWait), at: waiting.waitURL, &dossier, &turn)
        }
    }

    /// The app gave no script for the wait: the caller goes on waiting, as long as that is worth it.
    mutating func waitScriptRefused(
        _ webhook: Webhook, _ reason: CallEndedReason, _ explanation: String, _ leg: inout Leg,
        _ dossier: inout Dossier, _ turn: inout Turn
    ) -> Want? {
        switch reason {
        case .appNoPercl:
            waiting?.succeeded()
            waitAgain(&dossier, &turn)
            return nil
        case .appInvalidPercl:
            return endWait(explanation, &dossier, &turn)
        default: break
        }
        let pause = waiting?.failed(turn.now.instant) ?? nil
        dossier.note(
            within: .waits, .warning, .webhook, "Webhook \(webhook.requestType) gave no script : \(reason.rawValue)",
            [
                "url": .string(webhook.url.description), "explanation": .string(explanation),
                "again": .string(pause == nil ? "no more: the call leaves" : "while the call waits"),
            ], &turn)
        if let pause {
            turn.want(.arm(.waiting, after: pause))
        } else {
            leave(.systemError, &leg, &dossier, &turn)
        }
        return nil
    }

    /// A script for the wait holds what does not run there: the call ends.
    mutating func waitScriptForbidden(_ command: Command, _ dossier: inout Dossier, _ turn: inout Turn) -> Want {
        endWait(
            "\(command.name) does not run while a call waits; Say, Play, Pause, GetDigits, Redirect, Hangup and "
                + (isParked ? "Unpark" : "Dequeue") + " do", &dossier, &turn)
    }

    private func endWait(_ explanation: String, _ dossier: inout Dossier, _ turn: inout Turn) -> Want {
        dossier.note(.error, .percl, "The script for the wait is refused", ["explanation": .string(explanation)], &turn)
        return .end(CallOutcome(.completed, .appInvalidPercl, explanation))
    }

    // MARK: Out of it

    /// Its turn has come, over REST.
    mutating func dequeued(from queue: QueueID, _ leg: inout Leg, _ dossier: inout Dossier, _ turn: inout Turn) {
        if waiting?.queueID == queue { leave(.dequeued, &leg, &dossier, &turn) }
    }

    /// A parked call goes on.
    mutating func resume(_ leg: inout Leg, _ dossier: inout Dossier, _ turn: inout Turn) {
        if isParked { leave(.dequeued, &leg, &dossier, &turn) }
    }

    /// Dequeue or Unpark, in a script.
    mutating func leaveWait(
        by command: Command, _ leg: inout Leg, _ dossier: inout Dossier, _ turn: inout Turn
    ) -> Want? {
        guard let waiting, waiting.queueID == nil || command.kind == .dequeue else {
            let explanation =
                command.kind == .dequeue
                ? "this call is in no queue; another one's member is called by POST ~/Queues/{queueId}/Members/Front"
                : "this call is not parked"
            dossier.note(
                .error, .percl, "PerCL \(command.name) failed", ["explanation": .string(explanation)], &turn)
            return .end(CallOutcome(.completed, .perclProcessingError, "\(command.name): \(explanation)"))
        }
        leave(.dequeued, &leg, &dossier, &turn)
        return nil
    }

    /// What runs for the wait, or has been asked for, is given up; actionUrl says how it goes on.
    private mutating func leave(
        _ result: Waiting.QueueResult, _ leg: inout Leg, _ dossier: inout Dossier, _ turn: inout Turn
    ) {
        guard let waiting else { return }
        abortScripts(&leg, &dossier, &turn)
        noteLeaving(waiting, result, &dossier, &turn)
        stopWaiting(&turn)
        ask(waiting.leaving(result, turn.now.instant), at: waiting.actionURL, tells: true, &dossier, &turn)
    }

    /// It waits no longer, whatever becomes of it.
    mutating func stopWaiting(_ turn: inout Turn) {
        guard let waiting else { return }
        self.waiting = nil
        turn.want(.disarm(.waiting))
        turn.want(.saveRecord)
        if let queue = waiting.queueID { turn.want(.room(.leaveQueue(queue))) }
    }

    func noteLeaving(
        _ waiting: Waiting, _ result: Waiting.QueueResult, _ dossier: inout Dossier, _ turn: inout Turn
    ) {
        let seconds = JSONValue(waiting.seconds(turn.now.instant))
        guard let queue = waiting.queueID else {
            return dossier.note(.info, .percl, "No longer parked", ["seconds": seconds], &turn)
        }
        dossier.note(
            .info, .percl, "Left the queue",
            ["queueId": .string(queue.text), "queueResult": .string(result.rawValue), "queueTime": seconds], &turn)
    }
}
