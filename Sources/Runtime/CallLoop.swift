package import API
package import CallControl
package import Logging
import Media
package import NIOCore
package import NameResolution
import SIP
package import SIPTransport
package import Storage
package import Telephony

/// Runs the exchange on the event loop that owns all calls, and carries out what it wants (ARCHITECTURE.md#one-loop).
///
/// `@unchecked Sendable`: everything mutable is touched on `eventLoop` alone. Whoever is elsewhere comes in by
/// ``post``.
package final class CallLoop: @unchecked Sendable {
    package let eventLoop: any EventLoop
    let logger: Logger

    private var exchange: Exchange
    let storage: any CallStorage
    private let webhooks: any WebhookPoster
    private let media: MediaBridge
    private let mixes: MixBridge
    private let music: ConferenceMusic
    let numbers: any NumberDirectory
    private let resolver: NameResolver
    private let feed: Feed
    let counters: LoopCounters
    private var transport: (any MessageTransport)?

    private var replies: [ReplyToken: EventLoopPromise<Reply>] = [:]
    /// Of webhooks that have not come back.
    private var withdrawals: [EventID: @Sendable () -> Bool] = [:]
    private var nextReply: UInt64 = 0
    private var timer: Scheduled<Void>?
    private var timerDeadline: Instant?
    private var quietPromises: [EventLoopPromise<Void>] = []

    package init(
        eventLoop: any EventLoop, exchange: Exchange, storage: any CallStorage, webhooks: any WebhookPoster,
        media: MediaBridge, mixes: MixBridge, music: ConferenceMusic, numbers: any NumberDirectory,
        resolver: NameResolver, feed: Feed, counters: LoopCounters, logger: Logger
    ) {
        self.eventLoop = eventLoop
        self.exchange = exchange
        self.storage = storage
        self.webhooks = webhooks
        self.media = media
        self.mixes = mixes
        self.music = music
        self.numbers = numbers
        self.resolver = resolver
        self.feed = feed
        self.counters = counters
        self.logger = logger
    }

    /// How often the loop shows that it comes round.
    private static let beatMilliseconds: Int64 = 50
    /// More than this is not on disk: the writer is behind by seconds.
    private static let maximumPendingOperations = 20_000

    /// True while the loop comes round later than `limit` allows, or the disk is behind. From any thread, without waiting.
    func isOverloaded(limit: Duration) -> Bool {
        counters.lag(now: SystemClock.now().instant) > limit
            || storage.pendingOperations > Self.maximumPendingOperations
    }

    private func beat() {
        counters.beat(next: SystemClock.now().instant + .milliseconds(Self.beatMilliseconds))
        eventLoop.scheduleTask(in: .milliseconds(Self.beatMilliseconds)) { self.beat() }
    }

    /// Before the first input: where SIP goes out, and what an earlier process left.
    package func start(
        transport: any MessageTransport, admission: AdmissionState, restoring work: UnfinishedWork
    ) async throws {
        try await eventLoop.submit { [self] in
            self.transport = transport
            perform(exchange.restore(work, admission: admission, now: SystemClock.now()))
            armTimer()
            beat()
        }.get()
        try await transport.receive { [self] bytes, source in
            take(.datagramReceived(bytes, from: source))
        }
    }

    // MARK: Inputs

    /// From any thread.
    package func post(_ input: Input) {
        eventLoop.execute { self.take(input) }
    }

    /// From any thread: several at once, in order.
    package func post(_ inputs: [Input]) {
        eventLoop.execute { for input in inputs { self.take(input) } }
    }

    /// A REST request: its answer comes when the core gives it, for a new call once it is on disk.
    package func ask(_ input: @escaping @Sendable (ReplyToken) -> Input) async -> Reply {
        let promise = eventLoop.makePromise(of: Reply.self)
        eventLoop.execute { [self] in
            nextReply += 1
            let token = ReplyToken(rawValue: nextReply)
            replies[token] = promise
            take(input(token))
        }
        do { return try await promise.futureResult.get() } catch { return .refused(.draining) }
    }

    package func gauges() async -> ExchangeGauges {
        let future = eventLoop.submit { self.exchange.gauges }
        return (try? await future.get()) ?? ExchangeGauges()
    }

    /// The call that SIP messages with that Call-ID belong to; nil once it is settled, and for none.
    package func call(withSIPCallID callID: String) async -> CallID? {
        let future = eventLoop.submit { self.exchange.call(withSIPCallID: callID) }
        return try? await future.get()
    }

    /// The call is not settled yet; true, too, where the loop cannot be asked any more.
    package func keeps(_ call: CallID) async -> Bool {
        let future = eventLoop.submit { self.exchange.keeps(call) }
        return (try? await future.get()) ?? true
    }

    /// Returns when no call is alive and nothing waits for a first delivery, or after `limit`.
    package func waitUntilQuiet(atMost limit: TimeAmount) async {
        let promise = eventLoop.makePromise(of: Void.self)
        await withTaskCancellationHandler {
            eventLoop.execute { [self] in
                quietPromises.append(promise)
                eventLoop.scheduleTask(in: limit) { promise.succeed() }
                tellWhetherQuiet()
            }
            try? await promise.futureResult.get()
        } onCancel: {
            promise.succeed()
        }
    }

    private func take(_ input: Input) {
        eventLoop.assertInEventLoop()
        counters.inputTaken()
        perform(exchange.handle(input, now: SystemClock.now()))
        for call in exchange.takeSettledCalls() { feed.settled(call) }
        armTimer()
        if !quietPromises.isEmpty { tellWhetherQuiet() }
    }

    private func tellWhetherQuiet() {
        guard exchange.isQuiet else { return }
        for promise in quietPromises { promise.succeed() }
        quietPromises.removeAll()
    }

    // MARK: Effects

    private func perform(_ effects: [Effect]) {
        for effect in effects {
            switch effect {
            case .send(let bytes, let destination):
                send(bytes, to: destination)
            case .store(let operations, let token): store(operations, token)
            case .deliver(let webhook, _): deliver(webhook)
            case .withdrawWebhook(let event): withdraw(event)
            case .reply(let token, let reply): replies.removeValue(forKey: token)?.succeed(reply)
            case .media(let handle, let order): media.carryOut(order, handle)
            case .mix(let mix, let order): mixes.carryOut(order, mix)
            case .prepareMusic(let conference, let url, let account): music.prepare(conference, url, of: account)
            case .forgetMusic(let conference): music.forget(conference)
            case .lookUpConference(let call, let account, let conference): lookUp(conference, of: account, for: call)
            case .resolveHop(let session, let host):
                resolver.resolve(host) { [self] (addresses: [IPAddress]) in
                    post(.hopResolved(session, host, addresses))
                }
            case .resolveCaller(let call, let account, let number):
                post(.callerResolved(call, numbers.number(number, of: account)?.phoneNumberID))
            case .resolveMediaName(let question, let name):
                resolver.resolve(name) { (addresses: [IPAddress]) in self.post(.mediaNameResolved(question, addresses))
                }
            case .routeInbound(let session, let number):
                post(.inboundRouted(session, numbers.route(to: number)))
            case .fault(let call, let explanation):
                counters.faultFound()
                logger.error("\(explanation)", metadata: call.map { ["call": "\($0)"] })
            case .refused(let refusal, let inLog, let inAccountLog): tell(refusal, inLog, inAccountLog)
            case .discarded(let reason): counters.discarded(reason)
            }
        }
    }

    private func send(_ bytes: [UInt8], to destination: TransportAddress) {
        switch transport?.send(bytes, to: destination) {
        case .sent, nil: break
        case .lost: counters.datagramLost()
        case .unreachable(let explanation):
            counters.datagramLost()
            logger.debug("nothing can be sent to \(destination): \(explanation)")
            // Behind whatever is being carried out.
            post(.sendFailed(to: destination, explanation: explanation))
        }
    }

    private func store(_ operations: [StorageOperation], _ token: CommitToken?) {
        // What nobody awaits and is lost, storage tells its observer.
        guard let token else { return storage.submit(operations, isAwaited: false, completion: nil) }
        storage.submit(operations, isAwaited: true) { [self] result in
            switch result {
            case .success: post(.committed(token))
            case .failure(let error):
                if !error.isOutage { logger.error("storage failed: \(error)") }
                post(.commitFailed(token, CommitFailure(error)))
            }
        }
    }

    private func deliver(_ webhook: Webhook) {
        let began = NIODeadline.now()
        withdrawals[webhook.eventID] = webhooks.post(webhook) { [self] explanation in
            post(.webhookWaits(webhook.eventID, explanation: explanation))
        } completion: { [self] outcome in
            let spent = NIODeadline.now() - began
            let milliseconds = Int(spent.nanoseconds / 1_000_000)
            eventLoop.execute {
                self.withdrawals[webhook.eventID] = nil
                self.take(.webhookFinished(webhook.eventID, outcome, milliseconds: milliseconds))
            }
        }
    }

    /// What goes on is in memory: one that is on disk and not there has been terminated.
    private func lookUp(_ conference: ConferenceID, of account: AccountID, for call: CallID) {
        let storage = storage
        Task {
            await storage.barrier()
            let found = try? await storage.conference(conference, account: account)
            post(.conferenceLookedUp(call, conference, isKnown: found != nil))
        }
    }

    private func withdraw(_ event: EventID) {
        guard withdrawals.removeValue(forKey: event)?() == true else { return }
        let failure = WebhookFailure(
            kind: .noPlace, explanation: "its call went on without it while it waited for its turn; it was not sent")
        post(.webhookFinished(event, .failed(failure), milliseconds: 0))
    }

    // MARK: The one timer

    private func armTimer() {
        let deadline = exchange.lookAtDeadline()
        guard deadline != timerDeadline else { return }
        // An earlier timer that stands already will do for a later deadline: it fires, finds nothing, and re-arms.
        if let deadline, let timerDeadline, timerDeadline <= deadline { return }
        timer?.cancel()
        timer = nil
        timerDeadline = deadline
        guard let deadline else { return }
        timer = eventLoop.scheduleTask(
            deadline: .uptimeNanoseconds(UInt64(clamping: deadline.nanoseconds))
        ) { [self] in
            timer = nil
            timerDeadline = nil
            take(.timersDue)
        }
    }
}

extension CommitFailure {
    fileprivate init(_ error: StorageError) {
        self =
            switch error {
            case .diskFull: .diskFull
            case .conflict: .conflict
            case _ where error.isOutage: .diskFailing
            default: .other
            }
    }
}

/// Whose numbers are whose. In memory: asked on the call loop.
package protocol NumberDirectory: Sendable {
    /// The account's own number, nil where it owns no such one.
    func number(_ phone: PhoneNumber, of account: AccountID) -> OwnedNumber?

    /// Who answers for calls to it.
    func route(to phone: PhoneNumber) -> InboundRoute
}

/// Posts a webhook once; signs it with the account's secrets of that moment.
package protocol WebhookPoster: Sendable {
    /// The completion runs once, on any thread; before it, `waits`, with words for the call's log, where the webhook has
    /// to wait for its turn.
    ///
    /// - Returns: takes the webhook out of the queue again. False where its turn has come; else its completion does not
    ///   run.
    func post(
        _ webhook: Webhook, waits: @escaping @Sendable (String) -> Void,
        completion: @escaping @Sendable (WebhookOutcome) -> Void
    ) -> @Sendable () -> Bool
}
