import Telephony

/// What a query asks of a log entry: a tree of terms.
///
/// The logic has two values. A field that an entry lacks (`callId` of an entry of no call, a path that its metadata
/// does not have) satisfies no comparison but `!=`, which is the opposite of `=` and nothing else.
package indirect enum LogCondition: Hashable, Sendable {
    case term(LogTerm)
    case not(LogCondition)
    /// Two or more, so that a long chain is no deep tree.
    case all([LogCondition])
    case any([LogCondition])
}

/// One comparison. The parser makes only those whose three parts fit one another (``LogField/fault(of:with:)``).
package struct LogTerm: Hashable, Sendable {
    package var field: LogField
    package var comparator: LogComparator
    package var value: LogValue

    package init(_ field: LogField, _ comparator: LogComparator, _ value: LogValue) {
        self.field = field
        self.comparator = comparator
        self.value = value
    }
}

package enum LogField: Hashable, Sendable {
    case timestamp, level, message, requestID, callID, accountID
    /// What the entry tells besides: names and places on the way into its metadata, at least one.
    case metadata([LogPathStep])

    /// The fields that stand by themselves, as queries write them.
    static let plain: [(name: String, field: LogField)] = [
        ("timestamp", .timestamp), ("level", .level), ("message", .message), ("requestId", .requestID),
        ("callId", .callID), ("accountId", .accountID),
    ]
    static let metadataName = "metadata"

    package var name: String {
        switch self {
        case .metadata(let steps): Self.metadataName + steps.map { ".\($0)" }.joined()
        default: Self.plain.first { $0.field == self }?.name ?? ""
        }
    }
}

package enum LogPathStep: Hashable, Sendable, CustomStringConvertible {
    case key(String)
    case index(Int)

    package var description: String {
        switch self {
        case .key(let key): key
        case .index(let index): String(index)
        }
    }
}

package enum LogComparator: String, Hashable, Sendable, CaseIterable {
    case equal = "="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case contains = "CONTAINS"
    case startsWith = "STARTS_WITH"
    case endsWith = "ENDS_WITH"

    /// Whether it looks into texts.
    package var isOfTexts: Bool {
        switch self {
        case .contains, .startsWith, .endsWith: true
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual: false
        }
    }

    /// Whether it asks what comes before or after.
    package var isOfOrder: Bool {
        switch self {
        case .less, .lessOrEqual, .greater, .greaterOrEqual: true
        case .equal, .notEqual, .contains, .startsWith, .endsWith: false
        }
    }

    /// With its sides exchanged: `5 < x` is `x > 5`.
    var mirrored: LogComparator {
        switch self {
        case .less: .greater
        case .lessOrEqual: .greaterOrEqual
        case .greater: .less
        case .greaterOrEqual: .lessOrEqual
        case .equal, .notEqual, .contains, .startsWith, .endsWith: self
        }
    }
}

/// What a field is compared with. Texts compare by their UTF-8 bytes, and only with texts; numbers only with numbers.
package enum LogValue: Hashable, Sendable {
    case text(String)
    /// For `timestamp` microseconds since 1970, however they were written.
    case integer(Int64)
    case truth(Bool)
}

extension LogField {
    /// Why this field cannot be compared so; nil where it can.
    package func fault(of comparator: LogComparator, with value: LogValue) -> String? {
        switch (self, value) {
        case (.timestamp, .integer):
            comparator.isOfTexts
                ? "timestamp is a time, which has no \(comparator.rawValue): =, !=, <, <=, > or >=" : nil
        case (.timestamp, .text), (.timestamp, .truth):
            "timestamp is a time: microseconds since 1970, or a time such as 2020-06-22T19:42:53.376Z"
        case (.level, .text(let text)):
            if comparator != .equal, comparator != .notEqual {
                "level has no order: = or !="
            } else if JournalLevel(rawValue: text) == nil {
                "level is \"info\", \"warning\" or \"error\""
            } else {
                nil
            }
        case (.level, .integer), (.level, .truth): "level is \"info\", \"warning\" or \"error\""
        case (.message, .text), (.requestID, .text), (.callID, .text), (.accountID, .text), (.metadata, .text): nil
        case (.message, _), (.requestID, _), (.callID, _), (.accountID, _):
            "\(name) is a text, which stands in double quotes"
        case (.metadata, .integer):
            comparator.isOfTexts ? "\(comparator.rawValue) looks into a text, which stands in double quotes" : nil
        case (.metadata, .truth):
            comparator == .equal || comparator == .notEqual ? nil : "true and false have no order: = or !="
        }
    }
}
