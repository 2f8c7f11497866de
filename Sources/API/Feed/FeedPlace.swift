import Telephony

/// Where an entry stands among those of an account: the id of an event of the account's feed
/// (docs/contract/feed.md#ids).
struct FeedPlace: Hashable, Sendable {
    /// Microseconds since 1970.
    var timestamp: Int64
    /// Within what it is of; 0 for entries of nothing.
    var sequence: Int
    var owner: Owner?

    /// Whose story an entry belongs to.
    enum Owner: Hashable, Sendable {
        case call(CallID)
        case room(RoomID)

        init?(_ text: String) {
            if let call = CallID(text) {
                self = .call(call)
            } else if let room = RoomID(text) {
                self = .room(room)
            } else {
                return nil
            }
        }

        fileprivate init?(_ entry: JournalEntry) {
            if let call = entry.callID {
                self = .call(call)
            } else if let room = entry.room {
                self = .room(room)
            } else {
                return nil
            }
        }

        var text: String {
            switch self {
            case .call(let id): id.text
            case .room(let id): id.text
            }
        }
    }

    init(_ entry: JournalEntry) {
        timestamp = entry.timestamp.microseconds
        sequence = entry.sequence
        owner = Owner(entry)
    }

    /// What it may be.
    static let form = "the id of an event of this feed, such as 1728486303358921"
    /// As many digits as the times of the next centuries have, and more than any sequence.
    private static let mostDigits = 16

    /// `timestamp`, or `timestamp.sequence.` and the identifier of what the entry is of.
    init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard let timestamp = Self.number(parts[0]) else { return nil }
        self.timestamp = Int64(timestamp)
        switch parts.count {
        case 1: (sequence, owner) = (0, nil)
        case 3:
            guard let sequence = Self.number(parts[1]), let owner = Owner(String(parts[2])) else { return nil }
            (self.sequence, self.owner) = (sequence, owner)
        default: return nil
        }
    }

    var text: String { owner.map { "\(timestamp).\(sequence).\($0.text)" } ?? "\(timestamp)" }

    /// Whoever was told of this place has been told of that entry.
    func covers(_ entry: JournalEntry) -> Bool {
        entry.timestamp.microseconds == timestamp && Owner(entry) == owner && entry.sequence <= sequence
    }

    /// A count in its only spelling.
    static func number(_ text: some StringProtocol) -> Int? {
        guard (1...mostDigits).contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) }),
            text.utf8.first != 48 || text.utf8.count == 1
        else { return nil }
        return Int(text)
    }
}
