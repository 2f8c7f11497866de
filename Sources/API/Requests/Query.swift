import JSON
import PQL
import Telephony

/// A query's parameters (RFC 3986 §3.4), decoded as forms are: `+` is a space.
package struct Query: Sendable {
    private var values: [String: String] = [:]
    private var pairs: [(name: String, value: String)] = []

    /// Of two parameters of one name the last counts. What does not decode to UTF-8 stays as it is.
    package init(_ text: String) {
        for pair in text.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = parts.first else { continue }
            let pair = (name: Self.decode(name), value: parts.count > 1 ? Self.decode(parts[1]) : "")
            values[pair.name] = pair.value
            pairs.append(pair)
        }
    }

    package subscript(name: String) -> String? { values[name] }

    /// A parameter that may be repeated, as `name=a&name=b` or `name[0]=a&name[1]=b` (spec §0.1), in order.
    package func all(_ name: String) -> [String] {
        pairs.filter { pair in
            pair.name == name || (pair.name.hasPrefix(name + "[") && pair.name.hasSuffix("]"))
        }.map(\.value)
    }

    private static func decode(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(0x20)
            case UInt8(ascii: "%"):
                guard let high = hexadecimal(rest.first), let low = hexadecimal(rest.dropFirst().first) else {
                    return String(text)
                }
                bytes.append(high << 4 | low)
                rest = rest.dropFirst(2)
            default: bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self) ?? String(text)
    }

    private static func hexadecimal(_ byte: UInt8?) -> UInt8? {
        switch byte {
        case .some(let digit) where (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit): digit - UInt8(ascii: "0")
        case .some(let digit) where (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(digit):
            digit - UInt8(ascii: "a") + 10
        case .some(let digit) where (UInt8(ascii: "A")...UInt8(ascii: "F")).contains(digit):
            digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// Percent-encodes what a query's value may not hold as it is.
    package static func encode(_ text: String) -> String {
        var output = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                output.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                output += byte < 0x10 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return output
    }
}

/// Takes parameters out of a query, each of the type it must have, and gathers what is wrong with them.
struct QueryReader {
    private let query: Query
    private var faults: [FieldFault] = []

    init(_ query: Query) { self.query = query }

    mutating func text(_ name: String) -> String? {
        guard let text = query[name] else { return nil }
        guard !text.isEmpty else { return fault(name, text, "a value that is not empty") }
        return text
    }

    /// A telephone number, or whatever else stands in a call's `from` or `to`. A `+` that the client left as it is
    /// has been read as a space.
    mutating func party(_ name: String) -> String? {
        guard let text = text(name) else { return nil }
        return text.hasPrefix(" ") ? "+" + text.dropFirst() : text
    }

    mutating func pattern(_ name: String) -> NumberPattern? {
        guard let text = party(name) else { return nil }
        guard let pattern = NumberPattern(text) else { return fault(name, text, NumberPattern.form) }
        return pattern
    }

    /// `true`, `false`, or 1 and 0, which the PHP SDK sends.
    mutating func flag(_ name: String) -> Bool? {
        switch query[name] {
        case nil: nil
        case "true", "1": true
        case "false", "0": false
        case .some(let text): fault(name, text, "true, false, 1 or 0")
        }
    }

    mutating func choice<Choice: RawRepresentable & CaseIterable>(_ name: String) -> Choice?
    where Choice.RawValue == String {
        guard let text = query[name] else { return nil }
        guard let choice = Choice(rawValue: text) else {
            return fault(name, text, Choice.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return choice
    }

    mutating func identifier<Kind>(_ name: String) -> Identifier<Kind>? {
        guard let text = query[name] else { return nil }
        guard let identifier = Identifier<Kind>(text) else {
            return fault(name, text, "\(Kind.prefix) and \(Identifier<Kind>.digitCount) hexadecimal digits")
        }
        return identifier
    }

    /// A parameter that may be repeated.
    mutating func identifiers<Kind>(_ name: String, atMost limit: Int) -> [Identifier<Kind>] {
        let texts = query.all(name)
        guard texts.count <= limit else {
            let _: Never? = fault(name, texts[limit], "at most \(limit) of it, and this is one more")
            return []
        }
        return texts.compactMap { text in
            Identifier<Kind>(text)
                ?? fault(name, text, "\(Kind.prefix) and \(Identifier<Kind>.digitCount) hexadecimal digits")
        }
    }

    /// `YYYY-MM-DD hh:mm:ss` in GMT (spec §1.3).
    mutating func moment(_ name: String) -> Timestamp? {
        guard let text = query[name] else { return nil }
        guard let moment = Timestamp(filter: text) else {
            return fault(name, text, "YYYY-MM-DD or YYYY-MM-DD hh:mm:ss, in GMT")
        }
        return moment
    }

    /// `YYYY-MM-DD`, the whole day in GMT.
    mutating func day(_ name: String) -> Range<Timestamp>? {
        guard let text = query[name] else { return nil }
        guard text.utf8.count == 10, let start = Timestamp(filter: text) else {
            return fault(name, text, "YYYY-MM-DD, in GMT")
        }
        return start..<start.advanced(byMicroseconds: 86_400_000_000)
    }

    mutating func cursor() -> PageCursor? {
        guard let text = query["cursor"] else { return nil }
        guard let cursor = PageCursor(text) else { return fault("cursor", text, "one from a nextPageUri") }
        return cursor
    }

    mutating func endedCallPosition() -> EndedCallPosition? {
        guard let text = query["cursor"] else { return nil }
        guard let position = EndedCallPosition(text) else { return fault("cursor", text, "one from an earlier answer") }
        return position
    }

    mutating func logCursor() -> LogCursor? {
        guard let text = query["cursor"] else { return nil }
        guard let cursor = LogCursor(text) else { return fault("cursor", text, "one from a nextPageUri") }
        return cursor
    }

    /// A parameter that this operation takes elsewhere, or not at all.
    mutating func refuse(_ name: String, allowed: String) {
        guard let text = query[name] else { return }
        let _: String? = fault(name, text, allowed)
    }

    /// A filter by what no item of the list has.
    mutating func refuseTrue(_ name: String) {
        guard flag(name) == true else { return }
        let _: Bool? = fault(name, query[name] ?? "", "false, for nothing in this list has it")
    }

    /// A filter that would change the list and is not understood yet must not be passed over in silence.
    mutating func refuseUnsupported(_ names: [String]) {
        for name in names {
            guard let text = query[name] else { continue }
            let _: String? = fault(name, text, "nothing: this filter is not in this version")
        }
    }

    func check() throws(APIError) {
        if !faults.isEmpty { throw .faults(faults) }
    }

    private mutating func fault<Value>(_ name: String, _ text: String, _ allowed: String) -> Value? {
        faults.append(.malformed(name, given: .string(text), allowed: allowed))
        return nil
    }
}
