package import SIP
package import Telephony

/// How much of everything is alive, for `/metrics` and for the simulation's last check.
package struct ExchangeGauges: Hashable, Sendable {
    package var liveCalls = 0
    package var queuedCalls = 0
    package var portsInUse = 0
    package var timers = 0
    package var outboxDepth = 0
    /// Those that have not been terminated, and who is in them.
    package var conferences = 0
    package var participants = 0
    package var queues = 0
    /// Calls that wait in a queue.
    package var waitingCalls = 0
    package var userAgent = UserAgentGauges()
    package var finishedCalls: [CallStatus: Int] = [:]
    package var endedNotifications: [NotificationEnd: Int] = [:]

    package init() {}

    /// Nothing is left over.
    package var isIdle: Bool {
        liveCalls == 0 && queuedCalls == 0 && portsInUse == 0 && timers == 0 && outboxDepth == 0 && participants == 0
            && waitingCalls == 0 && userAgent.isIdle
    }
}

extension Exchange {
    /// No call is alive and nothing waits for a first delivery: a good moment to stop. Calls that wait stay on disk.
    package var isQuiet: Bool {
        calls.reduce(into: true) { isQuiet, call in isQuiet = isQuiet && call.isSettledButForTurn }
            && conferences.outboxDepth == 0
    }

    /// The call that messages with that Call-ID belong to, while it is not settled.
    package func call(withSIPCallID callID: String) -> CallID? { callsBySIPCallID[callID] }

    package var gauges: ExchangeGauges {
        var gauges = ExchangeGauges()
        gauges.liveCalls = calls.reduce(into: 0) { count, call in if !call.leg.isOver { count += 1 } }
        gauges.queuedCalls = queue.count
        gauges.portsInUse = ports.inUse
        gauges.timers = timers.count
        gauges.outboxDepth = calls.reduce(into: retries.count) { $0 += $1.dossier.outbox.depth }
        gauges.outboxDepth += conferences.outboxDepth
        gauges.conferences = conferences.count
        gauges.participants = conferences.participants
        gauges.queues = queues.count
        gauges.waitingCalls = queues.waiting
        gauges.userAgent = userAgent.gauges
        gauges.finishedCalls = finishedCalls
        gauges.endedNotifications = endedNotifications
        return gauges
    }
}
