extension Timestamp {
    /// The time that a list's filter names, for as long as its words are exact: a date is its whole day, a time to the
    /// second that second, so that what an answer shows finds what it was shown of.
    ///
    /// Taken are the forms that the API documents and that its answers show (docs/contract/rest.md#times):
    /// `YYYY-MM-DD`, `YYYY-MM-DD hh:mm:ss`, ISO 8601 with `T` or a space, to the minute, the second or a fraction of
    /// it, with `Z`, an offset or neither, which is GMT; and `Mon, 15 Jun 2009 20:45:30 GMT`.
    package static func span(filter text: String) -> Range<Timestamp>? {
        let text = text.drop(while: { $0 == " " })
        guard let trimmed = text.lastIndex(where: { $0 != " " }).map({ text[...$0] }) else { return nil }
        return rfc1123(trimmed) ?? iso8601Span(trimmed)
    }

    private static func iso8601Span(_ text: Substring) -> Range<Timestamp>? {
        let date = text.prefix(10)
        var clock = text.dropFirst(10)
        guard let separator = clock.popFirst() else {
            return Timestamp(filter: date).map { $0..<$0.advanced(byMicroseconds: 86_400_000_000) }
        }
        guard separator == "T" || separator == "t" || separator == " ", let zone = zone(takenOff: &clock),
            let start = Timestamp(iso8601: "\(date)T\(clock)\(zone)")
        else { return nil }
        return start..<start.advanced(byMicroseconds: precisionMicroseconds(of: clock))
    }

    /// The zone as ``init(iso8601:)`` takes it. A `+` that the client left as it is has come as a space.
    private static func zone(takenOff clock: inout Substring) -> String? {
        if clock.hasSuffix("Z") || clock.hasSuffix("z") {
            clock.removeLast()
            return "Z"
        }
        if clock.hasSuffix(" GMT") || clock.hasSuffix(" UTC") {
            clock.removeLast(4)
            return "Z"
        }
        guard let mark = clock.lastIndex(where: { "+- ".contains($0) }) else { return "Z" }
        var offset = clock[clock.index(after: mark)...]
        if offset.utf8.count == 2 { offset += ":00" }
        if offset.utf8.count == 4 { offset.insert(":", at: offset.index(offset.startIndex, offsetBy: 2)) }
        let sign = clock[mark] == "-" ? "-" : "+"
        clock = clock[..<mark]
        return sign + offset
    }

    private static func precisionMicroseconds(of clock: Substring) -> Int64 {
        guard let point = clock.firstIndex(of: ".") else { return clock.utf8.count > 5 ? 1_000_000 : 60_000_000 }
        let digits = clock[point...].utf8.count - 1
        return (0..<min(6, digits)).reduce(1_000_000) { precision, _ in precision / 10 }
    }

    /// `Mon, 15 Jun 2009 20:45:30 GMT`, as `dateCreated` and its kind show it.
    private static func rfc1123(_ text: Substring) -> Range<Timestamp>? {
        let parts = text.split(separator: " ")
        guard parts.count == 6, parts[0].hasSuffix(","), parts[5] == "GMT", (1...2).contains(parts[1].utf8.count),
            let month = months.firstIndex(of: String(parts[2]))
        else { return nil }
        func twoDigits(_ text: some StringProtocol) -> String { text.utf8.count < 2 ? "0\(text)" : String(text) }
        return iso8601Span("\(parts[3])-\(twoDigits(String(month + 1)))-\(twoDigits(parts[1]))T\(parts[4])Z")
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
}
