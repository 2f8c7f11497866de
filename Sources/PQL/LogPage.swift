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

/// A place in the account's log: behind one entry. By time, and where two are of one moment by storage's own keys.
package struct LogPosition: Hashable, Sendable {
    /// Microseconds since 1970.
    package var timestamp: Int64
    /// Storage's key of the call; 0 for an entry of no call.
    package var call: Int64
    package var sequence: Int64
    /// How many entries of the list lie before the page.
    package var position: Int

    package init(timestamp: Int64, call: Int64, sequence: Int64, position: Int) {
        self.timestamp = timestamp
        self.call = call
        self.sequence = sequence
        self.position = position
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

    /// `c` + time + `k` + call + `s` + sequence + `p` + position, in decimal digits, and where there is a query `q` and
    /// its text in base 32 (RFC 4648 §6, small letters, no padding).
    package var text: String {
        let place = "c\(position.timestamp)k\(position.call)s\(position.sequence)p\(position.position)"
        return place + (query.map { "q" + Base32.encode($0.text) } ?? "")
    }

    /// Nil for what no answer of ours has given.
    package init?(_ text: String) {
        var rest = text.utf8[...]
        var numbers: [Int64] = []
        for letter in "cksp".utf8 {
            guard rest.popFirst() == letter else { return nil }
            let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            guard let digits = String(digits), let number = Int64(digits) else { return nil }
            numbers.append(number)
            rest = rest.dropFirst(digits.utf8.count)
        }
        guard numbers[3] <= Int64(PageLimits.maximumTotal) else { return nil }
        position = LogPosition(
            timestamp: numbers[0], call: numbers[1], sequence: numbers[2], position: Int(numbers[3]))
        guard let letter = rest.popFirst() else { return }
        guard letter == UInt8(ascii: "q"), rest.count <= LogQuery.maximumLength * 8 / 5 + 1,
            let written = Base32.decode(rest), let query = try? LogQuery(written)
        else { return nil }
        self.query = query
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
