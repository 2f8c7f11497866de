import Telephony

/// Where an entry stands among those of an account: the id of an event of the account's feed
/// (docs/contract/feed.md#ids).
struct FeedPlace: Hashable, Sendable {
    /// Microseconds since 1970.
    var timestamp: Int64
    /// Within its call; 0 for entries of no call.
    var sequence: Int
    var call: CallID?

    init(_ entry: JournalEntry) {
        timestamp = entry.timestamp.microseconds
        sequence = entry.sequence
        call = entry.callID
    }

    /// What it may be.
    static let form = "the id of an event of this feed, such as 1728486303358921"
    /// As many digits as the times of the next centuries have, and more than any sequence.
    private static let mostDigits = 16

    /// `timestamp`, or `timestamp.sequence.callId`.
    init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard let timestamp = Self.number(parts[0]) else { return nil }
        self.timestamp = Int64(timestamp)
        switch parts.count {
        case 1: (sequence, call) = (0, nil)
        case 3:
            guard let sequence = Self.number(parts[1]), let call = CallID(String(parts[2])) else { return nil }
            (self.sequence, self.call) = (sequence, call)
        default: return nil
        }
    }

    var text: String { call.map { "\(timestamp).\(sequence).\($0)" } ?? "\(timestamp)" }

    /// Whoever was told of this place has been told of that entry.
    func covers(_ entry: JournalEntry) -> Bool {
        entry.timestamp.microseconds == timestamp && entry.callID == call && entry.sequence <= sequence
    }

    /// A count in its only spelling.
    static func number(_ text: some StringProtocol) -> Int? {
        guard (1...mostDigits).contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) }),
            text.utf8.first != 48 || text.utf8.count == 1
        else { return nil }
        return Int(text)
    }
}
