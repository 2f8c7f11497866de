extension Timestamp {
    /// Parses a time of ISO 8601 as people write one: a date, and behind `T` the time of day to the minute, the second
    /// or a fraction of it, and behind that `Z` or an offset such as `+02:00`. Without either it is GMT. What is finer
    /// than a microsecond is cut off.
    package init?(iso8601 text: String) {
        let parts = text.split(separator: "T", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count > 1 else {
            self.init(filter: text)
            return
        }
        guard parts[0].utf8.count == 10, let day = Timestamp(filter: parts[0]) else { return nil }
        var clock = parts[1]
        var offsetMinutes: Int64 = 0
        if clock.last == "Z" {
            clock.removeLast()
        } else if let sign = clock.lastIndex(where: { $0 == "+" || $0 == "-" }) {
            guard let offset = Self.clockFields(clock[clock.index(after: sign)...]), offset.count == 2 else {
                return nil
            }
            offsetMinutes = (offset[0] * 60 + offset[1]) * (clock[sign] == "-" ? -1 : 1)
            clock = clock[..<sign]
        }
        var fraction: Int64 = 0
        if let point = clock.firstIndex(of: ".") {
            guard let parsed = Self.fractionMicroseconds(clock[clock.index(after: point)...]),
                clock[..<point].utf8.count == 8
            else { return nil }
            fraction = parsed
            clock = clock[..<point]
        }
        guard let fields = Self.clockFields(clock), fields.count >= 2 else { return nil }
        let seconds = fields[0] * 3600 + fields[1] * 60 + (fields.count > 2 ? fields[2] : 0) - offsetMinutes * 60
        self = day.advanced(byMicroseconds: seconds * 1_000_000 + fraction)
    }

    /// `hh:mm` or `hh:mm:ss`.
    private static func clockFields(_ text: Substring) -> [Int64]? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2 || parts.count == 3 else { return nil }
        var fields: [Int64] = []
        for (part, limit) in zip(parts, [23, 59, 60] as [Int64]) {
            guard part.utf8.count == 2, part.utf8.allSatisfy({ (48...57).contains($0) }), let field = Int64(part),
                field <= limit
            else { return nil }
            fields.append(field)
        }
        return fields
    }

    private static func fractionMicroseconds(_ text: Substring) -> Int64? {
        guard (1...9).contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        let digits = text.prefix(6)
        return Int64(digits + String(repeating: "0", count: 6 - digits.utf8.count))
    }
}
