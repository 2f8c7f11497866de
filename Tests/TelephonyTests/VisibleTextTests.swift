import Telephony
import Testing

@Suite("Text that does nothing to a terminal")
struct VisibleTextTests {
    private static let active: [ClosedRange<UInt32>] = [
        0x00...0x1F, 0x7F...0x9F, 0x061C...0x061C, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF...0xFEFF,
        0xE0001...0xE007F,
    ]

    @Test("Every control, every mark of direction and every invisible tag is shown as an escape")
    func escapes() throws {
        for value in Self.active.joined() {
            let scalar = try #require(Unicode.Scalar(value))
            let shown = VisibleText.line("a\(scalar)b")
            #expect(!shown.unicodeScalars.contains(scalar), "\(String(value, radix: 16))")
            #expect(shown.hasPrefix(#"a\"#) && shown.hasSuffix("b"))
            #expect(shown.unicodeScalars.allSatisfy { $0.isASCII && $0.value >= 0x20 && $0.value != 0x7F })
        }
    }

    @Test("What is written in any language, and what is drawn, stays as it is")
    func unchanged() {
        for text in ["Grüße, 你好, שלום, مرحبا", "naïve — “quoted” ✓ 👩‍👩‍👧", #"a\u001bb"#, "", "\u{301}"] {
            #expect(VisibleText.line(text) == text)
        }
    }

    @Test(
        "The escapes are JSON's",
        arguments: [
            ("\u{1B}[2J", #"\u001b[2J"#), ("\u{9B}31m", #"\u009b31m"#), ("a\r\nb\tc", #"a\r\nb\tc"#),
            ("\u{202E}txt.exe", #"\u202etxt.exe"#), ("\u{E0041}", #"\udb40\udc41"#), ("\u{7F}", #"\u007f"#),
        ])
    func form(_ text: String, _ shown: String) { #expect(VisibleText.line(text) == shown) }

    @Test("An output of several lines keeps them, and nothing else that acts")
    func lines() {
        #expect(VisibleText.lines("a\nb\r\n\u{1B}c\u{2028}d") == "a\nb\\r\n\\u001bc\\u2028d")
    }
}
