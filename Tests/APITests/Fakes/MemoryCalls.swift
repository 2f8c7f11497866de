import PQL
import Synchronization
import Telephony

@testable import API

/// Keeps calls as the runtime would, but dials nobody: a call stays as it is until the API changes it.
final class MemoryCalls: CallService {
    private struct State {
        var calls: [(row: Int64, call: Call)] = []
        var requests: [CallRequest] = []
        var updates: [(CallID, CallUpdate, RequestID)] = []
        var journals: [CallID: [JournalEntry]] = [:]
        var notes: [JournalEntry] = []
        var expectedWaitSeconds = 0
        var listsAreSlow = false
        var refusal: CallRefusal?
        var keys: [String: (call: CallID, fingerprint: [UInt8])] = [:]
        var logRefusal: LogRefusal?
        var readFailure: (any Error)?
        var willRead: (@Sendable (_ behind: Int) -> Void)?
        var didRead: (@Sendable (_ behind: Int) -> Void)?
        var isSettled: (@Sendable (_ asked: Int) -> Bool)?
        var settledQuestions = 0
        var random = SystemRandomNumberGenerator()
    }

    struct ReadFailure: Error { let secret = "row 471147114711 of calls.sqlite" }

    private let state = Mutex(State())
    private let now: @Sendable () -> Timestamp

    init(now: @escaping @Sendable () -> Timestamp) { self.now = now }

    var requests: [CallRequest] { state.withLock { $0.requests } }
    var updates: [(CallID, CallUpdate, RequestID)] { state.withLock { $0.updates } }
    var notes: [JournalEntry] { state.withLock { $0.notes } }

    /// What the next calls to be made or updated are refused with.
    func refuse(with refusal: CallRefusal?) { state.withLock { $0.refusal = refusal } }

    /// What searches of the log are refused with.
    func refuseLogs(with refusal: LogRefusal?) { state.withLock { $0.logRefusal = refusal } }

    /// Of every call.
    func setStatus(_ status: CallStatus) {
        state.withLock { state in
            for index in state.calls.indices { state.calls[index].call.status = status }
        }
    }

    /// What the next calls are told that they wait.
    var expectedWaitSeconds: Int { state.withLock { $0.expectedWaitSeconds } }

    func expectWait(seconds: Int) { state.withLock { $0.expectedWaitSeconds = seconds } }

    /// Lists of calls are given up from now on.
    func slowLists() { state.withLock { $0.listsAreSlow = true } }

    func failReads(with error: any Error = ReadFailure()) { state.withLock { $0.readFailure = error } }

    /// Run before and after each page that is read of a journal behind some entry.
    func onRead(
        will: @escaping @Sendable (_ behind: Int) -> Void = { _ in },
        did: @escaping @Sendable (_ behind: Int) -> Void = { _ in }
    ) {
        state.withLock { ($0.willRead, $0.didRead) = (will, did) }
    }

    /// What is answered when it is asked for the first time, the second and so on whether a call is settled; until this is
    /// set, calls are that have ended.
    func answerSettled(_ answer: @escaping @Sendable (_ asked: Int) -> Bool) {
        state.withLock { $0.isSettled = answer }
    }

    /// As storage would.
    func apply(_ operations: [StorageOperation]) {
        state.withLock { state in
            for operation in operations {
                switch operation {
                case .saveCall(let call):
                    if let index = state.calls.firstIndex(where: { $0.call.callID == call.callID }) {
                        state.calls[index].call = call
                    } else {
                        state.calls.append((Int64(state.calls.count + 1), call))
                    }
                case .appendJournal(let entry):
                    if let call = entry.callID {
                        state.journals[call, default: []].append(entry)
                    } else {
                        state.notes.append(entry)
                    }
                default: break
                }
            }
        }
    }

    func insert(_ call: Call, journal: [JournalEntry] = []) {
        state.withLock { state in
            state.calls.append((Int64(state.calls.count + 1), call))
            state.journals[call.callID] = journal
        }
    }

    func makeCall(_ request: CallRequest) async throws(CallRefusal) -> MadeCall {
        let result: Result<Call, CallRefusal> = state.withLock { state in
            if let refusal = state.refusal { return .failure(refusal) }
            let call = Call(
                callID: CallID(random: &state.random), accountID: request.accountID,
                applicationID: request.applicationID, parentCallID: request.parentCallID,
                phoneNumberID: request.phoneNumberID,
                from: request.from.text, to: request.to.text, direction: .outboundAPI, status: .queued, created: now())
            if let key = request.idempotency {
                guard state.keys[key.text] == nil else { return .failure(.keyInUse) }
                state.keys[key.text] = (call.callID, key.fingerprint)
            }
            state.requests.append(request)
            state.calls.append((Int64(state.calls.count + 1), call))
            return .success(call)
        }
        return MadeCall(call: try result.get(), expectedWaitSeconds: expectedWaitSeconds)
    }

    func call(
        keyed key: String, of account: AccountID, now: Timestamp
    ) async throws -> (call: Call, fingerprint: [UInt8])? {
        state.withLock { state in
            guard let found = state.keys[key],
                let call = state.calls.first(where: {
                    $0.call.callID == found.call && $0.call.accountID == account
                })?.call
            else { return nil }
            return (call, found.fingerprint)
        }
    }

    func updateCall(_ id: CallID, of account: AccountID, to update: CallUpdate, requestID: RequestID)
        async throws(CallRefusal)
    {
        let result: Result<Void, CallRefusal> = state.withLock { state in
            if let refusal = state.refusal { return .failure(refusal) }
            let index = state.calls.firstIndex { $0.call.callID == id && $0.call.accountID == account }
            guard let index, !state.calls[index].call.status.isTerminal else { return .failure(.notFound) }
            state.calls[index].call.status = .canceled
            state.updates.append((id, update, requestID))
            return .success(())
        }
        try result.get()
    }

    func call(_ id: CallID, of account: AccountID) async throws -> Call? {
        try state.withLock { state in
            if let failure = state.readFailure { throw failure }
            return state.calls.first { $0.call.callID == id && $0.call.accountID == account }?.call
        }
    }

    func parent(_ id: CallID, of account: AccountID) async -> ParentCall? {
        (try? await call(id, of: account)).map {
            ParentCall(call: $0, callConnectURL: WebURL("http://127.0.0.1:9/parent"), statusCallbackURL: nil)
        }
    }

    func hasInboundCall(with number: PhoneNumber, of account: AccountID) async throws -> Bool {
        state.withLock { state in
            state.calls.contains { _, call in
                call.accountID == account && call.direction == .inbound && [call.from, call.to].contains(number.text)
            }
        }
    }

    func calls(of account: AccountID, matching filter: CallFilter, after cursor: PageCursor?) async throws
        -> Page<Call>
    {
        try state.withLock { state in
            guard !state.listsAreSlow else { throw ListTooSlow(milliseconds: 2_000) }
            let matching = state.calls.filter { _, call in
                call.accountID == account && filter.matches(call)
            }
            return MemoryPages.page(of: matching.map { ($0.row, $0.call) }, after: cursor)
        }
    }

    func endedCalls(
        matching filter: EndedCallFilter, after position: EndedCallPosition?
    ) async throws -> EndedCalls {
        state.withLock { state in
            let found = state.calls.filter { _, call in
                guard let ended = call.endTime else { return false }
                return filter.accountID.map { $0 == call.accountID } ?? true && filter.since.map { $0 <= ended } ?? true
                    && filter.until.map { ended < $0 } ?? true
                    && position.map { ($0.ended, $0.callID) < (ended, call.callID) } ?? true
            }
            return EndedCalls(calls: found.map(\.call), next: nil)
        }
    }

    func journal(of call: CallID, account: AccountID, after cursor: PageCursor?) async throws -> Page<JournalEntry>? {
        state.withLock { state in
            guard state.calls.contains(where: { $0.call.callID == call && $0.call.accountID == account }) else {
                return nil
            }
            let entries = state.journals[call, default: []]
            return MemoryPages.page(of: entries.map { (Int64($0.sequence), $0) }, after: cursor)
        }
    }

    func journal(of call: CallID, account: AccountID, behind sequence: Int) async throws -> [JournalEntry] {
        let (will, did) = try state.withLock { state in
            if let failure = state.readFailure { throw failure }
            return (state.willRead, state.didRead)
        }
        will?(sequence)
        let page = state.withLock { state in
            guard state.calls.contains(where: { $0.call.callID == call && $0.call.accountID == account }) else {
                return [JournalEntry]()
            }
            return Array(
                state.journals[call, default: []].filter { $0.sequence > sequence }
                    .sorted { $0.sequence < $1.sequence }.prefix(PageLimits.pageSize))
        }
        did?(sequence)
        return page
    }

    func isSettled(_ call: CallID) async -> Bool {
        let (answer, asked, hasEnded) = state.withLock { state in
            state.settledQuestions += 1
            let status = state.calls.first { $0.call.callID == call }?.call.status
            return (state.isSettled, state.settledQuestions, status?.isTerminal ?? true)
        }
        return answer?(asked) ?? hasEnded
    }

    /// Counts as storage does, but says nothing of a total beyond a thousand.
    func logs(of account: AccountID, matching query: LogQuery?, after position: LogPosition?) async throws -> LogPage {
        try state.withLock { state in
            if let refusal = state.logRefusal { throw refusal }
            var entries: [(place: LogPosition, entry: JournalEntry)] = []
            for (_, call) in state.calls where call.accountID == account {
                for entry in state.journals[call.callID, default: []] {
                    entries.append((Self.place(entry), entry))
                }
            }
            for (row, entry) in state.notes.enumerated() where entry.accountID == account {
                var place = Self.place(entry)
                place.sequence = Int64(row)
                entries.append((place, entry))
            }
            entries = entries.filter { query?.condition.matches($0.entry) ?? true }
                .sorted { $0.place.isNewer(than: $1.place) }
            let total = entries.count
            let start = position?.position ?? 0
            if let position { entries = entries.filter { position.isNewer(than: $0.place) } }
            let shown = entries.prefix(PageLimits.pageSize)
            var next: LogPosition?
            if entries.count > shown.count, var place = shown.last?.place {
                place.position = start + shown.count
                next = place
            }
            return LogPage(
                entries: shown.map(\.entry), total: total > 1_000 ? nil : total, start: start, next: next)
        }
    }

    private static func place(_ entry: JournalEntry) -> LogPosition {
        LogPosition(
            timestamp: entry.timestamp.microseconds, callID: entry.callID, sequence: Int64(entry.sequence), position: 0)
    }

    func note(_ entry: JournalEntry) { state.withLock { $0.notes.append(entry) } }
}
