import SIP
import Telephony
import Testing

@testable import PQL

/// docs/contract/rest.md#pql.
@Suite("Queries are read as they are meant")
struct ParserTests {
    private func condition(_ text: String) throws -> LogCondition { try LogQuery(text).condition }

    private let info = LogCondition.term(LogTerm(.level, .equal, .text("info")))
    private let late = LogCondition.term(LogTerm(.timestamp, .greater, .integer(5)))
    private let named = LogCondition.term(LogTerm(.message, .equal, .text("x")))

    @Test("NOT binds before AND, AND before OR; brackets before all")
    func precedence() throws {
        let (a, b, c) = ("level = \"info\"", "timestamp>5", "message = \"x\"")
        #expect(try condition("\(a) OR \(b) AND \(c)") == .any([info, .all([late, named])]))
        #expect(try condition("\(a) AND \(b) OR \(c)") == .any([.all([info, late]), named]))
        #expect(try condition("(\(a) OR \(b)) AND \(c)") == .all([.any([info, late]), named]))
        #expect(try condition("NOT \(a) AND \(b)") == .all([.not(info), late]))
        #expect(try condition("NOT (\(a) AND \(b))") == .not(.all([info, late])))
        #expect(try condition("not Not \(a)") == .not(.not(info)))
        #expect(try condition("\(a) and \(b) aNd \(c)") == .all([info, late, named]))
        #expect(try condition("\(a) or (\(b) or \(c))") == .any([info, .any([late, named])]))
        #expect(try condition("((\(a)))") == info)
    }

    @Test("What FreeClimb's own tools send is understood")
    func tools() throws {
        #expect(try condition("level=\"info\"") == info)
        #expect(try condition("level=\"info\" AND timestamp>5") == .all([info, late]))
        #expect(
            try condition("2020-06-22T19:42:53.376Z < timestamp < 2020-06-23T19:42:53.376Z")
                == .all([
                    .term(LogTerm(.timestamp, .greater, .integer(1_592_854_973_376_000))),
                    .term(LogTerm(.timestamp, .less, .integer(1_592_941_373_376_000))),
                ]))
        #expect(
            try condition("metadata.requestBody.from = \"+13125550100\"")
                == .term(LogTerm(.metadata([.key("requestBody"), .key("from")]), .equal, .text("+13125550100"))))
    }

    @Test(
        "Every comparator, either way round",
        arguments: [
            ("message", LogComparator.equal, "=", "="), ("message", .notEqual, "!=", "!="),
            ("message", .less, "<", ">"),
            ("message", .lessOrEqual, "<=", ">="), ("message", .greater, ">", "<"),
            ("message", .greaterOrEqual, ">=", "<="),
        ])
    func comparators(_ field: String, _ comparator: LogComparator, _ sign: String, _ mirrored: String) throws {
        let expected = LogCondition.term(LogTerm(.message, comparator, .text("x")))
        #expect(try condition("\(field)\(sign)\"x\"") == expected)
        #expect(try condition("\"x\" \(mirrored) \(field)") == expected)
    }

    @Test("Words that look into texts, in any case")
    func words() throws {
        #expect(try condition("message CONTAINS \"x\"") == .term(LogTerm(.message, .contains, .text("x"))))
        #expect(try condition("callId starts_with \"CA1\"") == .term(LogTerm(.callID, .startsWith, .text("CA1"))))
        #expect(try condition("requestId Ends_With \"9\"") == .term(LogTerm(.requestID, .endsWith, .text("9"))))
    }

    @Test("Ranges run up or down, with or without their ends")
    func ranges() throws {
        let between = { (low: LogComparator, high: LogComparator) -> LogCondition in
            .all([.term(LogTerm(.timestamp, low, .integer(1))), .term(LogTerm(.timestamp, high, .integer(2)))])
        }
        #expect(try condition("1 < timestamp < 2") == between(.greater, .less))
        #expect(try condition("1<=timestamp<2") == between(.greaterOrEqual, .less))
        #expect(try condition("1 < timestamp <= 2") == between(.greater, .lessOrEqual))
        #expect(
            try condition("2 >= timestamp > 1")
                == .all([
                    .term(LogTerm(.timestamp, .lessOrEqual, .integer(2))),
                    .term(LogTerm(.timestamp, .greater, .integer(1))),
                ]))
        #expect(
            try condition("\"a\" < metadata.name < \"b\" AND level = \"info\"")
                == .all([
                    .all([
                        .term(LogTerm(.metadata([.key("name")]), .greater, .text("a"))),
                        .term(LogTerm(.metadata([.key("name")]), .less, .text("b"))),
                    ]), info,
                ]))
    }

    @Test("Values: escapes, other alphabets, signs, truth, and level in any case")
    func values() throws {
        func value(_ text: String) throws -> LogValue? {
            if case .term(let term) = try condition(text) { term.value } else { nil }
        }
        #expect(try value(#"message = "a\"b\\c\n\r\t""#) == .text("a\"b\\c\n\r\t"))
        #expect(try value("message = \"grüße 📞\"") == .text("grüße 📞"))
        #expect(try value("message = \"it's\"") == .text("it's"))
        #expect(try value("message = \"\"") == .text(""))
        #expect(try value("metadata.x = -5") == .integer(-5))
        #expect(try value("metadata.x = 9223372036854775807") == .integer(.max))
        #expect(try value("metadata.x != TRUE") == .truth(true))
        #expect(try value("metadata.x = false") == .truth(false))
        #expect(try value("level = \"ERROR\"") == .text("error"))
        #expect(try value("level != \"Warning\"") == .text("warning"))
        #expect(try value("timestamp = \"2020-06-22T19:42:53.376Z\"") == .integer(1_592_854_973_376_000))
        #expect(try value("timestamp = 2020-06-22") == .integer(1_592_784_000_000_000))
        #expect(try value("metadata.x = \"2020-06-22\"") == .text("2020-06-22"))
    }

    @Test("Paths take names, places in lists, and any other name in quotes")
    func paths() throws {
        func steps(_ text: String) throws -> [LogPathStep]? {
            if case .term(let term) = try condition(text + " = 1"), case .metadata(let steps) = term.field {
                steps
            } else {
                nil
            }
        }
        #expect(try steps("metadata.a") == [.key("a")])
        #expect(
            try steps("metadata.details.fields.0.value") == [.key("details"), .key("fields"), .index(0), .key("value")])
        #expect(try steps("metadata.requestHeaders.Content-Type") == [.key("requestHeaders"), .key("Content-Type")])
        #expect(try steps("metadata.not.and.or") == [.key("not"), .key("and"), .key("or")])
        #expect(
            try steps(#"metadata."0"."a b.c".é"#.replacing("é", with: "\"é\"")) == [
                .key("0"), .key("a b.c"), .key("é"),
            ])
        #expect(try steps(#"metadata."""#) == [.key("")])
    }

    @Test(
        "A fault says where it is and what is allowed there",
        arguments: [
            ("", 0, "the end", "a field"),
            ("   ", 3, "the end", "a field"),
            ("level", 5, "the end", "a comparator"),
            ("level =", 7, "the end", "a value"),
            ("level = info", 8, "`info`", "\"info\""),
            ("level = 'info'", 8, "a single quote", "double quotes"),
            ("level = “info”", 8, "`“`", "straight double quotes"),
            ("level : \"info\"", 6, "`:`", "="),
            ("level == \"info\"", 6, "`==`", "="),
            ("level <> \"info\"", 6, "`<>`", "!="),
            ("level = \"info\" && level = \"info\"", 15, "`&`", "AND"),
            ("level = \"info\" level = \"info\"", 15, "`level`", "AND"),
            ("level = \"info\")", 14, "`)`", "no ( is open"),
            ("(level = \"info\"", 0, "a bracket that is not closed", ")"),
            ("(level = \"info\" timestamp", 16, "`timestamp`", "AND, OR or )"),
            ("level = \"debug\"", 8, "`\"debug\"`", "\"warning\""),
            ("level > \"info\"", 8, "`\"info\"`", "= or !="),
            ("level = 5", 8, "`5`", "\"info\""),
            ("callid = \"CA\"", 0, "`callid`", "nearest is callId"),
            ("mesage = \"x\"", 0, "`mesage`", "nearest is message"),
            ("lvl = \"info\"", 0, "`lvl`", "nearest is level"),
            ("metdata.x = 1", 0, "`metdata.x`", "nearest is metadata"),
            ("scope = \"sip\"", 0, "`scope`", "metadata.scope"),
            ("message.x = \"x\"", 0, "`message.x`", "message alone"),
            ("metadata = \"x\"", 0, "`metadata`", "metadata.scope"),
            ("metadata. = \"x\"", 9, "` `", "a name"),
            ("metadata.-a = \"x\"", 9, "`-`", "a name"),
            ("metadata.0x = 1", 9, "`0x`", "double quotes"),
            ("metadata.99999999999 = 1", 9, "`99999999999`", "a place in a list"),
            ("metadata.\"a\\\"b\" = 1", 9, "`\"a\\\"b\"`", "without quotes"),
            ("message = \"open", 10, "a text without an end", "double quote"),
            ("message = \"a\\q\"", 12, "`\\q`", "n, r and t"),
            ("message = 5", 10, "`5`", "double quotes"),
            ("message = true", 10, "`true`", "double quotes"),
            ("timestamp = \"yesterday\"", 12, "`\"yesterday\"`", "2020-06-22T19:42:53.376Z"),
            ("timestamp > 2020-13-01", 12, "`2020-13-01`", "a time such as"),
            ("timestamp > 99999999999999999999", 12, "`99999999999999999999`", "64 bits"),
            ("timestamp CONTAINS 5", 19, "`5`", "no CONTAINS"),
            ("metadata.x CONTAINS 5", 20, "`5`", "double quotes"),
            ("metadata.x < true", 13, "`true`", "no order"),
            ("metadata.x = 2020-06-22", 13, "`2020-06-22`", "only beside timestamp"),
            ("\"x\" CONTAINS message", 4, "`CONTAINS`", "a comparator"),
            ("5 < 6", 4, "`6`", "a field"),
            ("timestamp > 1 < 2", 14, "`<`", "1 < timestamp < 2"),
            ("1 < timestamp > 2", 14, "`>`", "< or <="),
            ("1 = timestamp < 2", 14, "`<`", "AND"),
            ("1 < timestamp < ", 16, "the end", "a time"),
            ("AND", 0, "`AND`", "a field"),
            ("NOT", 3, "the end", "a field"),
            ("()", 1, "`)`", "a field"),
            ("\u{1}", 0, "a control character", "fields"),
            ("message = \"\u{0}\"", 11, "a NUL", "every other character"),
            ("é", 0, "`é`", "fields"),
        ])
    func faults(_ text: String, _ offset: Int, _ found: String, _ allowed: String) throws {
        let fault = try #require(throws: LogQueryFault.self) { try LogQuery(text) }
        #expect(fault.offset == offset)
        #expect(fault.found == found)
        #expect(fault.allowed.contains(allowed), "\(fault.allowed)")
        #expect(fault.sentence.contains("column \(fault.column) (byte \(offset))"))
    }

    @Test("Columns count characters, offsets bytes")
    func columns() throws {
        let fault = try #require(throws: LogQueryFault.self) { try LogQuery("message = \"grüße 👩‍👩‍👧\" x") }
        #expect(fault.column == 21)
        #expect(fault.offset == 39)
    }

    @Test("Length, depth, comparisons and steps have limits, and what keeps within them is read")
    func limits() throws {
        let term = "level = \"info\""
        func brackets(_ count: Int) -> String {
            String(repeating: "(", count: count) + term + String(repeating: ")", count: count)
        }
        func fault(_ text: String) throws -> LogQueryFault {
            try #require(throws: LogQueryFault.self) { try LogQuery(text) }
        }
        _ = try LogQuery(brackets(LogQuery.maximumDepth))
        #expect(try fault(brackets(LogQuery.maximumDepth + 1)).allowed.contains("at most 32"))
        #expect(try fault(String(repeating: "NOT ", count: 33) + term).offset == 32 * 4)
        let short = "timestamp>1"
        _ = try LogQuery(Array(repeating: short, count: LogQuery.maximumTerms).joined(separator: " OR "))
        #expect(
            try fault(Array(repeating: short, count: LogQuery.maximumTerms + 1).joined(separator: " OR ")).allowed
                .contains("at most 100"))
        #expect(
            try fault(Array(repeating: "1<timestamp<2", count: 51).joined(separator: " OR ")).allowed
                .contains("at most 100"))
        let path = String(repeating: ".a", count: LogQuery.maximumSteps)
        _ = try LogQuery("metadata\(path) = 1")
        #expect(try fault("metadata\(path).a = 1").allowed.contains("at most 16"))
        _ = try LogQuery(term + String(repeating: " ", count: LogQuery.maximumLength - term.utf8.count))
        #expect(
            try fault(term + String(repeating: " ", count: LogQuery.maximumLength + 1 - term.utf8.count)).offset
                == 4_000)
        #expect(try fault(String(repeating: "é", count: 1_000_000)).offset == 4_000)
    }

    @Test("Whatever is sent is read or refused, and never takes long")
    func hostile() {
        let seeds = [
            "level = \"info\" AND (timestamp > 5 OR NOT message CONTAINS \"x\\\"y\")",
            "2020-06-22T19:42:53.376Z <= timestamp < \"2020-06-23\" and metadata.a.0.\"b c\" != TRUE",
            "callId STARTS_WITH \"CA\" or requestId ENDS_WITH \"ü\" and 5 >= metadata.n > -9223372036854775808",
        ].map { Array($0.utf8) }
        var random = RandomSource(seed: 7)
        let pieces = [
            "(", ")", "\"", "\\", "NOT ", "AND ", " OR", "<", "=", "!", ".", "metadata.", "0", "-", "\u{0}", "é", "T",
        ]
        let start = ContinuousClock.now
        var read = 0
        for round in 0..<30_000 {
            var bytes = round % 3 == 0 ? [] : seeds[Int.random(in: 0..<seeds.count, using: &random)]
            for _ in 0..<Int.random(in: 1...12, using: &random) {
                let place = Int.random(in: 0...bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
                case 1: if place < bytes.count { bytes.remove(at: place) }
                case 2:
                    bytes.insert(contentsOf: pieces[Int.random(in: 0..<pieces.count, using: &random)].utf8, at: place)
                default: bytes.removeSubrange(place...)
                }
            }
            let text = String(decoding: bytes, as: UTF8.self)
            do {
                let query = try LogQuery(text)
                _ = LogNarrowing(query.condition)
                read += 1
            } catch {
                #expect((0...text.utf8.count).contains(error.offset))
                #expect((1...text.count + 1).contains(error.column))
                #expect(!error.found.isEmpty && !error.allowed.isEmpty)
            }
        }
        #expect(read > 100)
        for text in ["(", "NOT ", "\"", "\\", "a.", "-", "<", "\u{301}", "metadata.a.", "1<timestamp<2 OR "] {
            let long = String(repeating: text, count: LogQuery.maximumLength / text.utf8.count)
            #expect(throws: LogQueryFault.self) { try LogQuery(long) }
        }
        // All of them take some seconds in a debug build; a parser that tries again and again would take minutes.
        #expect(start.duration(to: .now) < .seconds(60))
    }
}
