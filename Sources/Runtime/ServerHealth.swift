import API
import CallControl
package import Media
import NIOCore
import SIP
package import Storage
import Synchronization
import Telephony
package import Webhooks

/// `/health`, `/ready` and `/metrics` (Prometheus' text format 0.0.4).
package final class ServerHealth: HealthService {
    private let ready = Atomic<Bool>(false)
    private let storageLow = Atomic<Bool>(false)
    private let loop: CallLoop
    private let counters: LoopCounters
    private let storage: any CallStorage
    private let engine: MediaEngine
    private let webhooks: WebhookClient
    private let crashes: SpeechCrashes

    package init(
        loop: CallLoop, counters: LoopCounters, storage: any CallStorage, engine: MediaEngine, webhooks: WebhookClient,
        crashes: SpeechCrashes
    ) {
        self.loop = loop
        self.counters = counters
        self.storage = storage
        self.engine = engine
        self.webhooks = webhooks
        self.crashes = crashes
    }

    package var isReady: Bool { knownReason == nil }

    /// What is not known yet is found out: an idle server writes nothing by itself for seconds. A disk that does not
    /// answer at all is waited for no longer than this.
    private static let probeLimit = TimeAmount.seconds(1)
    private static let freshMilliseconds = 1_000

    package func reasonNotReady() async -> String? {
        if let knownReason { return knownReason }
        let storage = storage
        let promise = loop.eventLoop.makePromise(of: Void.self)
        Task {
            await storage.probe(unlessWrittenWithin: Self.freshMilliseconds)
            promise.succeed()
        }
        loop.eventLoop.scheduleTask(in: Self.probeLimit) { promise.succeed() }
        try? await promise.futureResult.get()
        return knownReason
    }

    /// How long a transaction has been on its way; nil where none takes long.
    var stalledMilliseconds: Int? {
        if case .stalled(let milliseconds) = storage.health { milliseconds } else { nil }
    }

    var isStorageFailing: Bool {
        if case .failing = storage.health { true } else { false }
    }

    private var knownReason: String? {
        guard ready.load(ordering: .relaxed) else { return "the server is starting, or stopping" }
        switch storage.health {
        case .well: break
        case .failing(let error): return "\(error)"
        case .stalled(let milliseconds): return "the disk has not answered for \(milliseconds / 1000) s"
        }
        return storageLow.load(ordering: .relaxed) ? "the disk has little room left" : nil
    }

    func setStorageLow(_ isLow: Bool) { storageLow.store(isLow, ordering: .relaxed) }

    package func setReady(_ isReady: Bool) { ready.store(isReady, ordering: .relaxed) }

    package func metricsText() async -> String {
        let gauges = await loop.gauges()
        let agent = gauges.userAgent
        let media = engine.figures
        var text = MetricsText()
        text.gauge("belay_calls_live", "Calls that have not ended.", gauges.liveCalls)
        text.gauge("belay_calls_queued", "Calls that wait for their turn.", gauges.queuedCalls)
        text.gauge(
            "belay_sip_transactions", "SIP transactions, all four kinds.",
            agent.inviteClientTransactions + agent.nonInviteClientTransactions + agent.inviteServerTransactions
                + agent.nonInviteServerTransactions)
        text.gauge("belay_sip_dialogs", "SIP dialogs, early and confirmed.", agent.dialogs)
        text.gauge("belay_sip_sessions", "SIP sessions, lingering ones too.", agent.sessions)
        text.gauge("belay_rtp_ports_in_use", "RTP ports that calls hold.", gauges.portsInUse)
        text.gauge("belay_timers", "Armed timers.", gauges.timers + agent.timers)
        text.gauge("belay_outbox_depth", "Webhooks that wait or are in flight.", gauges.outboxDepth)
        text.gauge("belay_storage_pending", "Changes that wait for their commit.", storage.pendingOperations)
        text.gauge(
            "belay_storage_failing", "1 while the disk takes no writes, or does not answer.",
            storage.health == .well ? 0 : 1)
        text.gauge("belay_conferences", "Conferences that have not been terminated.", gauges.conferences)
        text.gauge("belay_conference_participants", "Calls that are in a conference.", gauges.participants)
        text.gauge("belay_queues", "Queues that there are.", gauges.queues)
        text.gauge("belay_queue_members", "Calls that wait in a queue.", gauges.waitingCalls)
        text.gauge("belay_media_sessions", "Open media sessions.", Int(clamping: media.sessions))
        text.counter("belay_media_late_packets_total", "Ticks more than 20 ms late.", Int(clamping: media.lateTicks))
        text.counter("belay_loop_inputs_total", "Inputs that the call loop took.", counters.inputCount)
        text.counter("belay_faults_total", "Impossible states; each is in the server's log.", counters.faultCount)
        text.counter(
            "belay_sip_unsent_total", "Datagrams that the system did not take; they count as lost on the way.",
            counters.lostDatagramCount)
        text.header("belay_calls_total", "counter", "Finished calls by status.")
        for status in CallStatus.allCases where status.isTerminal {
            text.sample("belay_calls_total{status=\"\(status.rawValue)\"}", gauges.finishedCalls[status, default: 0])
        }
        let (scripts, notifications) = (webhooks.load(.script), webhooks.load(.notification))
        text.header("belay_webhooks_running", "gauge", "Webhooks that are being posted, by what they are for.")
        text.sample("belay_webhooks_running{purpose=\"script\"}", scripts.running)
        text.sample("belay_webhooks_running{purpose=\"notification\"}", notifications.running)
        text.header("belay_webhooks_waiting", "gauge", "Webhooks that wait for a place at their host.")
        text.sample("belay_webhooks_waiting{purpose=\"script\"}", scripts.waiting)
        text.sample("belay_webhooks_waiting{purpose=\"notification\"}", notifications.waiting)
        text.header("belay_notifications_total", "counter", "Notifications whose story is over, by how it ended.")
        for end in NotificationEnd.allCases {
            text.sample(
                "belay_notifications_total{end=\"\(end.rawValue)\"}", gauges.endedNotifications[end, default: 0])
        }
        let crashed = crashes.counts
        text.header(
            "belay_speech_crashes_total", "counter", "Texts at which the program that speaks ended before its time.")
        text.sample("belay_speech_crashes_total{spoken=\"plainly\"}", crashed.spoken)
        text.sample("belay_speech_crashes_total{spoken=\"no\"}", crashed.unspoken)
        let discards = counters.discardCounts
        text.header("belay_sip_discarded_total", "counter", "Datagrams that were dropped, by reason.")
        for reason in DiscardReason.allCases {
            text.sample("belay_sip_discarded_total{reason=\"\(reason.rawValue)\"}", discards[reason, default: 0])
        }
        let refusals = counters.refusalCounts
        text.header(
            "belay_inbound_refused_total", "counter",
            "Calls that came in and were turned away, and other requests from addresses that are not the trunk's.")
        for reason in InboundRefusal.Reason.allCases {
            text.sample("belay_inbound_refused_total{reason=\"\(reason.rawValue)\"}", refusals[reason, default: 0])
        }
        return text.text
    }
}
