import Telephony

/// What is kept in memory while the disk fails, made small: how long that lasts is nobody's to say.
///
/// Rows and records that a later one writes over go, and of journal entries all but the latest. What somebody awaits
/// stays whole. So what is left grows with the calls that there are, not with the time.
enum HeldOperations {
    /// At most so many journal entries, of some hundred bytes each.
    static let maximumEntries = 20_000

    /// - Parameter transactions: in order; whether somebody awaits it.
    /// - Returns: as many, some of them empty now.
    static func compacted(
        _ transactions: [(operations: [StorageOperation], isAwaited: Bool)], maximumEntries: Int = maximumEntries
    ) -> [[StorageOperation]] {
        var latest: [Subject: Int] = [:]
        var first: [Subject: Int] = [:]
        var entries = 0
        var place = 0
        for operation in transactions.lazy.flatMap(\.operations) {
            if let subject = Subject(operation) {
                latest[subject] = place
                if first[subject] == nil { first[subject] = place }
            } else if case .appendJournal = operation {
                entries += 1
            }
            place += 1
        }
        var surplus = max(0, entries - maximumEntries)
        place = 0
        return transactions.map { transaction in
            transaction.operations.filter { operation in
                defer { place += 1 }
                if case .appendJournal = operation, surplus > 0 {
                    surplus -= 1
                    return transaction.isAwaited
                }
                guard !transaction.isAwaited, let subject = Subject(operation) else { return true }
                // A call's first row is kept, and a conference's: what follows refers to it.
                switch subject {
                case .call, .conference: return first[subject] == place || latest[subject] == place
                case .record, .notification, .recording, .queue: return latest[subject] == place
                }
            }
        }
    }

    /// What an operation replaces as a whole.
    private enum Subject: Hashable {
        case call(CallID)
        case record(CallID)
        case notification(EventID)
        case recording(RecordingID)
        case queue(QueueID)
        case conference(ConferenceID)

        /// Nil for what adds to what is there.
        init?(_ operation: StorageOperation) {
            switch operation {
            case .saveCall(let call): self = .call(call.callID)
            case .saveRecord(let id, _), .removeRecord(let id): self = .record(id)
            case .saveNotification(let pending): self = .notification(pending.webhook.eventID)
            case .removeNotification(let id): self = .notification(id)
            case .saveRecording(let recording): self = .recording(recording.recordingID)
            case .saveQueue(let queue): self = .queue(queue.queueID)
            case .removeQueue(let id): self = .queue(id)
            case .saveConference(let conference, _): self = .conference(conference.conferenceID)
            case .appendJournal, .saveKey: return nil
            }
        }
    }
}
