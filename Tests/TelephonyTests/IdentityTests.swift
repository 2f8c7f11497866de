import Telephony
import Testing

@Suite("Identifiers, numbers and cursors are checked where they are made")
struct IdentityTests {
    @Test("An identifier is its prefix and 40 hexadecimal digits of either case")
    func identifiers() {
        let digits = String(repeating: "0aF", count: 13) + "9"
        #expect(CallID("CA" + digits)?.text == "CA" + digits)
        for text in [
            "", "CA", "CB" + digits, "ca" + digits, "CA" + digits.dropLast(), "CA" + digits + "0",
            "CA" + digits.dropLast() + "g",
        ] {
            #expect(CallID(text) == nil, "\(text)")
        }
    }

    @Test("Drawn identifiers are well formed and differ")
    func drawn() {
        var random = SystemRandomNumberGenerator()
        let drawn = (0..<100).map { _ in AccountID(random: &random) }
        #expect(Set(drawn).count == 100)
        #expect(drawn.allSatisfy { AccountID($0.text) == $0 })
    }

    @Test("A number is E.164")
    func numbers() {
        for text in ["+15551234567", "+4930123456", "+1234567", "+123456789012345"] {
            #expect(PhoneNumber(text)?.text == text)
        }
        for text in ["", "+", "15551234567", "+0123456789", "+123456", "+1234567890123456", "+1555 123", "+1555a12345"]
        {
            #expect(PhoneNumber(text) == nil, "\(text)")
        }
    }

    @Test("A cursor is purely alphanumeric and reads itself back")
    func cursors() {
        var random = SystemRandomNumberGenerator()
        for identifier in ["", CallID(random: &random).text] {
            let cursor = PageCursor(after: 1_700_000_000_123_456, identifier: identifier, position: 10_000)
            #expect(PageCursor(cursor.text) == cursor)
            #expect(cursor.text.allSatisfy { $0.isLetter || $0.isNumber })
        }
        let long = String(repeating: "a", count: 43)
        for text in [
            "", "c", "c1", "c1p", "cp1", "c1i", "cip1", "c1ip", "c-1ip1", "c1ip-1", "c1ip1x", "x1ip1", "c1iA-p1",
            "c1i\u{e9}p1", "c1i\(long)p1", "c99999999999999999999ip1", "c1ip10001",
            // As earlier versions wrote them, with a row of theirs.
            "c1p1",
        ] {
            #expect(PageCursor(text) == nil, "\(text)")
        }
    }
}
