import Telephony
import Testing

@Suite("Identifiers, numbers, URLs and cursors are checked where they are made")
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

    @Test("A URL is absolute http or https with a host")
    func urls() {
        for text in ["http://a", "https://example.com:8443/x?y=z", "HTTP://EXAMPLE.com/", "http://[::1]:80/"] {
            #expect(WebURL(text)?.text == text, "\(text)")
        }
        for text in [
            "", "example.com", "/x", "ftp://a/", "http://", "http:///x", "http://a b", "https://ä.de", "http://a/\n",
        ] {
            #expect(WebURL(text) == nil, "\(text)")
        }
        #expect(WebURL("http://a/" + String(repeating: "x", count: 2048)) == nil)
    }

    @Test("A cursor is purely alphanumeric and reads itself back")
    func cursors() {
        let cursor = PageCursor(after: 123_456_789, position: 200)
        #expect(PageCursor(cursor.text) == cursor)
        #expect(cursor.text.allSatisfy { $0.isLetter || $0.isNumber })
        for text in [
            "", "c", "c1", "c1p", "cp1", "c-1p1", "c1p-1", "c1p1p1", "x1p1", "c99999999999999999999p1", "c1p10001",
        ] {
            #expect(PageCursor(text) == nil, "\(text)")
        }
    }
}

@Suite("JSON values print compactly, keys in order, nulls written out")
struct JSONValueTests {
    @Test("The webhook of the signature's test vector prints to the letter")
    func vector() {
        let value: JSONValue = [
            "to": "+13121000096", "from": "+13121000109", "callId": "CAccb0b00506553cda09b51c5477f672a49e0b2213",
            "conferenceId": nil, "parentCallId": nil, "queueId": nil, "callStatus": "ringing",
            "direction": "inbound", "requestType": "inboundCall",
            "accountId": "AC1334ffb694cd8d969f51cddf5f7c9b478546d50c",
        ]
        #expect(
            value.text
                == #"{"accountId":"AC1334ffb694cd8d969f51cddf5f7c9b478546d50c","callId":"CAccb0b00506553cda09b51c5477f672a49e0b2213","callStatus":"ringing","conferenceId":null,"direction":"inbound","from":"+13121000109","parentCallId":null,"queueId":null,"requestType":"inboundCall","to":"+13121000096"}"#
        )
    }

    @Test("What is printed reads back as it was")
    func roundTrip() throws {
        let value: JSONValue = [
            "a\"\\\n\u{1}": [1, -5, true, nil, "ä\u{1F600}/", .number(1.5)], "": [:], "b": [],
        ]
        #expect(try JSONValue(parsing: value.bytes) == value)
    }
}
