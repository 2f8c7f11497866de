// swift-format-ignore-file: NeverForceUnwrap
// Constants of the tests: one that is malformed fails every test at once.

import JSON
import Telephony
import Testing

@testable import PQL

/// docs/contract/rest.md#pql.
@Suite("Queries at their bounds")
struct BoundTests {
    private func fault(_ text: String) throws -> LogQueryFault {
        try #require(throws: LogQueryFault.self) { try LogQuery(text) }
    }

    @Test("A range is two comparisons of the hundred")
    func terms() throws {
        let (single, range) = ("timestamp>1", "1<timestamp<2")
        _ = try LogQuery(Array(repeating: range, count: 50).joined(separator: " OR "))
        let refusal = try fault((Array(repeating: single, count: 99) + [range]).joined(separator: " OR "))
        #expect(refusal.allowed == "at most 100 comparisons" && refusal.found == "`<`")
        _ = try LogQuery((Array(repeating: single, count: 98) + [range]).joined(separator: " OR "))
    }

    @Test("What stands there is shown up to 40 bytes")
    func shown() throws {
        for (count, shown) in [(39, 39), (40, 40), (41, 40), (400, 40)] {
            let refusal = try fault("level = " + String(repeating: "a", count: count))
            let cut = count > shown ? "…" : ""
            #expect(refusal.found == "`" + String(repeating: "a", count: shown) + cut + "`")
        }
    }

    @Test("A field is guessed where at most half of its letters are wrong, or two")
    func nearest() throws {
        for (name, isGuessed) in [
            ("timesxxxx", true), ("timexxxxx", false), ("lev", true), ("le", false), ("mxxsage", true),
            ("METADATA", true),
        ] {
            let allowed = try fault("\(name) = 1").allowed
            #expect(allowed.hasPrefix("a field; the nearest is ") == isGuessed, "\(name): \(allowed)")
            #expect(allowed.contains("metadata.\(name)") == !isGuessed, "\(name): \(allowed)")
        }
    }

    @Test(
        "A sign of another language is answered with ours",
        arguments: [
            ("level ! \"x\"", 6, "`!`", "!= says that two differ"), ("level =< \"x\"", 6, "`=<`", "<= and >="),
            ("level => \"x\"", 6, "`=>`", "<= and >="), ("level === \"x\"", 6, "`===`", "=, !=, <, <=, > and >="),
            ("level = \"x\" | 1", 12, "`|`", "OR"), ("message ~ \"x\"", 8, "`~`", "CONTAINS"),
            ("message * \"x\"", 8, "`*`", "STARTS_WITH"), ("message % \"x\"", 8, "`%`", "ENDS_WITH"),
            (".message = 1", 0, "`.`", "a name before a dot"), ("level = ”info”", 8, "`”`", "straight double quotes"),
            ("level = „info“", 8, "`„`", "straight double quotes"), ("level = «info»", 8, "`«`", "straight double"),
            ("level = ‘info’", 8, "`‘`", "straight double quotes"), ("level = `info`", 8, "```", "straight double"),
            ("level = \u{7F}", 8, "a control character", "fields"), ("level = #", 8, "`#`", "fields"),
            ("timestamp = 1-2", 12, "`1-2`", "a whole number, a time such as"),
            ("timestamp = -99999999999999999999", 12, "`-99999999999999999999`", "at most 64 bits"),
        ])
    func signs(_ text: String, _ offset: Int, _ found: String, _ allowed: String) throws {
        let refusal = try fault(text)
        #expect(refusal.offset == offset && refusal.found == found)
        #expect(refusal.allowed.contains(allowed), "\(refusal.allowed)")
    }

    @Test("Blanks are spaces, tabs and ends of lines, and may be left out where nothing runs together")
    func blanks() throws {
        let plain = try LogQuery("level = \"info\"").condition
        for text in ["level=\"info\"", "\tlevel\n=\r\n\"info\"\u{B}\u{C}", "(level=\"info\")"] {
            #expect(try LogQuery(text).condition == plain)
        }
        #expect(try fault("level\u{8}= \"info\"").offset == 5)
        #expect(try fault("level\u{E}= \"info\"").offset == 5)
        #expect(try fault("level\u{A0}= \"info\"").offset == 5, "a blank that is not ASCII is none")
    }

    @Test("A place in a list has 31 bits; a name in quotes has everything but quotes, \\ and control characters")
    func steps() throws {
        _ = try LogQuery("metadata.a.2147483647 = 1")
        #expect(try fault("metadata.a.2147483648 = 1").offset == 11)
        _ = try LogQuery("metadata.\" ~\" = 1")
        #expect(try fault("metadata.\"\u{1F}\" = 1").offset == 9)
        #expect(try fault("metadata.\"a\\\\b\" = 1").offset == 9)
        #expect(try fault("metadata").offset == 0)
        #expect(try fault("metadata.").offset == 9)
    }

    @Test("What is left unclosed or behind the end says where")
    func ends() throws {
        #expect(try fault("((level = \"info\")").offset == 0)
        #expect(try fault("(level = \"info\" OR (level = \"info\"").offset == 19)
        #expect(try fault("message = \"x\\").found == "`\\`")
        #expect(try fault("message = \"x\\").offset == 12)
        let refusal = LogQueryFault(in: "ab", at: 99, found: "x", allowed: "y")
        #expect(refusal.offset == 99 && refusal.column == 3)
        #expect(refusal.sentence == "The query goes wrong at column 3 (byte 99), where x stands; allowed: y.")
    }

    private static let entry = JournalEntry(
        timestamp: Timestamp(microseconds: 10), sequence: 1, level: .info, scope: .webhook,
        accountID: AccountID("AC" + String(repeating: "3", count: 40))!, callID: nil, requestID: nil, message: "mm",
        metadata: ["whole": 404, "part": .number(2.5), "list": ["a", "b"], "truth": true])

    @Test("Each comparator at what it compares with, of texts, whole numbers, parts and times")
    func comparators() throws {
        // Below, at and above.
        let signs: [(String, [Bool])] = [
            ("=", [false, true, false]), ("!=", [true, false, true]), ("<", [false, false, true]),
            ("<=", [false, true, true]), (">", [true, false, false]), (">=", [true, true, false]),
        ]
        let fields = [
            ("message", ["\"ml\"", "\"mm\"", "\"mn\""]), ("message", ["\"m\"", "\"mm\"", "\"mmm\""]),
            ("metadata.whole", ["403", "404", "405"]), ("timestamp", ["9", "10", "11"]),
        ]
        for (field, values) in fields {
            for (sign, expected) in signs {
                let found = try values.map { try LogQuery("\(field) \(sign) \($0)").condition.matches(Self.entry) }
                #expect(found == expected, "\(field) \(sign)")
            }
        }
        // Nothing whole is a part, but all of it is below or above.
        for (sign, expected) in signs where sign != "=" && sign != "!=" {
            let found = try [2, 3].map {
                try LogQuery("metadata.part \(sign) \($0)").condition.matches(Self.entry)
            }
            #expect(found == [expected[0], expected[2]], "\(sign)")
        }
        #expect(try LogQuery("metadata.part != 2").condition.matches(Self.entry))
        #expect(try !LogQuery("metadata.whole CONTAINS \"4\"").condition.matches(Self.entry))
    }

    @Test("Lists have places from 0 to their last, objects names")
    func paths() throws {
        for (path, isThere) in [
            ("list.0 = \"a\"", true), ("list.1 = \"b\"", true), ("list.2 = \"b\"", false), ("list.a = \"a\"", false),
            ("whole.whole = 404", false), ("truth = true", true), ("truth != true", false), ("truth = false", false),
        ] {
            #expect(try LogQuery("metadata.\(path)").condition.matches(Self.entry) == isThere, "\(path)")
        }
    }

    @Test("A name says what a query writes")
    func names() {
        #expect(LogField.metadata([.key("a"), .index(0), .key("b")]).name == "metadata.a.0.b")
        for (name, field) in LogField.plain { #expect(field.name == name) }
        #expect(LogField.plain.map(\.name) == ["timestamp", "level", "message", "requestId", "callId", "accountId"])
    }

    @Test("A moment is possible, and the moment before the first is none")
    func narrowing() throws {
        func narrowing(_ text: String) throws -> LogNarrowing { LogNarrowing(try LogQuery(text).condition) }
        #expect(try narrowing("timestamp = 5").isPossible)
        #expect(try !narrowing("timestamp = 5 AND timestamp = 6").isPossible)
        #expect(try narrowing("timestamp <= 5").latest == 5)
        #expect(try narrowing("NOT timestamp <= 5").earliest == 6)
        #expect(try narrowing("NOT timestamp >= 5").latest == 4)
        #expect(try narrowing("NOT timestamp > 5").latest == 5)
        #expect(try narrowing("NOT timestamp = 5") == LogNarrowing())
        #expect(try narrowing("NOT level != \"info\"").levels == [.info])
        #expect(try narrowing("NOT callId CONTAINS \"x\"") == LogNarrowing())
        #expect(LogNarrowing(.all([])) == LogNarrowing() && LogNarrowing(.any([])) == LogNarrowing())
    }

    @Test("A cursor's place lies within the ten thousand that are counted")
    func cursor() throws {
        let call = try #require(CallID("CA" + String(repeating: "0", count: 39) + "2"))
        #expect(LogCursor("c1k\(call)s3p10000")?.position.position == 10_000)
        #expect(LogCursor("c1k\(call)s3p10001") == nil)
        let cursor = try #require(LogCursor("c1k\(call)s3p4"))
        #expect(
            cursor.position == LogPosition(timestamp: 1, callID: call, sequence: 3, position: 4) && cursor.query == nil)
    }
}
