import NIOHTTP1
import Telephony

/// How long an answer may be used without asking again, and how to ask: RFC 9111 for a private cache.
struct Freshness: Equatable, Sendable {
    /// Without any header about it, a file is used for this long (docs/contract/percl.md#play).
    static let defaultLifetimeSeconds: Int64 = 5
    /// RFC 9111 §1.2.2: what cannot be represented is taken for at least this.
    static let maximumLifetimeSeconds: Int64 = 1 << 31

    /// Until then it may be used as it is.
    var expiry: Timestamp
    /// For `If-None-Match`.
    var etag: String?
    /// For `If-Modified-Since`.
    var lastModified: String?
    /// It may not be kept at all.
    var isForbidden: Bool

    /// - Parameters:
    ///   - headers: of the answer.
    ///   - requested: when the request was sent: counted from then, an answer that took long is not taken for
    ///     younger than it is (RFC 9111 §4.2.3).
    init(_ headers: HTTPHeaders, requested: Timestamp) {
        etag = headers.first(name: "etag")
        lastModified = headers.first(name: "last-modified")
        let directives = Self.directives(headers)
        isForbidden = directives.keys.contains("no-store")
        let age = headers.first(name: "age").flatMap(Self.seconds) ?? 0
        let remaining = max(0, Self.lifetime(headers, directives, requested) - age)
        expiry = requested.advanced(byMicroseconds: remaining * 1_000_000)
    }

    /// RFC 9111 §4.3.4: a 304 brings new freshness; validators that it does not repeat stay.
    mutating func refresh(_ headers: HTTPHeaders, requested: Timestamp) {
        var refreshed = Freshness(headers, requested: requested)
        refreshed.etag = refreshed.etag ?? etag
        refreshed.lastModified = refreshed.lastModified ?? lastModified
        self = refreshed
    }

    func isFresh(_ now: Timestamp) -> Bool { !isForbidden && now < expiry }

    /// What asks whether it still holds; empty where there is nothing to ask by.
    var conditions: HTTPHeaders {
        var headers = HTTPHeaders()
        guard !isForbidden else { return headers }
        if let etag { headers.add(name: "If-None-Match", value: etag) }
        if let lastModified { headers.add(name: "If-Modified-Since", value: lastModified) }
        return headers
    }

    /// RFC 9111 §4.2.1, without `s-maxage`, which is for shared caches only.
    private static func lifetime(
        _ headers: HTTPHeaders, _ directives: [String: String?], _ requested: Timestamp
    ) -> Int64 {
        if directives.keys.contains("no-cache") || directives.keys.contains("no-store") { return 0 }
        if let maxAge = directives["max-age"] {
            // RFC 9111 §4.2.1: an invalid figure means stale.
            return maxAge.flatMap(seconds) ?? 0
        }
        // RFC 9111 §5.4: only where no Cache-Control is there.
        let hasControl = headers.contains(name: "cache-control")
        if !hasControl, headers[canonicalForm: "pragma"].contains(where: { $0.lowercased() == "no-cache" }) { return 0 }
        if let expires = headers.first(name: "expires") {
            // RFC 9111 §5.3: an invalid date, `0` above all, means expired.
            guard let end = Timestamp(httpDate: expires) else { return 0 }
            let start = headers.first(name: "date").flatMap(Timestamp.init(httpDate:)) ?? requested
            let (span, overflow) = end.seconds.subtractingReportingOverflow(start.seconds)
            return overflow ? 0 : min(max(0, span), maximumLifetimeSeconds)
        }
        return defaultLifetimeSeconds
    }

    /// The directives of `Cache-Control` in lower case; the first of a name counts. Quoted figures are taken too.
    private static func directives(_ headers: HTTPHeaders) -> [String: String?] {
        var directives: [String: String?] = [:]
        for part in headers[canonicalForm: "cache-control"] {
            let pair = part.split(separator: "=", maxSplits: 1)
            guard let name = pair.first.map({ trim($0).lowercased() }), directives[name] == nil else { continue }
            directives.updateValue(pair.count == 2 ? trim(pair[1]) : nil, forKey: name)
        }
        return directives
    }

    private static func trim(_ text: Substring) -> String {
        let isTrimmed: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0 == "\"" }
        return String(text.drop(while: isTrimmed).reversed().drop(while: isTrimmed).reversed())
    }

    /// `delta-seconds` (RFC 9111 §1.2.2).
    private static func seconds(_ text: String) -> Int64? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return min(Int64(text) ?? .max, maximumLifetimeSeconds)
    }
}

extension Timestamp {
    /// Parses an IMF-fixdate, `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7). The two obsolete forms count as
    /// invalid, which a cache may take for expired.
    init?(httpDate text: String) {
        let parts = text.split(separator: " ")
        guard parts.count == 6, parts[5] == "GMT", parts[0].count == 4, parts[1].utf8.count == 2,
            let month = Self.monthNames.firstIndex(of: String(parts[2]))
        else { return nil }
        let number = month + 1 < 10 ? "0\(month + 1)" : "\(month + 1)"
        self.init(filter: "\(parts[3])-\(number)-\(parts[1]) \(parts[4])")
    }

    private static let monthNames = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
}
