import JSON
import Telephony

/// Something that feeds tell, as it lies on disk (docs/contract/feed.md#events).
enum FeedNews: Hashable, Sendable {
    case call(Call)
    case entry(JournalEntry)

    /// Nil for what nobody is told of.
    init?(_ operation: StorageOperation) {
        switch operation {
        case .saveCall(let call): self = .call(call)
        case .appendJournal(let entry): self = .entry(entry)
        case .saveRecord, .removeRecord, .saveKey, .saveRecording, .saveNotification, .removeNotification, .saveQueue,
            .removeQueue, .saveConference:
            return nil
        }
    }

    var account: AccountID {
        switch self {
        case .call(let call): call.accountID
        case .entry(let entry): entry.accountID
        }
    }

    /// Nil for what belongs to no call.
    var call: CallID? {
        switch self {
        case .call(let call): call.callID
        case .entry(let entry): entry.callID
        }
    }

    /// About as many bytes as it is in memory while it waits to be told.
    var weight: Int {
        switch self {
        case .call: Self.ownWeight
        case .entry(let entry):
            entry.metadata.reduce(Self.ownWeight + entry.message.utf8.count) { sum, member in
                sum + member.key.utf8.count + Self.weight(member.value)
            }
        }
    }

    /// Of its fields that are always there.
    private static let ownWeight = 256
    /// Of a value beside what it holds.
    private static let valueWeight = 32

    private static func weight(_ value: JSONValue) -> Int {
        switch value {
        case .null, .bool, .integer, .number: valueWeight
        case .string(let text): valueWeight + text.utf8.count
        case .array(let elements): elements.reduce(valueWeight) { $0 + weight($1) }
        case .object(let members):
            members.reduce(valueWeight) { $0 + $1.key.utf8.count + weight($1.value) }
        }
    }
}
