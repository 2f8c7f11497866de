import GRDB
import PQL
import Telephony

/// Says a query's condition in SQL. Everything that a client wrote is bound, nothing of it is text of the statement.
///
/// Each piece is 0 or 1 and never NULL, so that NOT means the same as in ``LogCondition``.
struct LogSQL {
    /// Which table the entries lie in.
    enum Table {
        /// `journal`: entries of calls.
        case calls
        /// `account_journal`: entries of no call.
        case account
    }

    let table: Table
    let account: AccountID
    private(set) var arguments: [String: DatabaseValue] = [:]

    init(_ table: Table, account: AccountID) {
        self.table = table
        self.account = account
    }

    /// Binds a value and gives its name in the statement.
    mutating func bind(_ value: some DatabaseValueConvertible) -> String {
        let name = "v\(arguments.count)"
        arguments[name] = value.databaseValue
        return ":\(name)"
    }

    /// Binds a list for `IN`.
    mutating func bind(list: [some DatabaseValueConvertible]) -> String {
        "(" + list.map { bind($0) }.joined(separator: ", ") + ")"
    }

    mutating func condition(_ condition: LogCondition) -> String {
        switch condition {
        case .term(let term): self.term(term)
        case .not(let condition): "NOT \(self.condition(condition))"
        case .all(let conditions): "(" + conditions.map { self.condition($0) }.joined(separator: " AND ") + ")"
        case .any(let conditions): "(" + conditions.map { self.condition($0) }.joined(separator: " OR ") + ")"
        }
    }

    // MARK: Terms

    private mutating func term(_ term: LogTerm) -> String {
        if term.comparator == .notEqual { return "NOT " + self.term(LogTerm(term.field, .equal, term.value)) }
        switch (term.field, term.value) {
        case (.timestamp, .integer(let time)): return "(timestamp \(term.comparator.rawValue) \(bind(time)))"
        case (.level, .text(let text)): return compare("level", term.comparator, text)
        case (.message, .text(let text)): return compare("message", term.comparator, text)
        case (.requestID, .text(let text)):
            return "(request_id IS NOT NULL AND \(compare("request_id", term.comparator, text)))"
        case (.callID, .text(let text)):
            guard table == .calls else { return never() }
            return compare("(SELECT call_id FROM calls WHERE calls.id = journal.call)", term.comparator, text)
        case (.accountID, .text(let text)): return compare(bind(account.text), term.comparator, text)
        case (.metadata(let steps), let value): return metadata(steps, term.comparator, value)
        // The parser makes no such term.
        case (.timestamp, _), (.level, _), (.message, _), (.requestID, _), (.callID, _), (.accountID, _): return never()
        }
    }

    /// What holds of no entry. Bound, for SQLite folds a whole conjunction with a literal 0 into nothing, and then finds
    /// no use for the index that the statement names.
    private mutating func never() -> String { bind(0) }

    /// A text that is there.
    private mutating func compare(_ column: String, _ comparator: LogComparator, _ text: String) -> String {
        switch comparator {
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual:
            return "(\(column) \(comparator.rawValue) \(bind(text)))"
        // Every text has nothing in it, at its start and at its end, whatever the functions below make of that.
        case .contains, .startsWith, .endsWith:
            guard !text.isEmpty else { return "1" }
            // SQLite counts texts in Unicode scalars.
            let length = text.unicodeScalars.count
            return switch comparator {
            case .startsWith: "(substr(\(column), 1, \(bind(length))) = \(bind(text)))"
            case .endsWith: "(substr(\(column), \(bind(-length))) = \(bind(text)))"
            default: "(instr(\(column), \(bind(text))) > 0)"
            }
        }
    }

    private mutating func metadata(
        _ steps: [LogPathStep], _ comparator: LogComparator, _ value: LogValue
    ) -> String {
        // The API puts these two into the metadata; here they are columns.
        switch (steps.first, steps.count, value) {
        case (.key("scope"), 1, .text(let text)): return compare("scope", comparator, text)
        case (.key("sequence"), 1, .integer(let number)): return "(sequence \(comparator.rawValue) \(bind(number)))"
        case (.key("scope"), _, _), (.key("sequence"), _, _): return never()
        default: break
        }
        let path = bind(Self.path(steps))
        let found = "json_extract(metadata, \(path))"
        switch value {
        case .text(let text):
            return "(json_type(metadata, \(path)) IS 'text' AND \(compare(found, comparator, text)))"
        case .integer(let number):
            return "(COALESCE(json_type(metadata, \(path)) IN ('integer', 'real'), 0) "
                + "AND \(found) \(comparator.rawValue) \(bind(number)))"
        case .truth(let truth): return "(json_type(metadata, \(path)) IS '\(truth ? "true" : "false")')"
        }
    }

    /// SQLite's own way to write a place in JSON. The parser lets no quote into a name.
    private static func path(_ steps: [LogPathStep]) -> String {
        steps.reduce("$") { path, step in
            switch step {
            case .key(let key): path + ".\"\(key)\""
            case .index(let index): path + "[\(index)]"
            }
        }
    }
}
