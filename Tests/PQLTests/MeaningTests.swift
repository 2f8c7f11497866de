// swift-format-ignore-file: NeverForceUnwrap
// Constants of the tests: one that is malformed fails every test at once.

import JSON
import Telephony
import Testing

@testable import PQL

@Suite("What a query means")
struct MeaningTests {
    private static let callID = CallID("CA" + String(repeating: "1", count: 40))!
    private static let requestID = RequestID("RQ" + String(repeating: "2", count: 40))!
    private static let accountID = AccountID("AC" + String(repeating: "3", count: 40))!

    private static let entry = JournalEntry(
        timestamp: Timestamp(microseconds: 1_592_854_973_376_000), sequence: 7, level: .warning, scope: .webhook,
        accountID: accountID, callID: callID, requestID: requestID, message: "Webhook getDigits answered : 404",
        metadata: [
            "status": 404, "url": "http://app.example/digits", "jitter": .number(2.5), "empty": nil, "isLate": true,
            "fields": [["name": "to"], "x"], "scope": "overwritten",
        ])

    private static let ofNoCall = JournalEntry(
        timestamp: Timestamp(microseconds: 5), sequence: 0, level: .error, scope: .request, accountID: accountID,
        callID: nil, requestID: nil, message: "", metadata: [:])

    @Test(
        "Conditions hold or not",
        arguments: [
            ("level = \"WARNING\"", true), ("level != \"warning\"", false), ("level = \"error\"", false),
            ("message CONTAINS \"getDigits\"", true), ("message CONTAINS \"getdigits\"", false),
            ("message CONTAINS \"\"", true), ("message STARTS_WITH \"Webhook \"", true),
            ("message STARTS_WITH \"webhook\"", false), ("message ENDS_WITH \"404\"", true),
            ("message ENDS_WITH \"40\"", false), ("message > \"Webhook\"", true), ("message < \"Webhook\"", false),
            ("message >= \"Webhook getDigits answered : 404\"", true),
            ("timestamp = 2020-06-22T19:42:53.376Z", true), ("timestamp != 2020-06-22T19:42:53.376Z", false),
            ("timestamp > 2020-06-22T19:42:53.376Z", false), ("timestamp >= 2020-06-22T19:42:53.376Z", true),
            ("2020-06-22 < timestamp < 2020-06-23", true), ("2020-06-23 > timestamp > 2020-06-22", true),
            ("callId STARTS_WITH \"CA1\"", true), ("requestId ENDS_WITH \"2\"", true),
            ("accountId = \"AC3\"", false), ("accountId CONTAINS \"3\"", true),
            ("metadata.status = 404", true), ("metadata.status = \"404\"", false), ("metadata.status != \"404\"", true),
            ("metadata.status >= 400 AND metadata.status < 500", true), ("400 <= metadata.status < 404", false),
            ("metadata.jitter > 2", true), ("metadata.jitter > 3", false), ("metadata.jitter = 2", false),
            ("metadata.isLate = true", true), ("metadata.isLate = false", false), ("metadata.isLate != false", true),
            ("metadata.isLate = \"true\"", false), ("metadata.empty = false", false), ("metadata.empty != 1", true),
            ("metadata.nothing = \"x\"", false), ("metadata.nothing != \"x\"", true),
            ("NOT metadata.nothing > 5", true), ("NOT metadata.nothing <= 5", true),
            ("metadata.fields.0.name = \"to\"", true), ("metadata.fields.1 = \"x\"", true),
            ("metadata.fields.2 = \"x\"", false), ("metadata.fields.name = \"to\"", false),
            ("metadata.fields = \"x\"", false), ("metadata.status.0 = 404", false),
            ("metadata.scope = \"webhook\"", true), ("metadata.scope = \"overwritten\"", false),
            ("metadata.sequence = 7", true), ("metadata.url ENDS_WITH \"/digits\"", true),
            ("level = \"info\" OR metadata.status = 404", true), ("NOT (level = \"warning\" AND timestamp > 1)", false),
        ])
    func holds(_ query: String, _ isTrue: Bool) throws {
        #expect(try LogQuery(query).condition.matches(Self.entry) == isTrue)
    }

    @Test("A field that an entry lacks satisfies != alone")
    func absent() throws {
        for (query, isTrue) in [
            ("callId = \"CA\"", false), ("callId != \"CA\"", true), ("callId < \"Z\"", false),
            ("callId >= \"\"", false),
            ("callId CONTAINS \"\"", false), ("NOT callId CONTAINS \"x\"", true), ("requestId != \"x\"", true),
            ("requestId STARTS_WITH \"\"", false), ("message = \"\"", true),
        ] {
            #expect(try LogQuery(query).condition.matches(Self.ofNoCall) == isTrue, "\(query)")
        }
    }

    // MARK: What an index can use

    private func narrowing(_ query: String) throws -> LogNarrowing { LogNarrowing(try LogQuery(query).condition) }

    @Test("What every match has in common is found through AND, OR, NOT and ranges")
    func narrowings() throws {
        let (call, other) = (Self.callID, CallID("CA" + String(repeating: "4", count: 40))!)
        #expect(try narrowing("message = \"x\"") == LogNarrowing())
        #expect(try narrowing("callId = \"\(call)\" AND message = \"x\"").callIDs == [call])
        #expect(try narrowing("callId = \"\(call)\" OR message = \"x\"").callIDs == nil)
        #expect(try narrowing("callId = \"\(call)\" OR callId = \"\(other)\"").callIDs == [call, other])
        #expect(try narrowing("callId = \"\(call)\" AND callId = \"\(other)\"").callIDs == [])
        #expect(try narrowing("callId = \"none\"").callIDs == [])
        #expect(try narrowing("NOT callId = \"\(call)\"").callIDs == nil)
        #expect(try narrowing("NOT callId != \"\(call)\"").callIDs == [call])
        #expect(try narrowing("NOT (callId != \"\(call)\" OR message = \"x\")").callIDs == [call])
        #expect(try narrowing("NOT (callId != \"\(call)\" AND message = \"x\")").callIDs == nil)
        #expect(try narrowing("callId CONTAINS \"\(call)\"").callIDs == nil)
        #expect(try narrowing("requestId = \"\(Self.requestID)\"").requestIDs == [Self.requestID])
    }

    @Test("Times narrow to a span, levels to a set")
    func spans() throws {
        func span(_ query: String) throws -> [Int64] {
            let narrowing = try narrowing(query)
            return [narrowing.earliest, narrowing.latest]
        }
        #expect(try span("5 < timestamp <= 9") == [6, 9])
        #expect(try span("timestamp >= 5 AND timestamp < 9") == [5, 8])
        #expect(try span("timestamp = 5 OR timestamp = 9") == [5, 9])
        #expect(try span("NOT timestamp < 5") == [5, .max])
        #expect(try span("timestamp > 5 OR level = \"info\"") == [.min, .max])
        #expect(try span("NOT (timestamp < 5 OR timestamp > 9)") == [5, 9])
        #expect(try span("timestamp > 9 AND timestamp < 5") == [10, 4])
        #expect(try span("timestamp > 9223372036854775807") == [.max, .max])
        #expect(try span("timestamp < -9223372036854775808") == [.min, .min])
        #expect(try narrowing("level = \"error\" OR level = \"warning\"").levels == [.error, .warning])
        #expect(try narrowing("level != \"info\" AND timestamp > 5").levels == [.error, .warning])
        #expect(try narrowing("NOT level = \"info\"").levels == [.error, .warning])
        #expect(try narrowing("level = \"info\" AND level = \"error\"").levels == [])
        for query in [
            "level = \"info\" AND level = \"error\"", "5 > timestamp > 9", "callId = \"none\"", "requestId = \"none\"",
        ] {
            #expect(try !narrowing(query).isPossible, "\(query)")
            #expect(try narrowing(query + " OR timestamp = 5").isPossible, "\(query)")
        }
    }

    // MARK: Cursors

    @Test("Base 32 is RFC 4648's, and takes nothing else")
    func base32() {
        for (text, encoded) in [
            ("", ""), ("f", "my"), ("fo", "mzxq"), ("foo", "mzxw6"), ("foob", "mzxw6yq"), ("fooba", "mzxw6ytb"),
            ("foobar", "mzxw6ytboi"), ("ÿ", "yo7q"),
        ] {
            #expect(Base32.encode(text) == encoded)
            #expect(Base32.decode(encoded.utf8) == text)
        }
        // Bits left over, a letter too many, capitals, padding, no UTF-8.
        for wrong in ["mz", "mzxw6a", "MY", "my======", "m1", "74"] {
            #expect(Base32.decode(wrong.utf8) == nil, "\(wrong)")
        }
    }

    @Test("A cursor comes back from its text, which is alphanumeric, and nothing else is one")
    func cursors() throws {
        let call = try #require(CallID("CA" + String(repeating: "0a", count: 20)))
        var position = LogPosition(
            timestamp: 1_592_854_973_376_000, callID: call, sequence: 200_001, position: 9_900)
        for callID in [call, nil] {
            position.callID = callID
            for query in [nil, try LogQuery("level = \"info\" AND message CONTAINS \"grüße 📞\"")] {
                let cursor = LogCursor(position: position, query: query)
                #expect(LogCursor(cursor.text) == cursor)
                #expect(cursor.text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) })
            }
        }
        let longest = try LogQuery("level = \"info\"" + String(repeating: " ", count: LogQuery.maximumLength - 14))
        let cursor = LogCursor(position: position, query: longest)
        #expect(LogCursor(cursor.text) == cursor)
        #expect(cursor.text.utf8.count < 7_000)
        for wrong in [
            "", "c", "c1", "c1ks3", "c1ks3p", "c1ks3p10001", "c1ks3p4x", "c1ks3p4q", "c-1ks3p4", "c1ks3p4qmy",
            "c99999999999999999999ks3p4", "c1ks3p4q!", "C1ks3p4", "c1p4", " c1ks3p4", "c1ks3p4 ", "c1kCA0s3p4",
            "c1ks3p4q" + String(repeating: "a", count: 100_000),
            // As earlier versions wrote them, with a row of theirs.
            "c1k2s3p4",
        ] {
            #expect(LogCursor(wrong) == nil, "\(wrong.prefix(40))")
        }
    }
}
