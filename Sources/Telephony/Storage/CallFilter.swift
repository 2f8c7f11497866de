/// Which calls a list asks for (docs/contract/calls.md#list-calls).
package struct CallFilter: Hashable, Sendable {
    package var to: String?
    package var from: String?
    package var status: CallStatus?
    /// Only queued, ringing and in-progress calls.
    package var isActive: Bool
    package var parentCallID: CallID?
    /// Of any of these; empty: of all, and of none.
    package var applicationIDs: [ApplicationID] = []
    /// Whose dialling began at or after.
    package var startedFrom: Timestamp?
    /// That ended at or before.
    package var endedUntil: Timestamp?

    /// At most so many applications in one filter (docs/contract/calls.md#list-calls).
    package static let maximumApplications = 16

    package init(to: String? = nil, from: String? = nil, status: CallStatus? = nil, isActive: Bool = false) {
        self.to = to
        self.from = from
        self.status = status
        self.isActive = isActive
    }

    /// Whether a call is one of those.
    package func matches(_ call: Call) -> Bool {
        func holds<Value: Equatable>(_ wanted: Value?, _ value: Value?) -> Bool { wanted == nil || wanted == value }
        return holds(to, call.to) && holds(from, call.from) && holds(status, call.status)
            && (!isActive || !call.status.isTerminal) && holds(parentCallID, call.parentCallID)
            && (applicationIDs.isEmpty || call.applicationID.map(applicationIDs.contains) == true)
            && (startedFrom.map { earliest in call.startTime.map { $0 >= earliest } ?? false } ?? true)
            && (endedUntil.map { latest in call.endTime.map { $0 <= latest } ?? false } ?? true)
    }
}

/// Which numbers a list asks for (docs/contract/rest.md#numbers).
package struct NumberFilter: Sendable {
    package var alias: String?
    package var applicationID: ApplicationID?
    /// Only numbers with an application.
    package var hasApplication: Bool
    /// Chooses among the numbers that satisfy the others; nil: all of them.
    package var choose: (@Sendable ([PhoneNumber]) -> Set<PhoneNumber>)?

    package init(alias: String? = nil, applicationID: ApplicationID? = nil, hasApplication: Bool = false) {
        self.alias = alias
        self.applicationID = applicationID
        self.hasApplication = hasApplication
    }
}

/// Which recordings a list asks for (docs/contract/rest.md#recordings).
package struct RecordingFilter: Hashable, Sendable {
    package var callID: CallID?
    package var conferenceID: ConferenceID?
    /// Begun at or after.
    package var earliest: Timestamp?
    /// Begun before.
    package var latest: Timestamp?

    package init(callID: CallID? = nil, earliest: Timestamp? = nil, latest: Timestamp? = nil) {
        self.callID = callID
        self.earliest = earliest
        self.latest = latest
    }
}

/// Which conferences a list asks for (docs/contract/rest.md#conferences).
package struct ConferenceFilter: Hashable, Sendable {
    package var status: Conference.Status?
    /// Exactly this.
    package var alias: String?
    /// Made then, and changed then.
    package var created: Range<Timestamp>?
    package var updated: Range<Timestamp>?

    package init(
        status: Conference.Status? = nil, alias: String? = nil, created: Range<Timestamp>? = nil,
        updated: Range<Timestamp>? = nil
    ) {
        self.status = status
        self.alias = alias
        self.created = created
        self.updated = updated
    }

    /// Whether a conference is one of those.
    package func lets(_ conference: Conference) -> Bool {
        (status ?? conference.status) == conference.status && (alias == nil || alias == conference.alias)
            && (created?.contains(conference.dateCreated) ?? true)
            && (updated?.contains(conference.dateUpdated) ?? true)
    }
}

/// One page of a list, newest first (docs/contract/rest.md#lists).
package struct Page<Item: Sendable>: Sendable {
    package var items: [Item]
    /// Items in the whole list, capped at ``PageLimits/maximumTotal``; nil where counting them would take too long.
    package var total: Int?
    /// Position of the page's first item in the whole list.
    package var start: Int
    /// Where the next page begins; nil on the last.
    package var next: PageCursor?

    package init(items: [Item], total: Int?, start: Int, next: PageCursor?) {
        self.items = items
        self.total = total
        self.start = start
        self.next = next
    }
}

extension Page: Equatable where Item: Equatable {}
extension Page: Hashable where Item: Hashable {}

package enum PageLimits {
    package static let pageSize = 100
    package static let maximumTotal = 10_000
}

/// A place in a list: the page begins behind this item, so that neither those that come nor those that go shift it. Made of
/// the item's own values: whoever keeps the list knows the place even where the item is gone. Its text is purely
/// alphanumeric (docs/contract/rest.md#lists).
package struct PageCursor: Hashable, Sendable {
    /// What the list is in order of, as the last item before the page has it: when that was created, in microseconds since
    /// 1970; in a journal its sequence; in a list that lies in memory the number that it has there.
    package var after: Int64
    /// That item's identifier, which decides between those of one moment; empty where no two can have the same `after`.
    package var identifier: String
    /// How many items lie before the page.
    package var position: Int

    package init(after: Int64, identifier: String = "", position: Int) {
        self.after = after
        self.identifier = identifier
        self.position = position
    }

    /// Of an identifier: two letters and 40 digits.
    private static let maximumIdentifierLength = 42
    private static let maximumLength = 72

    /// `c` + `after` + `i` + identifier + `p` + position, numbers in decimal digits.
    package var text: String { "c\(after)i\(identifier)p\(position)" }

    /// Nil for what no answer of ours has given.
    package init?(_ text: String) {
        let bytes = text.utf8
        guard bytes.count <= Self.maximumLength, bytes.first == UInt8(ascii: "c"),
            let middle = bytes.firstIndex(of: UInt8(ascii: "i")), let end = bytes.lastIndex(of: UInt8(ascii: "p")),
            middle < end, let after = Int64(text[bytes.index(after: bytes.startIndex)..<middle]), after >= 0,
            let position = Int(text[bytes.index(after: end)...]), (0...PageLimits.maximumTotal).contains(position)
        else { return nil }
        let identifier = text[bytes.index(after: middle)..<end]
        guard identifier.utf8.count <= Self.maximumIdentifierLength, identifier.utf8.allSatisfy(Self.isAlphanumeric)
        else { return nil }
        self.init(after: after, identifier: String(identifier), position: position)
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        default: false
        }
    }
}
