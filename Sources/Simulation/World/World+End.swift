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
            default: if storage.records[id] != nil { counters.count(.crashWhileSettling) }
            }
        }
        counters.count(.crashWithNotification, times: storage.notifications.count)
    }

    /// A crash between an ACK and the commit of its dialog leaves a dialog that Belay does not know. The far end ends
    /// it when it has heard nothing for long.
    func leaveOrphans() {
        for (callID, _) in unstoredDialogs {
            for call in farCallsByCallID[callID] ?? [] where farEnds[call.farEnd].isAlive(call.session) {
                counters.count(.dialogForgotten)
                queue.schedule(.farEndHears(call, .nothingAnyMore), at: after(milliseconds: 60_000))
            }
        }
    }

    var hasUnstoredDialog: Bool {
        unstoredDialogs.contains { callID, _ in
            farCallsByCallID[callID, default: []].contains { farEnds[$0.farEnd].isAlive($0.session) }
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
        for id in statuses.calls {
            guard storage.calls[id] != nil, !statuses.hasLosses(id), let plan = plan(of: id) else { continue }
            try webhooks.checkTold(id, wantsStatus: plan.hasStatusCallback)
        }
        for call in statuses.outcomes {
            guard let reason = call.endedReason,
                let occurrence = Occurrence(rawValue: "\(call.status.rawValue)/\(reason.rawValue)")
            else {
                throw Violation(
                    "decision 24", "\(call.to) is \(call.status) for \(call.endedReason?.rawValue ?? "no reason")")
            }
            counters.count(occurrence)
        }
    }
}
