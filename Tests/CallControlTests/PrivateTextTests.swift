import JSON
import Telephony
import Testing

@testable import CallControl

/// docs/contract/privacy.md#the-mask
@Suite("What is private stands in no log, in whatever words it was asked for")
struct PrivateTextTests {
    private static let secret = "84318431"

    /// Commands that hold the secret, with a place for privacyMode.
    private static let commands = [
        #"{"Say":{"text":"Your number is 84318431"PRIVACY}}"#, #"{"Play":{"file":"http://app/84318431.wav"PRIVACY}}"#,
        #"{"SendDigits":{"digits":"84318431"PRIVACY}}"#, #"{"SendDigits":{"digits":"1{84318431z}"PRIVACY}}"#,
        #"{"GetDigits":{"actionUrl":"http://app/digits","prompts":[{"Say":{"text":"84318431"PRIVACY}}]}}"#,
        #"""
        {"OutDial":{"destination":"+15555550199","callingNumber":"+15555550100","actionUrl":"http://app/a",
        "callConnectUrl":"http://app/b","sendDigits":"84318431"PRIVACY}}
        """#,
    ]

    private func texts(_ bench: Bench) -> [String] {
        bench.journal.map { "\($0.message) \(JSONValue.object($0.metadata).text)" }
    }

    @Test(
        "A script's private texts are masked, whether the script is taken, refused or cannot be read",
        arguments: ["true", #""true""#, #""True""#, "1", #""1""#, #""yes""#, "[]", "{}"], ["", "x"])
    func masked(privacy: String, rest: String) throws {
        for command in Self.commands {
            for name in [#""privacyMode""#, #""privacy\u004dode""#] {
                var bench = Bench()
                try bench.run("[" + command.replacing("PRIVACY", with: ",\(name):\(privacy)") + "]" + rest)
                #expect(!texts(bench).contains { $0.contains(Self.secret) }, "\(command)")
                #expect(texts(bench).contains { $0.contains(Mask.text) })
            }
        }
    }

    @Test(
        "Where nobody asked for it, they are told",
        arguments: ["", #","privacyMode":false"#, #","privacyMode":null"#])
    func open(privacy: String) throws {
        for command in Self.commands {
            var bench = Bench()
            try bench.run("[" + command.replacing("PRIVACY", with: privacy) + "]")
            #expect(texts(bench).contains { $0.contains(Self.secret) }, "\(command)")
            #expect(!texts(bench).contains { $0.contains(Mask.text) }, "\(command)")
        }
    }

    @Test("A key is told of only where keys were asked for in the open, and never before any script")
    func keys() throws {
        var bench = Bench()
        try bench.makeCall()
        bench.farAnswer()
        let media = try #require(bench.media)
        func told() -> [JSONValue] {
            bench.journal.filter { $0.message == "Digit received" }.compactMap { $0.metadata["digit"] }
        }
        func press(_ key: Character) {
            bench.give(.media(media, .keyPressed(key)))
            bench.give(.media(media, .digitReceived(key, milliseconds: 100)))
        }
        press("1")
        #expect(told() == [.string(Mask.text)])
        bench.answerWebhook(
            #"[{"Say":{"text":"Hello"}},{"GetDigits":{"actionUrl":"http://app/digits","maxDigits":2}}]"#)
        press("2")
        #expect(told().last == .string(Mask.text), "nobody has asked yet")
        bench.endPlayback()
        press("3")
        #expect(told().last == "3")
        press("4")
        #expect(told() == [.string(Mask.text), .string(Mask.text), "3", .string(Mask.text)], "the second was enough")
    }
}
