package import Telephony

/// What every entry that a condition lets through has in common, as far as an index can use it.
///
/// It is a consequence of the condition, not the condition: whoever narrows by it still asks the condition of what is
/// left.
package struct LogNarrowing: Hashable, Sendable {
    /// The entry is of one of these calls; nil: of any call, or of none.
    package var callIDs: Set<CallID>?
    /// The entry carries one of these.
    package var requestIDs: Set<RequestID>?
    /// Microseconds since 1970, both ends included.
    package var earliest = Int64.min
    package var latest = Int64.max
    package var levels = Set(JournalLevel.allCases)

    /// False where no entry can be what the condition asks for.
    package var isPossible: Bool {
        earliest <= latest && !levels.isEmpty && callIDs?.isEmpty != true && requestIDs?.isEmpty != true
    }

    /// No condition at all.
    package init() {}

    package init(_ condition: LogCondition) { self.init(condition, isDenied: false) }

    private init(_ condition: LogCondition, isDenied: Bool) {
        switch condition {
        case .term(let term): self.init(term, isDenied: isDenied)
        case .not(let condition): self.init(condition, isDenied: !isDenied)
        case .all(let conditions), .any(let conditions):
            // What denies an "and" is an "or" of what denies its parts, and the other way round.
            let isConjunction = if case .all = condition { !isDenied } else { isDenied }
            let parts = conditions.map { LogNarrowing($0, isDenied: isDenied) }
            guard let first = parts.first else {
                self.init()
                return
            }
            self = parts.dropFirst().reduce(first) { isConjunction ? $0.intersection($1) : $0.union($1) }
        }
    }

    private init(_ term: LogTerm, isDenied: Bool) {
        self.init()
        let comparator = isDenied ? term.comparator.denied : term.comparator
        switch (term.field, term.value) {
        case (.timestamp, .integer(let time)):
            switch comparator {
            case .equal: (earliest, latest) = (time, time)
            // One beyond the ends of the numbers: no entry is there, and to keep the end is no mistake.
            case .less: latest = time == .min ? time : time - 1
            case .lessOrEqual: latest = time
            case .greater: earliest = time == .max ? time : time + 1
            case .greaterOrEqual: earliest = time
            case .notEqual, .contains, .startsWith, .endsWith, nil: break
            }
        case (.level, .text(let text)):
            if comparator == .equal { levels = levels.filter { $0.rawValue == text } }
            if comparator == .notEqual { levels = levels.filter { $0.rawValue != text } }
        case (.callID, .text(let text)):
            if comparator == .equal { callIDs = CallID(text).map { [$0] } ?? [] }
        case (.requestID, .text(let text)):
            if comparator == .equal { requestIDs = RequestID(text).map { [$0] } ?? [] }
        default: break
        }
    }

    private func intersection(_ other: Self) -> Self {
        var both = self
        both.callIDs = Self.intersection(callIDs, other.callIDs)
        both.requestIDs = Self.intersection(requestIDs, other.requestIDs)
        both.earliest = max(earliest, other.earliest)
        both.latest = min(latest, other.latest)
        both.levels = levels.intersection(other.levels)
        return both
    }

    private func union(_ other: Self) -> Self {
        var either = self
        either.callIDs = Self.union(callIDs, other.callIDs)
        either.requestIDs = Self.union(requestIDs, other.requestIDs)
        either.earliest = min(earliest, other.earliest)
        either.latest = max(latest, other.latest)
        either.levels = levels.union(other.levels)
        return either
    }

    /// Nil stands for everything.
    private static func intersection<Element>(_ left: Set<Element>?, _ right: Set<Element>?) -> Set<Element>? {
        guard let left, let right else { return left ?? right }
        return left.intersection(right)
    }

    private static func union<Element>(_ left: Set<Element>?, _ right: Set<Element>?) -> Set<Element>? {
        guard let left, let right else { return nil }
        return left.union(right)
    }
}

extension LogComparator {
    /// What holds where this does not, of a field that every entry has; nil where no comparator says it.
    fileprivate var denied: LogComparator? {
        switch self {
        case .equal: .notEqual
        case .notEqual: .equal
        case .less: .greaterOrEqual
        case .lessOrEqual: .greater
        case .greater: .lessOrEqual
        case .greaterOrEqual: .less
        case .contains, .startsWith, .endsWith: nil
        }
    }
}
