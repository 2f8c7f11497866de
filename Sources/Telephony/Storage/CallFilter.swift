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

/// A place in a list: the page begins after this key, so that new items do not shift it. Its text is purely
/// alphanumeric (docs/contract/rest.md#lists).
package struct PageCursor: Hashable, Sendable {
    /// Storage's own key of the last item before the page (a row id).
    package var after: Int64
    /// How many items lie before the page.
    package var position: Int

    package init(after: Int64, position: Int) {
        self.after = after
        self.position = position
    }

    /// `c` + row id + `p` + position, in decimal digits.
    package var text: String { "c\(after)p\(position)" }

    package init?(_ text: String) {
        guard text.utf8.count <= 44, text.first == "c" else { return nil }
        let parts = text.dropFirst().split(separator: "p", omittingEmptySubsequences: false)
        guard parts.count == 2, let after = Int64(parts[0]), let position = Int(parts[1]), after >= 0,
            (0...PageLimits.maximumTotal).contains(position)
        else { return nil }
        self.init(after: after, position: position)
    }
}
