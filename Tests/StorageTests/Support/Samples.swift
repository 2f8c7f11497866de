// swift-format-ignore-file: NeverForceUnwrap
// Constants of the tests: one that is malformed fails every test at once.

import Dispatch
import GRDB
import JSON
import Storage
import Synchronization
import Telephony

@testable import StorageSQLite

/// What the tests store. Identifiers are made from numbers, so that a failure names the same ones again.
enum Sample {
    static let account = AccountID(Sample.text("AC", 1))!
    static let otherAccount = AccountID(Sample.text("AC", 2))!
    static let time = Timestamp(microseconds: 1_700_000_000_000_000)

    static func text(_ prefix: String, _ number: Int) -> String {
        let digits = String(number, radix: 16)
        return prefix + String(repeating: "0", count: 40 - digits.count) + digits
    }

    static func callID(_ number: Int) -> CallID { CallID(text("CA", number))! }
    static func eventID(_ number: Int) -> EventID { EventID(text("EV", number))! }
    static func requestID(_ number: Int) -> RequestID { RequestID(text("RQ", number))! }
    static func applicationID(_ number: Int) -> ApplicationID { ApplicationID(text("AP", number))! }
    static func phoneNumberID(_ number: Int) -> PhoneNumberID { PhoneNumberID(text("PN", number))! }

    static func call(
        _ number: Int, account: AccountID = Sample.account, status: CallStatus = .queued,
        from: String = "+12223334444", to: String = "+15556667777"
    ) -> Call {
        Call(
            callID: callID(number), accountID: account, applicationID: applicationID(7), parentCallID: nil,
            phoneNumberID: phoneNumberID(9), from: from, to: to, direction: .outboundAPI, status: status,
            created: time.advanced(byMicroseconds: Int64(number)))
    }

    static func entry(_ call: Int, _ sequence: Int, metadata: [String: JSONValue] = [:]) -> JournalEntry {
        JournalEntry(
            timestamp: time.advanced(byMicroseconds: Int64(sequence)), sequence: sequence, level: .info,
            scope: .status, accountID: account, callID: callID(call), requestID: requestID(call),
            message: "entry \(sequence)", metadata: metadata)
    }

    static func notification(
        _ event: Int, call: Int, sequence: Int, body: String = "{}", attempts: Int = 0
    ) -> PendingNotification {
        PendingNotification(
            webhook: Webhook(
                eventID: eventID(event), eventSequence: sequence, requestID: requestID(call), accountID: account,
                callID: callID(call), requestType: "callStatus", purpose: .notification,
                url: WebURL("http://example.com/status?x=1")!, body: Array(body.utf8)),
            attempts: attempts, firstAttempt: time, nextAttempt: time.advanced(byMicroseconds: 1_000_000))
    }
}

extension SQLiteStorage {
    /// A storage with both of the sample accounts.
    static func opened(
        _ folder: TemporaryFolder, maximumPages: Int? = nil, patience: WriterPatience = WriterPatience(),
        logMilliseconds: Int = 60_000
    ) async throws -> SQLiteStorage {
        let storage = try SQLiteStorage(
            Configuration(
                folder: folder.path, maximumPages: maximumPages, patience: patience, logMilliseconds: logMilliseconds))
        for account in [Sample.account, Sample.otherAccount] {
            try await storage.saveAccount(
                Account(accountID: account, kind: .full, status: .active, created: Sample.time), credentials: nil,
                numbers: [])
        }
        return storage
    }

    /// Keeps the writer in a transaction of its own until the semaphore is signalled: what is submitted meanwhile
    /// piles up.
    func holdWriter() async -> DispatchSemaphore {
        let release = DispatchSemaphore(value: 0)
        await withCheckedContinuation { continuation in
            writer.change(
                { _ in
                    continuation.resume()
                    release.wait()
                }, completion: { _ in })
        }
        return release
    }

    /// Submits and waits for the answer.
    func commit(_ operations: [StorageOperation]) async throws(StorageError) {
        let result: Result<Void, StorageError> = await withCheckedContinuation { continuation in
            submit(operations) { continuation.resume(returning: $0) }
        }
        try result.get()
    }
}

/// Collects what completions report, in order.
final class Log<Item: Sendable>: Sendable {
    private let state = Mutex<[Item]>([])
    func append(_ item: Item) { state.withLock { $0.append(item) } }
    var items: [Item] { state.withLock { $0 } }
}
