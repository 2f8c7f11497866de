import NIOHTTP1
import Telephony
import Testing

@testable import Webhooks

@Suite struct FreshnessTests {
    /// Sun, 06 Nov 1994 08:49:37 GMT
    private static let date = Timestamp(microseconds: 784_111_777_000_000)

    @Test(
        "How long an answer is fresh follows its headers",
        arguments: [
            ([], 5),
            (["Cache-Control: max-age=60"], 60),
            (["Cache-Control: public, MAX-AGE=60"], 60),
            (["Cache-Control: max-age=\"60\""], 60),
            (["Cache-Control: max-age=60", "Age: 20"], 40),
            (["Cache-Control: max-age=60", "Age: 90"], 0),
            (["Cache-Control: max-age=60", "Age: nonsense"], 60),
            (["Cache-Control: max-age=0"], 0),
            (["Cache-Control: max-age=-1"], 0),
            (["Cache-Control: max-age=abc"], 0),
            (["Cache-Control: max-age"], 0),
            (["Cache-Control: max-age=99999999999999999999999"], 1 << 31),
            (["Cache-Control: s-maxage=900"], 5),
            (["Cache-Control: s-maxage=900, max-age=7"], 7),
            (["Cache-Control: no-cache"], 0),
            (["Cache-Control: no-cache, max-age=60"], 0),
            (["Cache-Control: no-store, max-age=60"], 0),
            (["Pragma: no-cache"], 0),
            (["Pragma: no-cache", "Cache-Control: max-age=60"], 60),
            // Pragma counts only where there is no Cache-Control (RFC 9111 §5.4).
            (["Pragma: no-cache", "Cache-Control: private"], 5),
            (["Cache-Control: max-age=7, max-age=60"], 7),
            (["Cache-Control:  max-age\t=\t60 "], 60),
            (["Cache-Control: max-age=2147483647"], 2_147_483_647),
            (["Date: Sun, 06 Nov 1994 08:49:37 GMT", "Expires: Sun, 06 Nov 2294 08:49:37 GMT"], 1 << 31),
            (["Date: Sun, 06 Nov 1994 08:49:37 GMT", "Expires: Sun, 06 Nov 1994 09:49:37 GMT"], 3600),
            (["Date: Sun, 06 Nov 1994 08:49:37 GMT", "Expires: Sun, 06 Nov 1994 08:49:36 GMT"], 0),
            (["Expires: Sun, 06 Nov 1994 08:50:37 GMT"], 60),
            (["Expires: 0"], 0),
            (["Expires: Sunday, 06-Nov-94 08:49:37 GMT"], 0),
            (["Expires: Sun, 06 Nov 1994 09:49:37 GMT", "Cache-Control: max-age=3"], 3),
            (["Last-Modified: Sun, 06 Nov 1994 08:00:00 GMT", "ETag: \"a\""], 5),
        ] as [([String], Int64)])
    func lifetimes(_ lines: [String], _ seconds: Int64) {
        let freshness = Freshness(Self.headers(lines), requested: Self.date)
        #expect(freshness.expiry == Self.date.advanced(byMicroseconds: seconds * 1_000_000))
        #expect(freshness.isFresh(Self.date) == (seconds > 0))
        #expect(!freshness.isFresh(freshness.expiry))
    }

    @Test("What may not be stored is never fresh and asks no condition")
    func noStore() {
        let freshness = Freshness(Self.headers(["Cache-Control: No-Store", "ETag: \"a\""]), requested: Self.date)
        #expect(freshness.isForbidden && freshness.conditions.isEmpty)
    }

    @Test("Both validators are asked with, and a 304 renews what it says")
    func validators() {
        var freshness = Freshness(
            Self.headers(["ETag: W/\"a\"", "Last-Modified: Sun, 06 Nov 1994 08:00:00 GMT"]), requested: Self.date)
        #expect(freshness.conditions.first(name: "If-None-Match") == "W/\"a\"")
        #expect(freshness.conditions.first(name: "If-Modified-Since") == "Sun, 06 Nov 1994 08:00:00 GMT")
        let later = Self.date.advanced(byMicroseconds: 100_000_000)
        freshness.refresh(Self.headers(["Cache-Control: max-age=9", "ETag: \"b\""]), requested: later)
        #expect(freshness.expiry == later.advanced(byMicroseconds: 9_000_000))
        #expect(freshness.etag == "\"b\"")
        #expect(freshness.lastModified == "Sun, 06 Nov 1994 08:00:00 GMT")
    }

    @Test("A 304 that repeats no validator leaves both; a Last-Modified of its own takes the place of the former")
    func repeatedValidators() {
        var freshness = Freshness(
            Self.headers(["ETag: \"a\"", "Last-Modified: Sun, 06 Nov 1994 08:00:00 GMT"]), requested: Self.date)
        freshness.refresh(Self.headers([]), requested: Self.date)
        #expect(freshness.etag == "\"a\"" && freshness.lastModified == "Sun, 06 Nov 1994 08:00:00 GMT")
        freshness.refresh(Self.headers(["Last-Modified: Mon, 07 Nov 1994 08:00:00 GMT"]), requested: Self.date)
        #expect(freshness.etag == "\"a\"" && freshness.lastModified == "Mon, 07 Nov 1994 08:00:00 GMT")
    }

    @Test("A date names any of the twelve months (RFC 9110 §5.6.7)")
    func months() {
        let firsts: [(String, Int64)] = [
            ("Jan", 0), ("Feb", 31), ("Mar", 59), ("Apr", 90), ("May", 120), ("Jun", 151), ("Jul", 181), ("Aug", 212),
            ("Sep", 243), ("Oct", 273), ("Nov", 304), ("Dec", 334),
        ]
        for (month, day) in firsts {
            let date = Timestamp(httpDate: "Thu, 01 \(month) 1970 00:00:01 GMT")
            #expect(date?.seconds == day * 86400 + 1, "\(month)")
        }
    }

    @Test(
        "What is no such date is none",
        arguments: [
            "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 1994 08:49:37 GMT x",
            "Sunday, 06 Nov 1994 08:49:37 GMT", "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994", "",
        ])
    func noDates(_ text: String) { #expect(Timestamp(httpDate: text) == nil) }

    private static func headers(_ lines: [String]) -> HTTPHeaders {
        HTTPHeaders(
            lines.map { line in
                let parts = line.split(separator: ":", maxSplits: 1)
                return (String(parts[0]), String(parts[1].dropFirst()))
            })
    }
}
