import Foundation
import Testing

@testable import JSON

@Suite("JSON at its bounds")
struct BoundTests {
    private func read(_ text: String) throws -> JSONValue { try JSONReader.read(Array(text.utf8)) }

    @Test("A value within 64 others is read, arrays or objects, and none that lies deeper (RFC 8259 §9)")
    func depth() throws {
        for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("[{\"a\":", "}]")] {
            let levels = open.count { $0 == "[" || $0 == "{" }
            func nested(_ count: Int) -> String {
                String(repeating: open, count: count / levels) + "1" + String(repeating: close, count: count / levels)
            }
            #expect(throws: Never.self) { try read(nested(64)) }
            let fault = try #require(throws: JSONReader.Malformed.self) { try read(nested(66)) }
            #expect(fault.explanation == "it nests deeper than 64 levels")
        }
        #expect(throws: JSONReader.Malformed.self) {
            try read(String(repeating: "[", count: 65) + "1" + String(repeating: "]", count: 65))
        }
    }

    @Test(
        "A whole number of 64 bits is one, all others are doubles",
        arguments: [
            ("-9223372036854775808", .integer(.min)), ("-9223372036854775809", .number(-9_223_372_036_854_775_808)),
            ("1.0", .number(1)), ("1e2", .number(100)), ("1E+2", .number(100)), ("25e-1", .number(2.5)), ("-0", 0),
            ("0.5", .number(0.5)), ("1e308", .number(1e308)), ("10", 10), ("9", 9),
        ] as [(String, JSONValue)])
    func numbers(_ text: String, _ value: JSONValue) throws { #expect(try read(text) == value) }

    @Test(
        "A fault says what was expected, and where",
        arguments: [
            ("", 0, "it ends where a value is expected"), ("[1", 2, "a comma or ] is expected"),
            ("[1 2]", 3, "a comma or ] is expected"), ("{\"a\":1", 6, "a comma or } is expected"),
            ("{\"a\":1]", 6, "a comma or } is expected"), ("{\"a\" 1}", 5, "a colon is expected"),
            ("{\"a\":1,}", 7, "a member's name in double quotation marks is expected"),
            ("\"a", 2, "it ends within a string"), ("\"\\n", 3, "it ends within a string"),
            ("\"a\\", 3, "it ends within a string"), ("\"\\u12", 5, "it ends within a string"),
            ("\"\\u12\"", 5, "four hexadecimal digits are expected"),
            ("\"\\u00G0\"", 5, "four hexadecimal digits are expected"),
            ("\"a\nb\"", 2, "a control character in a string must be escaped"),
            ("\"\\t\u{1F}\"", 3, "a control character in a string must be escaped"), ("1.", 2, "a digit is expected"),
            ("-", 1, "a digit is expected"), ("1e+", 3, "a digit is expected"), ("1e999", 5, "the number is too large"),
            ("1 2", 2, "something follows the JSON text"), ("01", 1, "something follows the JSON text"),
            ("[*]", 1, "a value is expected"),
        ])
    func faults(_ text: String, _ offset: Int, _ explanation: String) throws {
        let fault = try #require(throws: JSONReader.Malformed.self) { try read(text) }
        #expect(fault == JSONReader.Malformed(offset: offset, explanation: explanation))
    }

    @Test("A text that is no UTF-8 is placed where it begins")
    func notUTF8() throws {
        for bytes in [[0x5B, 0x22, 0x61, 0xFF, 0x22, 0x5D], [0x5B, 0x22, 0x5C, 0x6E, 0xFF, 0x22, 0x5D]] as [[UInt8]] {
            let fault = try #require(throws: JSONReader.Malformed.self) { try JSONReader.read(bytes) }
            #expect(
                fault == JSONReader.Malformed(offset: 2, explanation: "the string that begins there is not UTF-8"))
        }
    }

    @Test("White space is four characters, and around everything (RFC 8259 §2)")
    func whiteSpace() throws {
        let space = " \t\n\r"
        let text = ["", "{", "\"a\"", ":", "[", "1", ",", "2", "]", ",", "\"b\"", ":", "null", "}", ""]
            .joined(separator: space)
        #expect(try read(text) == ["a": [1, 2], "b": nil])
        for other in ["\u{B}", "\u{C}", "\u{A0}", "\u{85}"] {
            #expect(throws: JSONReader.Malformed.self) { try read(other + "1") }
        }
    }

    @Test(
        "Escapes have every digit, in either case, and every letter (RFC 8259 §7)",
        arguments: [
            (#""\u0041\u005a\u0061\u007A""#, "AZaz"), (#""\uABCD\uabcd""#, "\u{ABCD}\u{ABCD}"),
            (#""\u0039\u0030""#, "90"), (#""\uD800\uDC00""#, "\u{10000}"), (#""\uDBFF\uDFFF""#, "\u{10FFFF}"),
            (#""\uD7FF\uE000""#, "\u{D7FF}\u{E000}"), (#""\uDBFF\uE000""#, "\u{FFFD}\u{E000}"),
            ("\" \u{7F}\"", " \u{7F}"),
        ])
    func escapes(_ text: String, _ value: String) throws { #expect(try read(text) == .string(value)) }

    @Test("What only looks like something else is told from it")
    func looks() throws {
        for (text, kind) in [
            ("a[0].b-c_d%2B+e=1", "a form-encoded body (name=value)"), ("=1", nil), ("a b=1", nil), ("a", nil),
            (" \r\n<x>", "HTML or XML"), ("--", "a multipart form"), ("-", nil),
            ("zZ09=", "a form-encoded body (name=value)"),
            ("a:b=1", nil), ("ä=1", nil),
        ] as [(String, String?)] {
            let bytes = Array(text.utf8)
            let fault = try #require(throws: JSONReader.Malformed.self) { try JSONReader.read(bytes) }
            let sentence = fault.sentence(about: bytes)
            #expect(sentence.hasPrefix(kind.map { "it looks like \($0); at byte " } ?? "at byte "), "\(sentence)")
        }
        for (bytes, kind) in [
            ([0xFE, 0xFF, 0x00], "UTF-16, and JSON is sent in UTF-8"), ([0x1F, 0x8B], "compressed data"),
        ] as [([UInt8], String)] {
            let fault = try #require(throws: JSONReader.Malformed.self) { try JSONReader.read(bytes) }
            #expect(fault.sentence(about: bytes).hasPrefix("it looks like \(kind); at byte 0 "))
        }
    }

    @Test("A line is counted from the first, a column in characters")
    func lines() throws {
        for (text, place) in [
            ("[1 x]", "at byte 3 a comma"), ("[\n\"é\" x]", "at byte 7 (line 2, column 5) a comma"),
            ("\n\n[\nx]", "at byte 4 (line 4, column 1) a value"), ("[1\n x]", "at byte 4 (line 2, column 2) a comma"),
        ] {
            let bytes = Array(text.utf8)
            let fault = try #require(throws: JSONReader.Malformed.self) { try JSONReader.read(bytes) }
            #expect(fault.sentence(about: bytes).hasPrefix(place), "\(fault.sentence(about: bytes))")
        }
    }
}

@Suite("JSON as it is printed")
struct PrintTests {
    @Test("Quotes, \\ and control characters are escaped, the short ones shortly, and nothing else (RFC 8259 §7)")
    func escapes() {
        for (text, printed) in [
            ("\u{8}\u{C}\n\r\t", #""\b\f\n\r\t""#),
            ("\u{0}\u{1}\u{B}\u{F}\u{10}\u{1F}", #""\u0000\u0001\u000b\u000f\u0010\u001f""#),
            (" \u{7F}/'é\u{2028}😀", "\" \u{7F}/'é\u{2028}😀\""), ("a\"b\\c", #""a\"b\\c""#), ("\"", #""\"""#),
            ("", #""""#),
        ] {
            #expect(JSONValue.string(text).text == printed)
            #expect(JSONValue.object([text: 1]).text == "{\(printed):1}")
        }
    }

    @Test("Numbers that JSON has no signs for are null")
    func numbers() {
        #expect(JSONValue.array([.number(.infinity), .number(-.infinity), .number(.nan)]).text == "[null,null,null]")
        #expect(JSONValue.array([.number(2.5), .integer(.min), 0]).text == "[2.5,-9223372036854775808,0]")
    }

    @Test("A value says its kind, and gives what it has")
    func kinds() {
        let values: [JSONValue] = [nil, true, 1, .number(1.5), "a", [1], ["a": "b"]]
        #expect(
            values.map(\.kind) == [
                "null", "a boolean", "a number", "a number", "a string", "an array", "an object",
            ])
        #expect(values.map(\.string) == [nil, nil, nil, nil, "a", nil, nil])
        #expect(values.map { $0["a"] } == [nil, nil, nil, nil, nil, nil, "b"])
        #expect(JSONValue(String?.none) == .null && JSONValue("a") == "a")
        #expect(JSONValue(Int?.none) == .null && JSONValue(Int?.some(5)) == 5)
        #expect(["a": 1, "a": 2] as JSONValue == ["a": 2])
    }

    @Test("The general coder reads and writes the same")
    func coder() throws {
        let value: JSONValue = [
            "null": nil, "true": true, "false": false, "whole": 7, "part": .number(1.5), "text": "1",
            "list": [1, "a", nil], "object": ["a": [:]],
        ]
        #expect(try JSONDecoder().decode(JSONValue.self, from: Data(value.bytes)) == value)
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        #expect(String(decoding: try encoder.encode(value), as: UTF8.self) == value.text)
    }

    @Test("A comma stands between any two, and nowhere else")
    func commas() {
        var writer = JSONWriter()
        writer.object { object in
            object.member("a", object: { $0.member("b", true) })
            object.member("c", Bool?.none)
            object.member("d", false)
            object.nested("e") { $0.array([1, 2]) { $0.value(.integer(Int64($1))) } }
            object.array("f") { array in
                array.value("x")
                array.value("y")
                array.object { _ in }
                array.value(nil)
                array.array([Int]()) { $0.value(.integer(Int64($1))) }
                array.value("z")
            }
            object.array("g") { _ in }
            object.member("h", 1)
            object.member("i", Int64.max)
            object.member("j", "t")
            object.member("k", array: ["u", "v"]) { $0.value($1) }
            object.member("l", JSONValue.null)
        }
        #expect(
            String(decoding: writer.bytes, as: UTF8.self)
                == #"{"a":{"b":true},"c":null,"d":false,"e":[1,2],"f":["x","y",{},null,[],"z"],"g":[],"h":1,"#
                + #""i":9223372036854775807,"j":"t","k":["u","v"],"l":null}"#)
    }
}
