import PerCL
import Telephony
import Testing

@Suite("Lengths are counted in bytes, depth outside of texts, and what is private is not repeated")
struct LimitAndMaskTests {
    private func fault(_ text: String) -> ScriptError? {
        if case .invalid(let error) = ScriptAnswer(body: Array(text.utf8)) { error } else { nil }
    }

    private func isScript(_ text: String) -> Bool {
        if case .script = ScriptAnswer(body: Array(text.utf8)) { true } else { false }
    }

    // MARK: Lengths

    @Test(
        "A Say may have 4096 bytes of UTF-8, whatever its letters are",
        arguments: ["a", "é", "e\u{301}", "漢", "😀", "👨‍👩‍👧", "\r\n"], [false, true])
    func sayLength(letter: String, isNested: Bool) {
        func script(_ count: Int) -> String {
            let padding = String(repeating: "a", count: count % letter.utf8.count)
            let text = String(repeating: letter, count: count / letter.utf8.count) + padding
            let written = text.replacing("\r\n", with: "\\r\\n")
            let say = #"{"Say":{"text":"\#(written)"}}"#
            return isNested ? #"[{"GetDigits":{"actionUrl":"http://a","prompts":[\#(say)]}}]"# : "[\(say)]"
        }
        #expect(isScript(script(4095)))
        #expect(isScript(script(4096)))
        let error = fault(script(4097))
        #expect(error?.field == (isNested ? "GetDigits.prompts[0].Say.text" : "text"))
        #expect(error?.explanation.contains("4097 bytes") == true && error?.explanation.contains("4096") == true)
        #expect(!isScript(script(8192)))
    }

    // MARK: Depth

    @Test(
        "Brackets within a text are no depth, whatever is escaped before them",
        arguments: [
            #"\""#, #"\\"#, #"\\\""#, #"\"\""#, #"\u0022"#, #"\\\\"#, #"a\"b\"c"#, #"\n\""#, #"\/"#, #"\\\\\""#,
        ])
    func brackets(escape: String) {
        for bracket in ["[", "{", "]", "}"] {
            let text = escape + String(repeating: bracket, count: 200) + escape
            #expect(isScript(#"[{"Say":{"text":"\#(text)"}}]"#), "\(escape) \(bracket)")
            // And after it the depth is counted again.
            let deep = String(repeating: "[", count: 40)
            let hostile = #"[{"Say":{"text":"\#(text)","x":\#(deep)"#
            #expect(fault(hostile)?.explanation.contains("nested deeper than 32") == true, "\(escape) \(bracket)")
        }
    }

    @Test("Thirty-two levels are taken, and what is closed does not count", arguments: [("[", "]"), (#"{"a":"#, "}")])
    func depth(opening: String, closing: String) {
        func nested(_ depth: Int) -> [UInt8] {
            let inner = String(repeating: opening, count: depth) + "1" + String(repeating: closing, count: depth)
            return Array(inner.utf8)
        }
        #expect(JSONDepth.maximum == 32)
        #expect(JSONDepth.isWithinLimit(nested(31)))
        #expect(JSONDepth.isWithinLimit(nested(32)))
        #expect(!JSONDepth.isWithinLimit(nested(33)))
        let row = (0..<50).map { _ in String(decoding: nested(30), as: UTF8.self) }.joined(separator: ",")
        #expect(JSONDepth.isWithinLimit(Array("[\(row)]".utf8)))
    }

    // MARK: Masks

    /// A command, its attributes, of which one is wrong, and what of it an explanation may repeat in the open.
    private typealias Wrong = (command: String, attributes: String, given: String)

    private static let dial = #""actionUrl":"http://a","callConnectUrl":"http://a","callingNumber":"+15551234567""#
    private static let repeated: [Wrong] = [
        ("SendDigits", #""digits":"12{8431z}""#, "8431z"), ("SendDigits", #""digits":"12{84310000}""#, "84310000"),
        ("SendDigits", #""digits":"1","pauseMs":"8431z""#, "8431z"), ("Say", #""text":"a","loop":"8431z""#, "8431z"),
        ("Play", #""file":"8431z""#, "8431z"), ("GetDigits", #""actionUrl":"8431z""#, "8431z"),
        ("OutDial", dial + #","destination":"8431z""#, "8431z"),
        ("OutDial", dial + #","destination":"+15551234567","sendDigits":"12{8431z}""#, "8431z"),
    ]
    private static let others: [Wrong] = [
        ("SendDigits", #""digits":"8431x""#, "8431x"), ("SendDigits", #""digits":"1{84""#, "{84"),
    ]

    @Test(
        "Where privacy was asked for, in whatever words, a refused value is not repeated",
        arguments: ["true", #""true""#, #""True""#, "1", #""1""#, #""yes""#, "5.5", "[]", "{}", #""""#])
    func masked(privacy: String) throws {
        for (command, attributes, secret) in Self.repeated + Self.others {
            for isFirst in [true, false] {
                let flag = #""privacyMode":\#(privacy)"#
                let members = isFirst ? "\(flag),\(attributes)" : "\(attributes),\(flag)"
                let error = try #require(fault(#"[{"\#(command)":{\#(members)}}]"#), "\(attributes)")
                #expect(!error.description.contains(secret), "\(error)")
                #expect(error.command == command && error.field != nil, "it is said what is wrong all the same")
            }
        }
    }

    @Test("Where it was not, it is", arguments: ["", "false", #""false""#, #""FALSE""#, "null"])
    func open(privacy: String) throws {
        let flag = privacy.isEmpty ? "" : #","privacyMode":\#(privacy)"#
        for (command, attributes, given) in Self.repeated {
            let error = try #require(fault(#"[{"\#(command)":{\#(attributes)\#(flag)}}]"#), "\(attributes)")
            #expect(error.description.contains(given), "\(error)")
        }
    }
}
