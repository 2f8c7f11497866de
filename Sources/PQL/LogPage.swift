package import Telephony

/// One page of the account's log, newest first (docs/contract/rest.md#lists).
package struct LogPage: Sendable {
    package var entries: [JournalEntry]
    /// Entries in the whole list, capped at ``PageLimits/maximumTotal``; nil where to count them would take too long.
    package var total: Int?
    /// Position of the page's first entry in the whole list.
    package var start: Int
    /// Where the next page begins; nil on the last.
    package var next: LogPosition?

    package init(entries: [JournalEntry], total: Int?, start: Int, next: LogPosition?) {
        self.entries = entries
        self.total = total
        self.start = start
        self.next = next
    }
}

/// A place in the account's log: behind one entry, which is named by its own values. The log is in order of time; of one
/// moment, in order of the calls' identifiers, and before all of them stands what belongs to no call; of one call, by sequence.
package struct LogPosition: Hashable, Sendable {
    /// Microseconds since 1970.
    package var timestamp: Int64
    /// Nil for an entry of no call.
    package var callID: CallID?
    /// Of an entry of no call: its number, by which storage counts those as they come.
    package var sequence: Int64
    /// How many entries of the list lie before the page.
    package var position: Int

    package init(timestamp: Int64, callID: CallID?, sequence: Int64, position: Int) {
        self.timestamp = timestamp
        self.callID = callID
        self.sequence = sequence
        self.position = position
    }

    /// Whether the entry there comes before the other's in the list, which is newest first.
    package func isNewer(than other: LogPosition) -> Bool {
        (timestamp, callID?.text ?? "", sequence) > (other.timestamp, other.callID?.text ?? "", other.sequence)
    }
}

/// Where a list goes on, and which list: enough by itself for the next page, and purely alphanumeric
/// (docs/contract/rest.md#lists), for there are clients that keep nothing else of `nextPageUri`.
package struct LogCursor: Hashable, Sendable {
    package var position: LogPosition
    /// Nil for the whole log.
    package var query: LogQuery?

    package init(position: LogPosition, query: LogQuery?) {
        self.position = position
        self.query = query
    }

    /// `c` + time + `k` + the call's identifier or nothing + `s` + sequence + `p` + position, numbers in decimal digits, and
    /// where there is a query `q` and its text in base 32 (RFC 4648 §6, small letters, no padding).
    package var text: String {
        let call = position.callID?.text ?? ""
        let place = "c\(position.timestamp)k\(call)s\(position.sequence)p\(position.position)"
        return place + (query.map { "q" + Base32.encode($0.text) } ?? "")
    }

    /// Nil for what no answer of ours has given.
    package init?(_ text: String) {
        var rest = text.utf8[...]
        guard let timestamp = Self.number(behind: "c", &rest), rest.popFirst() == UInt8(ascii: "k") else { return nil }
        let name = rest.prefix { $0 != UInt8(ascii: "s") }
        rest = rest.dropFirst(name.count)
        let callID = String(name).flatMap { CallID($0) }
        guard name.isEmpty || callID != nil, let sequence = Self.number(behind: "s", &rest),
            let place = Self.number(behind: "p", &rest), place <= Int64(PageLimits.maximumTotal)
        else { return nil }
        position = LogPosition(timestamp: timestamp, callID: callID, sequence: sequence, position: Int(place))
        guard let letter = rest.popFirst() else { return }
        guard letter == UInt8(ascii: "q"), rest.count <= LogQuery.maximumLength * 8 / 5 + 1,
            let written = Base32.decode(rest), let query = try? LogQuery(written)
        else { return nil }
        self.query = query
    }

    /// Takes the letter and the digits behind it; nil where there are none, or too many.
    private static func number(behind letter: Unicode.Scalar, _ rest: inout Substring.UTF8View) -> Int64? {
        guard rest.popFirst() == UInt8(ascii: letter) else { return nil }
        let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        rest = rest.dropFirst(digits.count)
        return String(digits).flatMap { Int64($0) }
    }
}

/// RFC 4648 §6 with small letters and without padding.
enum Base32 {
    private static let alphabet = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)

    static func encode(_ text: String) -> String {
        var output: [UInt8] = []
        var bits = 0
        var count = 0
        for byte in text.utf8 {
            bits = bits << 8 | Int(byte)
            count += 8
            while count >= 5 {
                count -= 5
                output.append(alphabet[bits >> count & 31])
            }
            bits &= (1 << count) - 1
        }
        if count > 0 { output.append(alphabet[bits << (5 - count) & 31]) }
        return String(decoding: output, as: UTF8.self)
    }

    /// Nil for what is none, or not in UTF-8.
    static func decode(_ text: some Sequence<UInt8>) -> String? {
        var output: [UInt8] = []
        var bits = 0
        var count = 0
        for letter in text {
            guard let value = alphabet.firstIndex(of: letter) else { return nil }
            bits = bits << 5 | value
            count += 5
            if count >= 8 {
                count -= 8
                output.append(UInt8(bits >> count & 255))
            }
            bits &= (1 << count) - 1
        }
        guard bits == 0, count < 5 else { return nil }
        return String(validating: output, as: UTF8.self)
    }
}
