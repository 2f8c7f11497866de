import Telephony

/// One terminal status for each call, and the order of statuses as they are stored (docs/contract/calls.md#status,
/// docs/contract/calls.md#ringing).
struct StatusCheck {
    private struct Story {
        /// As this life has stored it, committed or on the way.
        var issued: Call
        var committed: Call?
        /// A transaction about it failed, so that the disk cannot tell the whole of it.
        var hasLosses = false
    }

    private var stories: [CallID: Story] = [:]
    private var callsByNumber: [String: CallID] = [:]
    /// In the order of their first row.
    private(set) var calls: [CallID] = []

    func call(dialling number: String) -> CallID? { callsByNumber[number] }

    func latest(_ id: CallID) -> Call? { stories[id]?.issued }

    func hasLosses(_ id: CallID) -> Bool { stories[id]?.hasLosses ?? false }

    mutating func stored(_ call: Call) throws(Violation) {
        let id = call.callID
        guard var story = stories[id] else {
            guard call.status == .queued, call.revision == 1 else {
                throw Violation("order of statuses", "\(id) begins as \(call.status), revision \(call.revision)")
            }
            stories[id] = Story(issued: call)
            callsByNumber[call.to] = id
            calls.append(id)
            return
        }
        try Self.refuseIllegal(from: story.issued, to: call, hasLosses: story.hasLosses)
        story.issued = call
        stories[id] = story
    }

    mutating func committed(_ call: Call) throws(Violation) {
        guard var story = stories[call.callID] else { return }
        if let earlier = story.committed, earlier.status.isTerminal, earlier.status != call.status {
            throw Violation("one terminal status", "\(call.callID) was \(earlier.status) and becomes \(call.status)")
        }
        story.committed = call
        stories[call.callID] = story
    }

    mutating func lost(_ id: CallID) { stories[id]?.hasLosses = true }

    /// The next life knows what the disk knows.
    mutating func crashed() {
        for id in calls {
            guard var story = stories[id], let committed = story.committed else { continue }
            story.issued = committed
            stories[id] = story
        }
    }

    /// Everything is over: every stored call has its one end.
    func concluded() throws(Violation) {
        for id in calls {
            guard let committed = stories[id]?.committed else { continue }
            guard committed.status.isTerminal else {
                throw Violation("one terminal status", "\(id) to \(committed.to) is left \(committed.status)")
            }
            guard committed.endedReason != nil, committed.endTime != nil else {
                throw Violation("one terminal status", "\(id) ended without reason or time")
            }
        }
    }

    /// How calls ended, as the disk has it.
    var outcomes: [Call] { calls.compactMap { stories[$0]?.committed } }

    private static func isStep(from earlier: Call, to later: Call) -> Bool {
        switch (earlier.status, later.status) {
        case (.queued, .ringing), (.queued, .canceled), (.queued, .failed): true
        case (.ringing, .inProgress), (.ringing, .canceled), (.ringing, .failed), (.ringing, .busy),
            (.ringing, .noAnswer):
            true
        case (.inProgress, .completed): true
        // It becomes known who answered.
        case (.inProgress, .inProgress): earlier.answeredBy == nil && later.answeredBy != nil
        default: false
        }
    }

    /// Past a row that the disk lost, whose record it has from a later transaction.
    private static func isLeap(from earlier: CallStatus, to later: CallStatus) -> Bool {
        switch (earlier, later) {
        case (.queued, .inProgress), (.queued, .busy), (.queued, .noAnswer), (.queued, .completed): true
        case (.ringing, .completed): true
        default: false
        }
    }

    private static func refuseIllegal(from earlier: Call, to later: Call, hasLosses: Bool) throws(Violation) {
        let id = later.callID
        // The same row once more, with the last of the call's record: the disk may have refused it before.
        if earlier.status.isTerminal, later == earlier { return }
        guard !earlier.status.isTerminal else {
            throw Violation("one terminal status", "\(id) was \(earlier.status) and becomes \(later.status)")
        }
        guard isStep(from: earlier, to: later) || hasLosses && isLeap(from: earlier.status, to: later.status) else {
            throw Violation("order of statuses", "\(id) goes from \(earlier.status) to \(later.status)")
        }
        // A lost row may be behind the record.
        guard later.revision == earlier.revision + 1 || hasLosses && later.revision > earlier.revision else {
            throw Violation(
                "order of statuses", "\(id) goes from revision \(earlier.revision) to \(later.revision)")
        }
        guard later.dateCreated == earlier.dateCreated,
            earlier.startTime == nil || later.startTime == earlier.startTime,
            earlier.connectTime == nil || later.connectTime == earlier.connectTime
        else { throw Violation("order of statuses", "\(id) forgets when it began") }
        guard (later.connectTime != nil) == (later.status == .inProgress || later.status == .completed) else {
            throw Violation(
                "order of statuses",
                "\(id) is \(later.status) with connectTime \(String(describing: later.connectTime))")
        }
    }
}
