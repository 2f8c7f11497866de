import CallControl
import People
import SIP
import Telephony

/// What is counted, and what must be true when nothing is left to happen.
extension World {
    var liveCallCount: Int {
        statuses.calls.count { id in statuses.latest(id).map { !$0.status.isTerminal } ?? false }
    }

    func countCrash() {
        for id in statuses.calls {
            guard let call = statuses.latest(id) else { continue }
            switch call.status {
            case .queued:
                counters.count(dialling.contains(id) ? .crashWhileOpening : .crashWhileQueued)
            case .ringing: counters.count(.crashWhileRinging)
            case .inProgress:
                counters.count(.crashWhileConnected)
                if webhooks.isFetching(id) { counters.count(.crashWhileFetching) }
                countCrashInRooms(id)
            default: if storage.records[id] != nil { counters.count(.crashWhileSettling) }
            }
        }
        counters.count(.crashWithNotification, times: storage.notifications.count)
    }

    /// What is acknowledged is on disk, whenever the crash comes. A dialog that came to a call when that was over and
    /// forgotten is acknowledged and hung up in one go: where the crash parts the two, or the network loses the second, the
    /// far end ends it when it has heard nothing for long. So it is where the disk refused the record.
    func leaveOrphans() throws(Violation) {
        for (callID, tag) in unstoredDialogs {
            let id = signalling.number(of: callID).flatMap(statuses.call(dialling:))
            for call in farCallsByCallID[callID] ?? [] where farEnds[call.farEnd].isAlive(call.session) {
                guard let id, settled.contains(id) || statuses.hasLosses(id) else {
                    throw Violation("no dialog is forgotten", "\(callID), tag \(tag), is open and not on disk")
                }
                queue.schedule(.farEndHears(call, .nothingAnyMore), at: after(milliseconds: 60_000))
            }
        }
    }

    /// The ACK of a 2xx waits for the disk to know its dialog (docs/decisions/0025).
    func checkACK(_ message: Sighting) throws(Violation) {
        guard signalling.isFirstACK(message), let id = statuses.call(dialling: message.number) else { return }
        guard storage.hasRecord(id, of: message.toTag) || settled.contains(id) || statuses.hasLosses(id) else {
            throw Violation("ACK only after the commit", "\(message.summary) leaves, and its dialog is not on disk")
        }
    }

    /// What Belay has acknowledged and no record on disk knows.
    private var unstoredDialogs: [(callID: String, tag: String)] {
        signalling.dialogs { number, tag in
            guard let id = statuses.call(dialling: number) else { return false }
            return storage.hasRecord(id, of: tag)
        }
    }

    /// Nothing of Belay and nothing of the far ends is alive.
    func checkIdle() throws(Violation) {
        guard storage.isIdle else { throw Violation("everything comes to rest", "the disk is at work") }
        if let gauges = subject?.gauges, !gauges.isIdle {
            throw Violation("nothing is left over", "Belay: \(gauges)")
        }
        for (index, farEnd) in farEnds.enumerated() where !farEnd.isIdle {
            throw Violation(
                "nothing is left over", "far end \(index): \(farEnd.callCount) calls, \(farEnd.gauges)")
        }
    }

    func conclude() throws(Violation) {
        try statuses.concluded()
        try webhooks.concluded()
        try durability.concluded(storage)
        try signalling.concluded()
        for id in statuses.calls {
            guard storage.calls[id] != nil, !statuses.hasLosses(id), let plan = plan(of: id) else { continue }
            try webhooks.checkTold(id, wantsStatus: plan.hasStatusCallback)
        }
        for call in statuses.outcomes {
            guard let reason = call.endedReason,
                let occurrence = Occurrence(rawValue: "\(call.status.rawValue)/\(reason.rawValue)")
            else {
                throw Violation(
                    "outcome table", "\(call.to) is \(call.status) for \(call.endedReason?.rawValue ?? "no reason")")
            }
            counters.count(occurrence)
        }
    }
}
