import CallControl
import SIP
import Telephony

/// A disk: one writer, a batch at a time, committed late or not at all; a crash keeps only what was committed.
struct ModelStorage {
    struct Transaction {
        let operations: [StorageOperation]
        let token: CommitToken?
    }

    // MARK: What is on disk
    private(set) var calls: [CallID: Call] = [:]
    private(set) var records: [CallID: [UInt8]] = [:]
    private(set) var notifications: [EventID: PendingNotification] = [:]
    private(set) var journalSequences: [CallID: Int] = [:]
    private(set) var recordings: [RecordingID: Recording] = [:]
    private(set) var queues: [CallQueue] = []
    /// In the order in which they were made.
    private(set) var conferences: [(conference: Conference, record: [UInt8]?)] = []
    /// Calls in the order of their rows' creation, for a dictionary has none.
    private(set) var callOrder: [CallID] = []
    /// Notifications in the order in which they were first stored.
    private var notificationOrder: [EventID] = []

    // MARK: The writer
    private(set) var waiting: [Transaction] = []
    private(set) var writing: [Transaction] = []

    var hasUnfinishedWork: Bool { !records.isEmpty || !notifications.isEmpty }

    func hasRecord(_ id: CallID, of tag: String) -> Bool { records[id]?.holds(tag) ?? false }

    mutating func submit(_ transaction: Transaction) { waiting.append(transaction) }

    var isIdle: Bool { waiting.isEmpty && writing.isEmpty }

    /// Begins a batch with all that waits; false where the writer is busy, or nothing waits.
    mutating func beginBatch() -> Bool {
        guard writing.isEmpty, !waiting.isEmpty else { return false }
        swap(&writing, &waiting)
        return true
    }

    /// The batch is on disk, or could not be put there.
    mutating func endBatch(isCommitted: Bool) -> [Transaction] {
        let batch = writing
        writing = []
        if isCommitted { for transaction in batch { apply(transaction) } }
        return batch
    }

    /// The process ends. What was being written is on disk, or is not.
    mutating func crash(isBatchCommitted: Bool) -> [Transaction] {
        waiting = []
        return endBatch(isCommitted: isBatchCommitted)
    }

    private mutating func apply(_ transaction: Transaction) {
        for operation in transaction.operations {
            switch operation {
            case .saveCall(let call):
                if calls.updateValue(call, forKey: call.callID) == nil { callOrder.append(call.callID) }
            case .saveRecord(let id, let bytes): records[id] = bytes
            case .removeRecord(let id): records[id] = nil
            case .appendJournal(let entry):
                guard let id = entry.callID else { break }
                journalSequences[id] = max(journalSequences[id] ?? 0, entry.sequence)
            case .saveNotification(let pending):
                let id = pending.webhook.eventID
                if notifications.updateValue(pending, forKey: id) == nil { notificationOrder.append(id) }
            case .removeNotification(let id): notifications[id] = nil
            case .saveRecording(let recording): recordings[recording.recordingID] = recording
            case .saveKey: break
            case .saveQueue(let queue):
                queues.removeAll { $0.queueID == queue.queueID }
                queues.append(queue)
            case .removeQueue(let id): queues.removeAll { $0.queueID == id }
            case .saveConference(let conference, let record):
                let index = conferences.firstIndex { $0.conference.conferenceID == conference.conferenceID }
                if let index {
                    conferences[index] = (conference, record)
                } else {
                    conferences.append((conference, record))
                }
            }
        }
    }

    /// What a start finds.
    mutating func unfinishedWork() -> UnfinishedWork {
        notificationOrder.removeAll { notifications[$0] == nil }
        var sequences: [CallID: Int] = [:]
        var found: [(CallID, [UInt8])] = []
        for id in callOrder {
            guard let record = records[id] else { continue }
            found.append((id, record))
            sequences[id] = journalSequences[id]
        }
        // Calls come before conferences.
        var order: [WebhookOwner: Int] = [:]
        for (index, id) in callOrder.enumerated() { order[.call(id)] = index }
        for (index, entry) in conferences.enumerated() {
            order[.conference(entry.conference.conferenceID)] = callOrder.count + index
        }
        let taken = conferences.filter { $0.conference.status != .terminated || $0.record != nil }
        let owed = notificationOrder.compactMap { notifications[$0] }.sorted { left, right in
            let leftKey = (order[left.webhook.owner] ?? .max, left.webhook.eventSequence)
            let rightKey = (order[right.webhook.owner] ?? .max, right.webhook.eventSequence)
            return leftKey < rightKey
        }
        return UnfinishedWork(
            records: found, notifications: owed, journalSequences: sequences,
            recordings: recordings.filter { entry in
                switch entry.value.owner {
                case .call(let id), .participant(let id, in: _): records[id] != nil
                case .conference(let id): taken.contains { $0.conference.conferenceID == id }
                }
            }, queues: queues, conferences: taken.map { ($0.conference, $0.record) })
    }
}

extension [UInt8] {
    /// Whether `text` stands anywhere in it.
    func holds(_ text: String) -> Bool {
        let text = Array(text.utf8)
        guard let first = text.first, text.count <= count else { return false }
        return withUnsafeBufferPointer { bytes in
            for start in 0...(bytes.count - text.count) where bytes[start] == first {
                var length = 1
                while length < text.count, bytes[start + length] == text[length] { length += 1 }
                if length == text.count { return true }
            }
            return false
        }
    }
}
