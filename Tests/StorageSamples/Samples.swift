// swift-format-ignore-file: NeverForceUnwrap
// Constants of the tests: one that is malformed fails every test at once.

package import Dispatch
package import JSON
package import Storage
import Synchronization
package import Telephony

/// What the tests store. Identifiers are made from numbers, so that a failure names the same ones again.
package enum Sample {
    package static let account = AccountID(Sample.text("AC", 1))!
    package static let otherAccount = AccountID(Sample.text("AC", 2))!
    package static let time = Timestamp(microseconds: 1_700_000_000_000_000)

    package static func text(_ prefix: String, _ number: Int) -> String {
        let digits = String(number, radix: 16)
        return prefix + String(repeating: "0", count: 40 - digits.count) + digits
    }

    package static func callID(_ number: Int) -> CallID { CallID(text("CA", number))! }
    package static func eventID(_ number: Int) -> EventID { EventID(text("EV", number))! }
    package static func requestID(_ number: Int) -> RequestID { RequestID(text("RQ", number))! }
    package static func applicationID(_ number: Int) -> ApplicationID { ApplicationID(text("AP", number))! }
    package static func phoneNumberID(_ number: Int) -> PhoneNumberID { PhoneNumberID(text("PN", number))! }

    package static func conferenceID(_ number: Int) -> ConferenceID { ConferenceID(text("CF", number))! }
    package static func queueID(_ number: Int) -> QueueID { QueueID(text("QU", number))! }
    package static func recordingID(_ number: Int) -> RecordingID { RecordingID(text("RE", number))! }

    package static func call(
        _ number: Int, account: AccountID = Sample.account, status: CallStatus = .queued,
        from: String = "+12223334444", to: String = "+15556667777"
    ) -> Call {
        Call(
            callID: callID(number), accountID: account, applicationID: applicationID(7), parentCallID: nil,
            phoneNumberID: phoneNumberID(9), from: from, to: to, direction: .outboundAPI, status: status,
            created: time.advanced(byMicroseconds: Int64(number)))
    }

    package static func entry(_ call: Int, _ sequence: Int, metadata: [String: JSONValue] = [:]) -> JournalEntry {
        JournalEntry(
            timestamp: time.advanced(byMicroseconds: Int64(sequence)), sequence: sequence, level: .info,
            scope: .status, accountID: account, callID: callID(call), requestID: requestID(call),
            message: "entry \(sequence)", metadata: metadata)
    }

    package static func notification(
        _ event: Int, call: Int, sequence: Int, body: String = "{}", attempts: Int = 0
    ) -> PendingNotification {
        PendingNotification(
            webhook: Webhook(
                eventID: eventID(event), eventSequence: sequence, requestID: requestID(call), accountID: account,
                owner: .call(callID(call)), requestType: "callStatus", purpose: .notification,
                url: WebURL("http://example.com/status?x=1")!, body: Array(body.utf8)),
            attempts: attempts, firstAttempt: time, nextAttempt: time.advanced(byMicroseconds: 1_000_000))
    }

    /// Made so many microseconds after the sample's time.
    package static func conference(
        _ number: Int, account: AccountID = Sample.account, status: Conference.Status = .empty, alias: String? = nil
    ) -> Conference {
        var conference = Conference(
            conferenceID: conferenceID(number), accountID: account, alias: alias,
            created: time.advanced(byMicroseconds: Int64(number)))
        conference.status = status
        return conference
    }

    /// Of a room's story.
    package static func entry(
        of room: RoomID, _ sequence: Int, account: AccountID = Sample.account, message: String? = nil
    ) -> JournalEntry {
        JournalEntry(
            timestamp: time.advanced(byMicroseconds: Int64(sequence)), sequence: sequence, level: .info,
            scope: .status, accountID: account, callID: nil, room: room, requestID: requestID(30),
            message: message ?? "entry \(sequence)", metadata: ["conferenceId": .string(room.text)])
    }

    package static func recording(
        _ number: Int, of owner: Recording.Owner, account: AccountID = Sample.account, seconds: Int? = 3
    ) -> Recording {
        var recording = Recording(
            recordingID: recordingID(number), accountID: account, owner: owner,
            created: time.advanced(byMicroseconds: Int64(number)), isPrivate: false)
        recording.durationSeconds = seconds
        return recording
    }

    package static func notification(
        _ event: Int, conference: Int, sequence: Int, body: String = "{}", attempts: Int = 0
    ) -> PendingNotification {
        var pending = notification(event, call: 1, sequence: sequence, body: body, attempts: attempts)
        pending.webhook.owner = .conference(conferenceID(conference))
        pending.webhook.requestType = "conferenceStatus"
        return pending
    }
}

extension Directory {
    package func saveSampleAccounts() async throws(StorageError) {
        for account in [Sample.account, Sample.otherAccount] {
            try await saveAccount(
                Account(accountID: account, kind: .full, status: .active, created: Sample.time), credentials: nil,
                numbers: [])
        }
    }
}

extension CallStorage {
    /// Submits and waits for the answer.
    package func commit(_ operations: [StorageOperation]) async throws(StorageError) {
        let result: Result<Void, StorageError> = await withCheckedContinuation { continuation in
            submit(operations) { continuation.resume(returning: $0) }
        }
        try result.get()
    }

    /// Keeps whoever runs the completions in one of them until the semaphore is signalled: what is submitted meanwhile
    /// piles up.
    package func holdCompletions() async -> DispatchSemaphore {
        let release = DispatchSemaphore(value: 0)
        await withCheckedContinuation { continuation in
            submit([]) { _ in
                continuation.resume()
                release.wait()
            }
        }
        return release
    }
}

/// Collects what completions report, in order.
package final class Log<Item: Sendable>: Sendable {
    private let state = Mutex<[Item]>([])

    package init() {}

    package func append(_ item: Item) { state.withLock { $0.append(item) } }

    package var items: [Item] { state.withLock { $0 } }
}
