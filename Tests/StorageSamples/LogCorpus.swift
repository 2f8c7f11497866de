import JSON
package import PQL
import SIP
package import Telephony

/// Entries of two accounts in which queries find something, and queries that find something in them.
package struct LogCorpus {
    /// How many calls there are; those of even numbers are the sample account's.
    static let calls = 8

    private var random: RandomSource
    /// By the order of the calls' identifiers, 0 for entries of no call, which count as storage counts them.
    private(set) var entries: [(call: Int64, sequence: Int64, entry: JournalEntry)] = []

    package init(seed: UInt64, count: Int) {
        random = RandomSource(seed: seed)
        var sequences = Array(repeating: 0, count: Self.calls)
        for number in 0..<count {
            let call = number < Self.calls ? number : Int.random(in: -2..<Self.calls, using: &random)
            if call < 0 {
                let place = entries.count { $0.call == 0 } + 1
                var added = entry(call: nil, sequence: 0)
                // Some are of a room's story.
                added.room = Self.rooms[place % Self.rooms.count]
                if added.room != nil { added.sequence = place }
                entries.append((0, Int64(place), added))
            } else {
                sequences[call] += 1
                entries.append((Int64(call + 1), Int64(sequences[call]), entry(call: call, sequence: sequences[call])))
            }
        }
    }

    private static let rooms: [RoomID?] = [
        nil, .conference(Sample.conferenceID(1)), .queue(Sample.queueID(1)),
    ]

    static func owner(_ call: Int) -> AccountID { call % 2 == 0 ? Sample.account : Sample.otherAccount }

    package var operations: [StorageOperation] {
        // Not in the order of their identifiers.
        (0..<Self.calls).reversed().map { .saveCall(Sample.call($0, account: Self.owner($0))) }
            + entries.map { .appendJournal($0.entry) }
    }

    /// What a query is to find of the sample account's, in order.
    package func expected(_ query: LogQuery?) -> [JournalEntry] {
        entries.filter { $0.entry.accountID == Sample.account && query?.condition.matches($0.entry) ?? true }
            .sorted {
                ($0.entry.timestamp.microseconds, $0.call, $0.sequence)
                    > ($1.entry.timestamp.microseconds, $1.call, $1.sequence)
            }.map(\.entry)
    }

    // MARK: Entries

    private static let words = [
        "", "INVITE", "INVITE sent", "invite", "Webhook answered : 200", "grüße 📞", "a'b\"c\\d", "%_",
        // Characters of several scalars, and the same letter written in two ways.
        "e\u{301}te\u{301}", "\u{e9}t\u{e9}", "👨‍👩‍👧 an 👨‍👩‍👧", "🇩🇪", "sent\r\n", "\r\nsent",
    ]
    /// That stand in some of them.
    private static let parts = ["I", "sent", "200", "b\"c", "📞", "👧", "\u{301}", "\n"]
    private static let keys = ["status", "text", "list", "a b", "ü", "scope", "none"]

    private mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: 0..<elements.count, using: &random)]
    }

    private mutating func entry(call: Int?, sequence: Int) -> JournalEntry {
        var scope = pick(JournalScope.allCases)
        // A call's entries carry the request that made it, or begin with the scope `request` where they follow from
        // another one: storage's index of requests is built on that.
        var request = call.map(Sample.requestID) ?? pick([nil, Sample.requestID(20), Sample.requestID(21)])
        if call != nil, sequence > 1, Int.random(in: 0..<6, using: &random) == 0 {
            scope = .request
            request = Sample.requestID(Int.random(in: 20..<23, using: &random))
        }
        var metadata: [String: JSONValue] = [:]
        for _ in 0..<Int.random(in: 0...4, using: &random) { metadata[pick(Self.keys)] = value(depth: 0) }
        return JournalEntry(
            timestamp: Sample.time.advanced(byMicroseconds: Int64.random(in: 0..<40, using: &random)),
            sequence: sequence,
            level: pick([.info, .info, .info, .warning, .error]), scope: scope,
            accountID: call.map(Self.owner) ?? pick([Sample.account, Sample.otherAccount]),
            callID: call.map(Sample.callID), requestID: request, message: pick(Self.words), metadata: metadata)
    }

    private mutating func value(depth: Int) -> JSONValue {
        switch Int.random(in: 0..<(depth < 2 ? 9 : 7), using: &random) {
        case 0: .null
        case 1: .bool(Bool.random(using: &random))
        case 2, 3: .integer(Int64.random(in: 198...202, using: &random))
        case 4: .number(Double(Int.random(in: 396...404, using: &random)) / 2)
        case 5, 6: .string(pick(Self.words))
        case 7: .array((0..<Int.random(in: 0...3, using: &random)).map { _ in value(depth: depth + 1) })
        default: .object([pick(Self.keys): value(depth: depth + 1), pick(Self.keys) + "x": value(depth: depth + 1)])
        }
    }

    // MARK: Queries

    /// A query of some depth in the language itself, so that the parser takes part.
    package mutating func query() -> String { expression(depth: Int.random(in: 0...3, using: &random)) }

    private mutating func expression(depth: Int) -> String {
        guard depth > 0 else { return term() }
        switch Int.random(in: 0..<4, using: &random) {
        case 0: return "NOT (\(expression(depth: depth - 1)))"
        case 1: return "(\(expression(depth: depth - 1)) OR \(expression(depth: depth - 1)))"
        case 2:
            // Without brackets, whatever binds how.
            return [term(), term(), term()].reduce("NOT \(term())") { "\($0) \(pick(["AND", "OR"])) \($1)" }
        default: return "\(expression(depth: depth - 1)) AND \(expression(depth: depth - 1))"
        }
    }

    private mutating func term() -> String {
        switch Int.random(in: 0..<10, using: &random) {
        case 0: "timestamp \(pick(Self.orders)) \(time())"
        case 1: "\(time()) \(pick(["<", "<="])) timestamp \(pick(["<", "<="])) \(time())"
        case 2: "level \(pick(["=", "!="])) \"\(pick(["info", "WARNING", "error"]))\""
        case 3: "message \(comparator()) \(text(pick(Self.words + Self.parts)))"
        case 4: "callId \(pick(["=", "=", "!=", "<", "STARTS_WITH", "ENDS_WITH"])) \(text(pick(Self.callTexts)))"
        case 5: "requestId \(pick(["=", "=", "!=", ">", "CONTAINS"])) \(text(pick(Self.requestTexts)))"
        case 6: "accountId \(pick(["=", "!="])) \(text(pick([Sample.account.text, Sample.otherAccount.text])))"
        case 7: "\(path()) \(comparator()) \(text(pick(Self.words)))"
        case 8: "\(path()) \(pick(Self.orders)) \(pick(["198", "200", "202", "0"]))"
        default: "\(path()) \(pick(["=", "!="])) \(pick(["true", "false"]))"
        }
    }

    private static let orders = ["=", "!=", "<", "<=", ">", ">="]
    private static let callTexts = (0..<5).map { Sample.callID($0).text } + ["", "CA", "3", "none"]
    private static let requestTexts = [0, 1, 2, 20, 21, 22].map { Sample.requestID($0).text } + ["", "RQ", "none"]

    private mutating func comparator() -> String { pick(Self.orders + ["CONTAINS", "STARTS_WITH", "ENDS_WITH"]) }

    private mutating func time() -> String {
        String(Sample.time.microseconds + Int64.random(in: -2..<42, using: &random))
    }

    private mutating func path() -> String {
        var path = "metadata.\(pick(["scope", "sequence", "status", "text", "list", "\"a b\"", "\"ü\"", "statusx"]))"
        while Int.random(in: 0..<3, using: &random) == 0 {
            path += "." + pick(["0", "1", "status", "text", "\"a b\"", "listx"])
        }
        return path
    }

    private func text(_ content: String) -> String {
        "\"" + content.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
}
