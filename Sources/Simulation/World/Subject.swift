import CallControl
import JSON
import SIP
import Telephony

/// What is under test: the exchange, and between it and the world, where one is switched on, a defect.
struct Subject {
    var exchange: Exchange
    private let defect: Defect?
    /// Commits that the exchange was told of before they happened.
    private var prematureTokens: Set<CommitToken> = []
    /// Effects that wait for a commit that the exchange believes to have happened.
    private var held: [CommitToken: [Effect]] = [:]
    /// Webhooks kept back so that a later one overtakes them.
    private var overtaken: [WebhookOwner: Webhook] = [:]

    init(
        configuration: ExchangeConfiguration, userAgent: UserAgentConfiguration, random: RandomSource, defect: Defect?
    ) {
        var configuration = configuration
        if defect == .portNotRested { configuration.portRest = .zero }
        exchange = Exchange(configuration: configuration, userAgent: userAgent, random: random)
        self.defect = defect
    }

    var nextDeadline: Instant? { exchange.nextDeadline }
    var gauges: ExchangeGauges { exchange.gauges }

    mutating func restore(_ work: UnfinishedWork, now: Moment) -> [Effect] {
        var work = work
        switch defect {
        case .forgottenRecord: work.records = Array(work.records.dropFirst())
        case .redialAfterCrash:
            work.records = work.records.map { id, bytes in (id, Self.asIfQueued(bytes)) }
        case .queuesForgotten: work.queues = []
        case .conferencesForgotten: work.conferences = []
        case .waitForgotten: return exchange.restore(work, now: now).map { $0.untold(Self.departures) }
        default: break
        }
        return distort(exchange.restore(work, now: now), now)
    }

    mutating func handle(_ input: Input, now: Moment) -> [Effect] {
        switch (defect, input) {
        case (.portNotFreed, .media(_, .closed)): return []
        case (.ignoredCommitFailure, .commitFailed(let token, _)):
            return distort(exchange.handle(.committed(token), now: now), now)
        case (.ungatedCommit, .committed(let token)) where prematureTokens.remove(token) != nil: return []
        case (.prematureAnswer, .committed(let token)), (.prematureACK, .committed(let token)):
            if let effects = held.removeValue(forKey: token) { return effects }
            break
        case (.memberNotTaken, .queueRequest(let token, let account, .dequeue(let queue, let call), let request)):
            let input = Input.queueRequest(token, account, .member(queue, call), request)
            return distort(exchange.handle(input, now: now), now)
        case (.lastServedFirst, .queueRequest(let token, let account, .dequeue(let queue, nil), let request)):
            let last = lastMember(of: queue, account, request, now)
            let input = Input.queueRequest(token, account, .dequeue(queue, last), request)
            return distort(exchange.handle(input, now: now), now)
        default: break
        }
        return distort(exchange.handle(input, now: now), now)
    }

    private mutating func distort(_ effects: [Effect], _ now: Moment) -> [Effect] {
        guard let defect else { return effects }
        var distorted: [Effect] = []
        for effect in effects { distort(effect, by: defect, now, &distorted) }
        return distorted
    }

    private mutating func distort(_ effect: Effect, by defect: Defect, _ now: Moment, _ effects: inout [Effect]) {
        switch (defect, effect) {
        case (.lostACK, .send(let bytes, _)) where bytes.starts(with: "ACK ".utf8): return
        case (.skippedBye, .send(let bytes, _)) where bytes.starts(with: "BYE ".utf8): return
        case (.skippedCancel, .send(let bytes, _)) where bytes.starts(with: "CANCEL ".utf8): return
        case (.doubledCallStatus, .deliver(let webhook, _)) where webhook.requestType == "callStatus":
            effects += [effect, effect]
        case (.ungatedCommit, .store(_, let token?)):
            effects.append(effect)
            prematureTokens.insert(token)
            effects += exchange.handle(.committed(token), now: now)
        case (.prematureAnswer, .store(_, let token?)):
            effects.append(effect)
            var later: [Effect] = []
            for effect in exchange.handle(.committed(token), now: now) {
                if case .reply = effect { effects.append(effect) } else { later.append(effect) }
            }
            held[token] = later
        case (.prematureACK, .store(let operations, let token?)) where operations.contains(where: \.isRecordOfAnswer):
            effects.append(effect)
            var later: [Effect] = []
            for effect in exchange.handle(.committed(token), now: now) {
                if case .send(let bytes, _) = effect, bytes.starts(with: "ACK ".utf8) {
                    effects.append(effect)
                } else {
                    later.append(effect)
                }
            }
            held[token] = later
        case (.portShared, .media(let handle, .open(var opening))):
            opening.port = 20_000
            effects.append(.media(handle, .open(opening)))
        case (.lostTerminalStatus, .store(let operations, let token)):
            effects.append(.store(operations.filter { !$0.endsCall }, token))
        case (.repeatedTerminalStatus, .store(let operations, let token)):
            effects.append(.store(operations.flatMap { [$0, $0.withAnotherEnd].compactMap(\.self) }, token))
        case (.lostRecord, .store(let operations, let token)):
            effects.append(.store(operations.filter { !$0.isRecordOfAnswer }, token))
        case (.webhooksOutOfOrder, .deliver(let webhook, _)): overtake(webhook, effect, now, &effects)
        case (.forgottenNotification, .store(let operations, let token)):
            effects.append(.store(operations.map(\.withoutRetry), token))
        case (.thirdAttempt, .deliver(let webhook, 2)) where webhook.purpose == .script:
            effects += [effect, .deliver(webhook, attempt: 3)]
        default: distortRooms(effect, by: defect, &effects)
        }
    }

    private mutating func overtake(_ webhook: Webhook, _ effect: Effect, _ now: Moment, _ effects: inout [Effect]) {
        if webhook.purpose == .notification, webhook.requestType != "callStatus", overtaken[webhook.owner] == nil {
            overtaken[webhook.owner] = webhook
            let outcome = WebhookOutcome.answered(status: 200, contentType: nil, body: [])
            let next = exchange.handle(.webhookFinished(webhook.eventID, outcome, milliseconds: 1), now: now)
            for effect in next { distort(effect, by: .webhooksOutOfOrder, now, &effects) }
        } else {
            effects.append(effect)
            if let first = overtaken.removeValue(forKey: webhook.owner) {
                effects.append(.deliver(first, attempt: 1))
            }
        }
    }

    /// The record of a call that waits, made from that of one that was being dialled.
    private static func asIfQueued(_ record: [UInt8]) -> [UInt8] {
        guard case .object(var members)? = try? JSONValue(parsing: record), case .object(var leg)? = members["leg"],
            leg["phase"] == .string("opening") || leg["phase"] == .string("ringing")
        else { return record }
        leg["phase"] = .string("waiting")
        leg["session"] = nil
        members["leg"] = .object(leg)
        return JSONValue.object(members).bytes
    }
}

extension StorageOperation {
    fileprivate var endsCall: Bool {
        if case .saveCall(let call) = self { call.status.isTerminal } else { false }
    }

    /// The same end under another name; nil for what ends no call.
    fileprivate var withAnotherEnd: StorageOperation? {
        guard case .saveCall(var call) = self, call.status.isTerminal else { return nil }
        call.status = call.status == .failed ? .canceled : .failed
        call.revision += 1
        return .saveCall(call)
    }

    fileprivate var isRecordOfAnswer: Bool {
        if case .saveRecord(_, let bytes) = self { bytes.holds(#""phase":"answered""#) } else { false }
    }

    /// A retry that is never to come.
    fileprivate var withoutRetry: StorageOperation {
        guard case .saveNotification(let pending) = self, pending.attempts > 0 else { return self }
        return .removeNotification(pending.webhook.eventID)
    }
}
