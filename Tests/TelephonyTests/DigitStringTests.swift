import Telephony
import Testing

/// docs/contract/calls.md#digits-in-time, docs/contract/calls.md#pauses.
@Suite("sendDigits: the grammar and the time")
struct DigitStringTests {
    @Test("1234# has 2.000 s from its first to its last onset")
    func seedExample() throws {
        let string = try DigitString("1234#")
        #expect(string.tones.map(\.digit) == ["1", "2", "3", "4", "#"])
        #expect(string.tones.map(\.onsetMilliseconds) == [0, 500, 1000, 1500, 2000])
        #expect(string.tones.allSatisfy { $0.durationMilliseconds == 100 })
        #expect(string.durationMilliseconds == 2100)
    }

    @Test("{n} puts n standard pauses in place of one")
    func customPauses() throws {
        let string = try DigitString("12{2}34{4}#")
        #expect(string.tones.map(\.onsetMilliseconds) == [0, 500, 1500, 2000, 4000])
    }

    @Test("A leading pause is an initial wait, several in a row add up, a trailing one is waited out")
    func edges() throws {
        #expect(try DigitString("{3}1").tones.map(\.onsetMilliseconds) == [1500])
        #expect(try DigitString("1{2}{3}2").tones.map(\.onsetMilliseconds) == [0, 2500])
        #expect(try DigitString("1{2}").durationMilliseconds == 1100)
    }

    @Test("A tone lasts 100 ms or half the pause, whichever is less")
    func shortPause() throws {
        let string = try DigitString("12", pauseMilliseconds: 120)
        #expect(string.tones.map(\.durationMilliseconds) == [60, 60])
        #expect(string.tones.map(\.onsetMilliseconds) == [0, 120])
    }

    @Test(
        "Anything else is refused, in words",
        arguments: [
            "", "{2}", "12a", "1{0}2", "1{-1}2", "1{x}2", "1{2", "1}2", "1{}2", "1{7}2", "1 2", "１", "w",
            "1{99999999999999999999}2", String(repeating: "1", count: 1025),
        ])
    func malformed(text: String) {
        let fault = #expect(throws: DigitString.Malformed.self) { try DigitString(text) }
        #expect(fault?.explanation.isEmpty == false)
    }
}
