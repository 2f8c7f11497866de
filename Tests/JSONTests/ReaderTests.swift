import Testing

@testable import JSON

@Suite("JSON as strangers send it")
struct ReaderTests {
    @Test(
        "Values are read as RFC 8259 has them",
        arguments: [
            ("null", .null), (" true ", true), ("false\n", false), ("0", 0), ("-12", -12),
            ("9223372036854775807", .integer(.max)),
            ("9223372036854775808", .number(9_223_372_036_854_775_808)), ("1.5e2", .number(150)),
            ("-0.0", .number(-0.0)),
            (#""""#, ""), (#""a\"\\\/\b\f\n\r\t""#, "a\"\\/\u{8}\u{c}\n\r\t"), (#""\u00e9\u20AC""#, "é€"),
            (#""\ud83d\ude00""#, "😀"), ("\"é😀\"", "é😀"), ("[]", []), ("[ 1 , [ 2 ] ]", [1, [2]]), ("{}", [:]),
            (#"{ "a" : 1 , "b" : {"c":null} }"#, ["a": 1, "b": ["c": nil]]), (#"{"a":1,"a":2}"#, ["a": 2]),
            (#"{"\u0061":1}"#, ["a": 1]),
        ] as [(String, JSONValue)])
    func reads(_ text: String, _ value: JSONValue) throws {
        #expect(try JSONReader.read(Array(text.utf8)) == value)
    }

    @Test(
        "Everything else is refused",
        arguments: [
            "", " ", "nul", "nulL", "tru", "+1", "01", "1.", ".5", "1e", "1e+", "-", "1e999", "0x1", "NaN", "Infinity",
            "'a'",
            #"""#, #""a"#, #""\x""#, #""\u12""#, #""\u12G4""#, #""\"#,
            "\"a\nb\"", "[", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "{", #"{"a"#, #"{"a""#, #"{"a":"#, #"{"a":1"#,
            #"{"a":1,"#,
            #"{"a":1,}"#, #"{a:1}"#, #"{"a" 1}"#, "{1:2}", "1 2", "[]]", "// c\n1", " \u{FEFF}1", "1\u{FEFF}",
            "\u{FEFF}",
        ])
    func refuses(_ text: String) {
        #expect(throws: JSONReader.Malformed.self) { try JSONReader.read(Array(text.utf8)) }
    }

    @Test(
        "Bytes that are no UTF-8 are refused wherever they stand",
        arguments: [
            [0x22, 0xFF, 0x22], [0x22, 0xC3, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0x22, 0xC0, 0x80, 0x22],
            [0x22, 0x5C, 0x6E, 0xFF, 0x22], [0x7B, 0x22, 0xFF, 0x22, 0x3A, 0x31, 0x7D], [0xFF],
            [0xFE, 0xFF, 0x00, 0x31], [0xFF, 0xFE, 0x31, 0x00],
        ] as [[UInt8]])
    func invalidUTF8(_ bytes: [UInt8]) {
        #expect(throws: JSONReader.Malformed.self) { try JSONReader.read(bytes) }
    }

    @Test("A byte order mark before the text is passed over (RFC 8259 §8.1)")
    func byteOrderMark() throws {
        #expect(try JSONReader.read([0xEF, 0xBB, 0xBF, 0x20, 0x31]) == 1)
    }

    @Test(
        "Half a surrogate pair is U+FFFD, and what stands beside it is not lost (RFC 8259 §8.2)",
        arguments: [
            (#""a\ud83d""#, "a\u{FFFD}"), (#""\ud83d\u0041""#, "\u{FFFD}A"), (#""\ude00b""#, "\u{FFFD}b"),
            (#""\ud83d\ud83d\ude00""#, "\u{FFFD}😀"), (#""\ude00\ud83d""#, "\u{FFFD}\u{FFFD}"),
            (#""\ud83d\n""#, "\u{FFFD}\n"), (#""\ud83d😀""#, "\u{FFFD}😀"),
        ])
    func halfPair(_ text: String, _ value: String) throws {
        #expect(try JSONReader.read(Array(text.utf8)) == .string(value))
    }

    @Test("The deepest that is allowed is read, one level more is refused")
    func depth() throws {
        func nested(_ count: Int) -> [UInt8] {
            Array((String(repeating: "[", count: count) + String(repeating: "]", count: count)).utf8)
        }
        #expect(throws: Never.self) { try JSONReader.read(nested(JSONReader.maximumDepth + 1)) }
        #expect(throws: JSONReader.Malformed.self) { try JSONReader.read(nested(JSONReader.maximumDepth + 2)) }
    }

    @Test("A fault is placed by its byte")
    func offset() {
        #expect(throws: JSONReader.Malformed(offset: 5, explanation: "a value is expected")) {
            try JSONReader.read(Array(#"{"a":,}"#.utf8))
        }
    }

    @Test(
        "A fault is told so that whoever sent it knows what to do, and repeats nothing of what came",
        arguments: [
            ("from=%2B13125550100&to=x", "it looks like a form-encoded body (name=value); at byte 0 "),
            (" \nfrom=a", "it looks like a form-encoded body (name=value); at byte 2 (line 2, column 1) "),
            ("<!doctype html><p>secret", "it looks like HTML or XML; at byte 0 "),
            ("--X\r\nContent-Disposition: form-data", "it looks like a multipart form; "),
            (
                "{\"a\":1,\n \"b\":secret}",
                "at byte 13 (line 2, column 6) a value is expected: a text in double quotation"
            ),
            ("{'a':1}", "at byte 1 a member's name in double quotation marks is expected"),
            ("{\"a\":'b'}", "not in single ones"), ("{\"a\":True}", "true, false or null as they are written here"),
            ("{\"a\":None}", "true, false or null as they are written here"),
            ("[1,]", "no comma stands behind the last"),
            ("[1, // c\n2]", "JSON has no comments"), ("[+1]", "a number begins with a digit or -"),
            ("false=1", "it looks like a form-encoded body"),
            ("{\"a\":falsch}", "a value is expected: a text in double"),
        ])
    func sentences(_ text: String, _ words: String) throws {
        let bytes = Array(text.utf8)
        let fault = try #require(throws: JSONReader.Malformed.self) { try JSONReader.read(bytes) }
        let sentence = fault.sentence(about: bytes)
        #expect(sentence.contains(words), "\(sentence)")
        #expect(!sentence.contains("secret") && !sentence.contains("falsch"))
    }

    @Test("Other encodings and compressed bodies are told by their first bytes")
    func encodings() throws {
        for (bytes, words) in [
            ([0xFF, 0xFE, 0x7B, 0x00], "UTF-16"), ([0x1F, 0x8B, 0x08], "compressed"),
        ] as [([UInt8], String)] {
            let fault = try #require(throws: JSONReader.Malformed.self) { try JSONReader.read(bytes) }
            #expect(fault.sentence(about: bytes).contains(words))
        }
    }

    @Test("No prefix and no changed byte of a good body makes the reader fail otherwise than by saying so")
    func mutations() throws {
        let good = Array(#"{"from":"+1312","to":"\u00e9\ud83d\ude00","n":[1,-2.5e3,true,null],"o":{"a":"b"}}"#.utf8)
        var read = 0
        for end in good.indices { if (try? JSONReader.read(Array(good[..<end]))) != nil { read += 1 } }
        #expect(read == 0)
        for index in good.indices {
            for byte in UInt8.min...UInt8.max {
                var bytes = good
                bytes[index] = byte
                do {
                    _ = try JSONReader.read(bytes)
                    read += 1
                } catch {
                    #expect((0...good.count).contains(error.offset))
                }
            }
        }
        #expect(read > good.count)
    }

    @Test("What the writer prints the reader reads back")
    func writer() throws {
        var writer = JSONWriter()
        writer.object { object in
            object.member("a", "quote \" slash \\ line \n bell \u{7} é😀")
            object.member("b", String?.none)
            object.member("c", 7)
            object.member("d", Int?.none)
            object.member("e", true)
            object.member("f", array: [1, 2]) { $0.value(.integer(Int64($1))) }
            object.member("g", array: [Int]()) { $0.value(.integer(Int64($1))) }
            object.member("h") { $0.member("i", Int64.min) }
            object.member("j", array: ["x", "y"]) { writer, text in writer.object { $0.member("k", text) } }
            object.member("l") { _ in }
            object.member("m", JSONValue.array([nil, "z"]))
        }
        let expected: JSONValue = [
            "a": "quote \" slash \\ line \n bell \u{7} é😀", "b": nil, "c": 7, "d": nil, "e": true, "f": [1, 2], "g": [],
            "h": ["i": .integer(.min)], "j": [["k": "x"], ["k": "y"]], "l": [:], "m": [nil, "z"],
        ]
        #expect(try JSONReader.read(writer.bytes) == expected)
        #expect(String(decoding: writer.bytes, as: UTF8.self) == expected.text)
    }
}
