/// A filter over log entries, written in PQL (docs/contract/rest.md#pql):
///
///     expression := conjunction ("OR" conjunction)*
///     conjunction := negation ("AND" negation)*
///     negation := "NOT" negation | "(" expression ")" | comparison
///     comparison := field comparator value | value comparator field
///                 | value ("<" | "<=") field ("<" | "<=") value | value (">" | ">=") field (">" | ">=") value
///     comparator := "=" | "!=" | "<" | "<=" | ">" | ">=" | "CONTAINS" | "STARTS_WITH" | "ENDS_WITH"
///     field := "timestamp" | "level" | "message" | "requestId" | "callId" | "accountId" | "metadata" ("." step)+
///     step := name | digits | text
///     value := text | whole number | time | "true" | "false"
///
/// Words of the language may be written in any case; fields and names are case-sensitive. Texts stand in double quotes
/// and have the escapes `\"`, `\\`, `\n`, `\r`, `\t`. A time is one of ISO 8601, with or without quotes. The three
/// comparators of texts look at the text as it stands, case and all.
package struct LogQuery: Hashable, Sendable {
    /// Longer than any query that a person writes, and short enough that a cursor with it fits in a URL everywhere
    /// (``LogCursor``).
    package static let maximumLength = 4_000
    /// Brackets and negations within one another: bounds the recursion of all that works on the tree.
    package static let maximumDepth = 32
    /// Comparisons: bounds what one entry can cost.
    package static let maximumTerms = 100
    /// Steps of one path into the metadata, which nest no deeper than this.
    package static let maximumSteps = 16

    /// As it was written.
    package let text: String
    package let condition: LogCondition

    /// Reads a query.
    ///
    /// - Throws: what is wrong, and where.
    package init(_ text: String) throws(LogQueryFault) {
        self.text = text
        var parser = try LogQueryParser(text)
        condition = try parser.parse()
    }
}
