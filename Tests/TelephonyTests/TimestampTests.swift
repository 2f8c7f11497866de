import Foundation
import Telephony
import Testing

/// docs/contract/rest.md#times.
@Suite("Times as the API prints and reads them")
struct TimestampTests {
    @Test("The forms of the specification's examples")
    func examples() {
        #expect(Timestamp(microseconds: 1_245_098_730_000_000).rfc1123 == "Mon, 15 Jun 2009 20:45:30 GMT")
        #expect(Timestamp(microseconds: 1_728_486_303_358_999).iso8601 == "2024-10-09T15:05:03.358Z")
        #expect(Timestamp(microseconds: 0).rfc1123 == "Thu, 01 Jan 1970 00:00:00 GMT")
        #expect(Timestamp(microseconds: -1).iso8601 == "1969-12-31T23:59:59.999Z")
        #expect(Timestamp(microseconds: .max).iso8601 == "294247-01-10T04:00:54.775Z")
        #expect(Timestamp(microseconds: .max).rfc1123 == "Sun, 10 Jan 294247 04:00:54 GMT")
        #expect(Timestamp(microseconds: .min).iso8601 == "-290308-12-21T19:59:05.224Z")
    }

    @Test("Every day from 1970 to 2100 is the calendar's")
    func calendar() throws {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(identifier: "GMT")
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        for day in stride(from: 0, to: 47_482, by: 13) {
            let seconds = Int64(day) * 86_400 + Int64(day % 86_400)
            let expected = formatter.string(from: Date(timeIntervalSince1970: TimeInterval(seconds)))
            #expect(Timestamp(microseconds: seconds * 1_000_000).rfc1123 == expected)
        }
    }

    @Test("Filters read a date, or date and time, in GMT")
    func filters() {
        #expect(Timestamp(filter: "2009-06-15 20:45:30")?.rfc1123 == "Mon, 15 Jun 2009 20:45:30 GMT")
        #expect(Timestamp(filter: "2024-02-29")?.iso8601 == "2024-02-29T00:00:00.000Z")
        for text in ["", "2023-02-29", "2024-13-01", "2024-1-1", "2024-01-01T00:00:00", "2024-01-01 24:00:00", "x"] {
            #expect(Timestamp(filter: text) == nil, "\(text)")
        }
    }

    @Test("Times of ISO 8601 are read to the microsecond, with an offset or in GMT")
    func iso8601() {
        for (text, expected) in [
            ("2020-06-22T19:42:53.376Z", 1_592_854_973_376_000), ("2020-06-22T19:42:53Z", 1_592_854_973_000_000),
            ("2020-06-22T19:42:53", 1_592_854_973_000_000), ("2020-06-22T19:42Z", 1_592_854_920_000_000),
            ("2020-06-22T21:42:53.376+02:00", 1_592_854_973_376_000),
            ("2020-06-22T15:12:53.376-04:30", 1_592_854_973_376_000),
            ("2020-06-22T19:42:53.123456789Z", 1_592_854_973_123_456),
            ("2020-06-22T19:42:53.1Z", 1_592_854_973_100_000),
            ("2020-06-22", 1_592_784_000_000_000), ("2020-06-22 19:42:53", 1_592_854_973_000_000),
            ("1970-01-01T00:00:00Z", 0),
        ] as [(String, Int64)] {
            #expect(Timestamp(iso8601: text)?.microseconds == expected, "\(text)")
        }
        for text in [
            "", "T", "2020-06-22T", "2020-06-22TZ", "2020-06-22T19Z", "2020-06-22T19:42:53.Z", "2020-06-22T24:00:00Z",
            "2020-06-22T19:42:53.1234567890Z", "2020-06-22T19:42.5Z", "2020-06-22T19:42:53+02",
            "2020-06-22T19:42:53+2:00",
            "2020-06-22T19:42:53+02:00:00", "2020-06-22T19:42:53ZZ", "2020-06-31T00:00:00Z", "2020-06-22T1:42:53Z",
            "20200622T194253Z", "2020-06-22 00:00:00T00:00:00Z", "2020-06-22t19:42:53z",
        ] {
            #expect(Timestamp(iso8601: text) == nil, "\(text)")
        }
    }

    @Test(
        "A filter's time lasts as long as its words are exact, in every form that the API documents or shows",
        arguments: [
            ("2020-06-22", 1_592_784_000_000_000, 86_400_000_000),
            ("2020-06-22 19:42:53", 1_592_854_973_000_000, 1_000_000),
            ("2020-06-22T19:42:53Z", 1_592_854_973_000_000, 1_000_000),
            ("2020-06-22T19:42:53.376Z", 1_592_854_973_376_000, 1000),
            ("2020-06-22t19:42:53.376z", 1_592_854_973_376_000, 1000),
            ("2020-06-22 19:42:53.376Z", 1_592_854_973_376_000, 1000),
            ("2020-06-22T19:42:53.376", 1_592_854_973_376_000, 1000),
            ("2020-06-22T19:42:53.376123Z", 1_592_854_973_376_123, 1),
            ("2020-06-22T19:42:53.376123999Z", 1_592_854_973_376_123, 1),
            ("2020-06-22T19:42Z", 1_592_854_920_000_000, 60_000_000),
            ("2020-06-22 19:42", 1_592_854_920_000_000, 60_000_000),
            ("2020-06-22T21:42:53+02:00", 1_592_854_973_000_000, 1_000_000),
            ("2020-06-22T21:42:53 02:00", 1_592_854_973_000_000, 1_000_000),
            ("2020-06-22T21:42:53+0200", 1_592_854_973_000_000, 1_000_000),
            ("2020-06-22T21:42:53+02", 1_592_854_973_000_000, 1_000_000),
            ("2020-06-22T15:12:53-04:30", 1_592_854_973_000_000, 1_000_000),
            ("2020-06-22 19:42:53 GMT", 1_592_854_973_000_000, 1_000_000),
            (" 2020-06-22 19:42:53 ", 1_592_854_973_000_000, 1_000_000),
            ("Mon, 22 Jun 2020 19:42:53 GMT", 1_592_854_973_000_000, 1_000_000),
        ] as [(String, Int64, Int64)])
    func spans(_ text: String, _ start: Int64, _ length: Int64) throws {
        let span = try #require(Timestamp.span(filter: text))
        #expect(span.lowerBound.microseconds == start)
        #expect(span.upperBound.microseconds - start == length)
    }

    @Test(
        "What is no time is none",
        arguments: [
            "", " ", "x", "2020", "2020-06", "2020-06-31", "2020-6-2", "2020-06-22T", "2020-06-22T24:00:00Z",
            "2020-06-22T19:42:53.Z", "2020-06-22T19:42:53ZZ", "2020-06-22X19:42:53", "2020-06-22T19:42:53+2:00",
            "2020-06-22T19:42:53+02:00:00", "20200622T194253Z", "22 Jun 2020", "Mon, 22 Jux 2020 19:42:53 GMT",
            "Mon, 22 Jun 2020 19:42:53 CET", "1592854973", "2020-06-22é",
        ])
    func noSpans(_ text: String) {
        #expect(Timestamp.span(filter: text) == nil)
    }

    /// docs/contract/calls.md#durations.
    @Test("Durations are whole seconds, rounded up, never negative")
    func durations() {
        let start = Timestamp(microseconds: 1_000_000)
        #expect(start.secondsRoundedUp(since: start) == 0)
        #expect(Timestamp(microseconds: 1_000_001).secondsRoundedUp(since: start) == 1)
        #expect(Timestamp(microseconds: 2_000_000).secondsRoundedUp(since: start) == 1)
        #expect(Timestamp(microseconds: 2_000_001).secondsRoundedUp(since: start) == 2)
        #expect(Timestamp(microseconds: 0).secondsRoundedUp(since: start) == 0)
        #expect(Timestamp(microseconds: .max).secondsRoundedUp(since: Timestamp(microseconds: .min)) == 0)
    }
}
