package import API
import CallControl
package import PQL
package import Storage
package import Telephony

/// Calls as the API asks for them: changes go to the call loop, questions to storage.
///
/// A question first waits until everything submitted before it can be read, so that whoever was told of something, by
/// an answer or by a webhook, also reads it.
package struct LiveCalls: CallService {
    private let loop: CallLoop
    private let storage: any CallStorage

    /// The loop may be late by so much before new calls are refused; nil: by any time.
    private let overloadLimit: Duration?

    package init(loop: CallLoop, storage: any CallStorage, overloadLimit: Duration?) {
        self.loop = loop
        self.storage = storage
        self.overloadLimit = overloadLimit
    }

    package func makeCall(_ request: CallRequest) async throws(CallRefusal) -> MadeCall {
        if let overloadLimit, loop.isOverloaded(limit: overloadLimit) { throw .overloaded }
        switch await loop.ask({ .makeCall($0, request) }) {
        case .made(let call, let wait): return MadeCall(call: call, expectedWaitSeconds: wait)
        case .refused(let refusal): throw refusal
        case .updated, .parent, .queue, .conference: throw .notStored
        }
    }

    package func call(
        keyed key: String, of account: AccountID, now: Timestamp
    ) async throws -> (call: Call, fingerprint: [UInt8])? {
        await storage.barrier()
        let since = Timestamp(microseconds: now.microseconds - IdempotencyKey.lifetimeMicroseconds)
        guard let found = try await storage.call(keyed: key, account: account, since: since),
            let call = try await storage.call(found.call, account: account)
        else { return nil }
        return (call, found.fingerprint)
    }

    package func updateCall(
        _ id: CallID, of account: AccountID, to update: CallUpdate, requestID: RequestID
    ) async throws(CallRefusal) {
        if case .refused(let refusal) = await loop.ask({ .updateCall($0, id, account, update, requestID) }) {
            throw refusal
        }
    }

    package func parent(_ id: CallID, of account: AccountID) async -> ParentCall? {
        if case .parent(let parent) = await loop.ask({ .describeParent($0, id, account) }) { return parent }
        await storage.barrier()
        guard let call = try? await storage.call(id, account: account) else { return nil }
        return ParentCall(call: call, callConnectURL: nil, statusCallbackURL: nil)
    }

    package func hasInboundCall(with number: PhoneNumber, of account: AccountID) async throws -> Bool {
        await storage.barrier()
        return try await storage.hasInboundCall(with: number, account: account)
    }

    package func call(_ id: CallID, of account: AccountID) async throws -> Call? {
        await storage.barrier()
        return try await storage.call(id, account: account)
    }

    package func calls(
        of account: AccountID, matching filter: CallFilter, after cursor: PageCursor?
    ) async throws -> Page<Call> {
        await storage.barrier()
        do {
            return try await storage.calls(account: account, filter: filter, after: cursor)
        } catch .tooSlow(let milliseconds) {
            throw ListTooSlow(milliseconds: milliseconds)
        }
    }

    package func endedCalls(
        matching filter: EndedCallFilter, after position: EndedCallPosition?
    ) async throws -> EndedCalls {
        await storage.barrier()
        return try await storage.endedCalls(filter, after: position)
    }

    package func journal(
        of call: CallID, account: AccountID, after cursor: PageCursor?
    ) async throws -> Page<JournalEntry>? {
        await storage.barrier()
        guard try await storage.call(call, account: account) != nil else { return nil }
        return try await storage.journal(of: call, account: account, after: cursor)
    }

    package func journal(
        of call: CallID, account: AccountID, behind sequence: Int
    ) async throws -> [JournalEntry] {
        await storage.barrier()
        return try await storage.journal(of: call, account: account, behind: sequence)
    }

    /// While the disk takes no writes, something of a call may be missing there.
    package func isSettled(_ call: CallID) async -> Bool {
        guard await !loop.keeps(call) else { return false }
        await storage.barrier()
        return storage.health == .well
    }

    package func logs(
        of account: AccountID, matching query: LogQuery?, after position: LogPosition?
    ) async throws -> LogPage {
        await storage.barrier()
        do {
            return try await storage.logs(account: account, query: query, after: position)
        } catch .tooSlow(let milliseconds) {
            throw LogRefusal.tooSlow(milliseconds: milliseconds)
        } catch .busy {
            throw LogRefusal.busy
        }
    }

    package func note(_ entry: JournalEntry) {
        storage.submit([.appendJournal(entry)], isAwaited: false, completion: nil)
    }
}
