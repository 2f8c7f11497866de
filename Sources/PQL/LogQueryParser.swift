import Telephony

/// Reads a query by recursive descent, one word ahead. See ``LogQuery`` for the grammar.
struct LogQueryParser {
    private var lexer: LogQueryLexer
    private var token: LogQueryLexer.Token
    private var terms = 0

    init(_ query: String) throws(LogQueryFault) {
        let length = query.utf8.count
        guard length <= LogQuery.maximumLength else {
            throw LogQueryFault(
                in: query, at: LogQuery.maximumLength, found: "the rest of \(length) bytes",
                allowed: "at most \(LogQuery.maximumLength) bytes")
        }
        lexer = LogQueryLexer(query)
        token = try lexer.next()
    }

    mutating func parse() throws(LogQueryFault) -> LogCondition {
        let condition = try expression(depth: 0)
        guard token.kind == .end else { throw fault(afterCondition) }
        return condition
    }

    // MARK: Conditions

    private mutating func expression(depth: Int) throws(LogQueryFault) -> LogCondition {
        var parts = [try conjunction(depth: depth)]
        while token.kind == .or {
            try advance()
            parts.append(try conjunction(depth: depth))
        }
        return parts.count == 1 ? parts[0] : .any(parts)
    }

    private mutating func conjunction(depth: Int) throws(LogQueryFault) -> LogCondition {
        var parts = [try negation(depth: depth)]
        while token.kind == .and {
            try advance()
            parts.append(try negation(depth: depth))
        }
        return parts.count == 1 ? parts[0] : .all(parts)
    }

    private mutating func negation(depth: Int) throws(LogQueryFault) -> LogCondition {
        switch token.kind {
        case .not:
            try checkDepth(depth)
            try advance()
            return .not(try negation(depth: depth + 1))
        case .open:
            try checkDepth(depth)
            let open = token
            try advance()
            let condition = try expression(depth: depth + 1)
            guard token.kind == .close else {
                if token.kind == .end {
                    throw lexer.fault(
                        at: open.range.lowerBound, found: "a bracket that is not closed", allowed: "a ) for each (")
                }
                throw fault("AND, OR or )")
            }
            try advance()
            return condition
        case .close, .comparator, .and, .or, .path, .text, .integer, .time, .truth, .end:
            return try comparison()
        }
    }

    private func checkDepth(_ depth: Int) throws(LogQueryFault) {
        guard depth < LogQuery.maximumDepth else {
            throw fault("at most \(LogQuery.maximumDepth) brackets and NOTs within one another")
        }
    }

    // MARK: Comparisons

    private mutating func comparison() throws(LogQueryFault) -> LogCondition {
        terms += 1
        guard terms <= LogQuery.maximumTerms else { throw fault("at most \(LogQuery.maximumTerms) comparisons") }
        if case .path(let steps) = token.kind {
            let field = try field(steps)
            let comparator = try comparator(after: field)
            let value = try value(for: field)
            let term = try term(field, comparator, value)
            if case .comparator = token.kind {
                throw fault("AND, OR or the end; a range is written 1 < \(field.name) < 2")
            }
            return .term(term)
        }
        guard let first = literal else {
            throw fault("a field (\(Self.fieldList)), a value, NOT or (")
        }
        try advance()
        guard case .comparator(let comparator) = token.kind, !comparator.isOfTexts else {
            throw fault("a comparator: =, !=, <, <=, > or >=")
        }
        try advance()
        guard case .path(let steps) = token.kind else { throw fault("a field: \(Self.fieldList)") }
        let field = try field(steps)
        let term = try term(field, comparator.mirrored, first)
        guard case .comparator(let second) = token.kind else { return .term(term) }
        return try range(field, term, comparator, second)
    }

    /// `1 < timestamp <= 2`, of which the first half has been read.
    private mutating func range(
        _ field: LogField, _ term: LogTerm, _ first: LogComparator, _ second: LogComparator
    ) throws(LogQueryFault) -> LogCondition {
        let rising: [LogComparator] = [.less, .lessOrEqual]
        let falling: [LogComparator] = [.greater, .greaterOrEqual]
        let fitting = rising.contains(first) ? rising : falling.contains(first) ? falling : []
        guard fitting.contains(second) else {
            throw fault(
                fitting.isEmpty
                    ? "AND, OR or the end" : "\(fitting.map(\.rawValue).joined(separator: " or ")), AND, OR or the end")
        }
        terms += 1
        guard terms <= LogQuery.maximumTerms else { throw fault("at most \(LogQuery.maximumTerms) comparisons") }
        try advance()
        let value = try value(for: field)
        return .all([.term(term), .term(try self.term(field, second, value))])
    }

    /// Takes the field whose name is the current word.
    private mutating func field(_ steps: [LogPathStep]) throws(LogQueryFault) -> LogField {
        let name = steps.first?.description ?? ""
        if name == LogField.metadataName {
            guard steps.count > 1 else { throw fault("a name within it, such as metadata.scope") }
            try advance()
            return .metadata(Array(steps.dropFirst()))
        }
        guard let field = LogField.plain.first(where: { $0.name == name })?.field else {
            throw fault(Self.nearest(to: name))
        }
        guard steps.count == 1 else { throw fault("\(name) alone; only metadata has names within it") }
        try advance()
        return field
    }

    private mutating func comparator(after field: LogField) throws(LogQueryFault) -> LogComparator {
        guard case .comparator(let comparator) = token.kind else {
            throw fault("a comparator: " + LogComparator.allCases.map(\.rawValue).joined(separator: ", "))
        }
        try advance()
        return comparator
    }

    private struct Literal {
        var value: LogValue
        /// Written as a time, which nothing but timestamp can be compared with.
        var isTime = false
        var range: Range<Int>
    }

    /// The current word as a value, nil where it is none.
    private var literal: Literal? {
        switch token.kind {
        case .text(let text): Literal(value: .text(text), range: token.range)
        case .integer(let number): Literal(value: .integer(number), range: token.range)
        case .time(let time): Literal(value: .integer(time.microseconds), isTime: true, range: token.range)
        case .truth(let truth): Literal(value: .truth(truth), range: token.range)
        case .open, .close, .comparator, .and, .or, .not, .path, .end: nil
        }
    }

    private mutating func value(for field: LogField) throws(LogQueryFault) -> Literal {
        guard let literal else {
            if case .path(let steps) = token.kind {
                throw fault(
                    "a value; a text stands in double quotes: \"\(steps.map(\.description).joined(separator: "."))\"")
            }
            throw fault(field == .timestamp ? "a time" : "a value: a text in double quotes or a whole number")
        }
        try advance()
        return literal
    }

    /// Puts the three together where they fit.
    private func term(
        _ field: LogField, _ comparator: LogComparator, _ literal: Literal
    ) throws(LogQueryFault) -> LogTerm {
        var value = literal.value
        switch (field, value) {
        case (.timestamp, .text(let text)):
            if let time = Timestamp(iso8601: text) { value = .integer(time.microseconds) }
        case (.level, .text(let text)): value = .text(text.lowercased())
        default: break
        }
        var objection = field.fault(of: comparator, with: value)
        if literal.isTime, field != .timestamp {
            objection = "a time only beside timestamp; a text stands in double quotes"
        }
        if let objection {
            throw lexer.fault(at: literal.range.lowerBound, found: lexer.shown(literal.range), allowed: objection)
        }
        return LogTerm(field, comparator, value)
    }

    // MARK: Words

    private mutating func advance() throws(LogQueryFault) { token = try lexer.next() }

    /// The current word is not one of those.
    private func fault(_ allowed: String) -> LogQueryFault {
        lexer.fault(at: token.range.lowerBound, found: lexer.shown(token.range), allowed: allowed)
    }

    private var afterCondition: String {
        if token.kind == .close { return "AND, OR or the end: no ( is open" }
        return "AND, OR or the end"
    }

    private static let fieldList =
        LogField.plain.map(\.name).joined(separator: ", ") + " and \(LogField.metadataName).NAME"

    /// What an unknown field was meant to be.
    private static func nearest(to name: String) -> String {
        let wanted = Array(name.lowercased().utf8.prefix(40))
        let names = LogField.plain.map(\.name) + [LogField.metadataName]
        let distances = names.map { (name: $0, distance: distance(wanted, Array($0.lowercased().utf8))) }
        guard let best = distances.min(by: { $0.distance < $1.distance }), best.distance <= max(2, wanted.count / 2)
        else { return "a field (\(fieldList)); what an entry tells besides is \(LogField.metadataName).\(name)" }
        return "a field; the nearest is \(best.name) (of \(fieldList))"
    }

    /// How many letters have to be put in, taken out or changed (Levenshtein).
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var row = Array(0...right.count)
        for (index, letter) in left.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for (column, other) in right.enumerated() {
                let above = row[column + 1]
                row[column + 1] = min(above + 1, row[column] + 1, diagonal + (letter == other ? 0 : 1))
                diagonal = above
            }
        }
        return row[right.count]
    }
}
