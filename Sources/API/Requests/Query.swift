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

    /// The parameters' names in their order, without the brackets of repeated ones.
    var names: [String] {
        var seen: Set<String> = []
        return pairs.map { $0.name.hasSuffix("]") ? String($0.name.prefix { $0 != "[" }) : $0.name }
            .filter { seen.insert($0).inserted }
    }

    /// A parameter that may be repeated, as `name=a&name=b` or `name[0]=a&name[1]=b`
    /// (docs/contract/rest.md#fields-and-parameters), in order.
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

/// Takes parameters out of a query, each of the type it must have, and gathers what is wrong with them. Parameters that
/// nobody asks for are passed over and remarked on, as a script's attributes are
/// (docs/contract/rest.md#fields-and-parameters).
struct QueryReader {
    private let query: Query
    private let remarks: Remarks
    private var faults: [FieldFault] = []
    /// What has been asked for: the parameters that the operation has.
    private var known: Set<String> = []

    init(_ query: Query, remarks: Remarks) {
        self.query = query
        self.remarks = remarks
    }

    /// The operation has this parameter.
    func knows(_ name: String) -> Bool { known.contains(name) }

    private mutating func value(_ name: String) -> String? {
        known.insert(name)
        return query[name]
    }

    mutating func text(_ name: String) -> String? {
        guard let text = value(name) else { return nil }
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
        switch value(name) {
        case nil: nil
        case "true", "1": true
        case "false", "0": false
        case .some(let text): fault(name, text, "true, false, 1 or 0")
        }
    }

    mutating func choice<Choice: RawRepresentable & CaseIterable>(_ name: String) -> Choice?
    where Choice.RawValue == String {
        guard let text = value(name) else { return nil }
        guard let choice = Choice(rawValue: text) else {
            return fault(name, text, Choice.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return choice
    }

    mutating func identifier<Kind>(_ name: String) -> Identifier<Kind>? {
        guard let text = value(name) else { return nil }
        guard let identifier = Identifier<Kind>(text) else {
            return fault(name, text, "\(Kind.prefix) and \(Identifier<Kind>.digitCount) hexadecimal digits")
        }
        return identifier
    }

    /// A parameter that may be repeated.
    mutating func identifiers<Kind>(_ name: String, atMost limit: Int) -> [Identifier<Kind>] {
        known.insert(name)
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

    /// A time in one of the forms that the API documents or shows, for as long as its words are exact: a date is its
    /// whole day (docs/contract/rest.md#times).
    mutating func span(_ name: String) -> Range<Timestamp>? {
        guard let text = value(name) else { return nil }
        guard let span = Timestamp.span(filter: text) else { return fault(name, text, Self.timeForm) }
        return span
    }

    static let timeForm =
        "YYYY-MM-DD, which is the whole day, YYYY-MM-DD hh:mm:ss, or a time of ISO 8601 such as "
        + "2024-10-09T15:05:03.358Z; without an offset it is GMT"

    /// A parameter of a form of its own.
    mutating func value<Value>(_ name: String, allowed: String, _ read: (String) -> Value?) -> Value? {
        guard let text = value(name) else { return nil }
        return read(text) ?? fault(name, text, allowed)
    }

    mutating func cursor() -> PageCursor? {
        guard let text = value("cursor") else {
            checkPage(from: 0)
            return nil
        }
        guard let cursor = PageCursor(text) else { return fault("cursor", text, "one from a nextPageUri") }
        checkPage(from: cursor.position)
        return cursor
    }

    /// `page` and `pageSize` stand in every answer, and so in some clients' requests. Pages are asked for by their
    /// cursor: what asks for the page that comes anyway is taken, everything else refused, as nobody would find out
    /// that it was passed over.
    private mutating func checkPage(from position: Int) {
        let page = String(position / PageLimits.pageSize), size = String(PageLimits.pageSize)
        if let text = value("page"), text != page {
            let _: Never? = fault(
                "page", text, "\(page), for a further page is asked for by the nextPageUri of the one before it")
        }
        if let text = value("pageSize"), text != size {
            let _: Never? = fault("pageSize", text, "\(size), which every page has but the last")
        }
    }

    mutating func endedCallPosition() -> EndedCallPosition? {
        for name in ["page", "pageSize"] {
            refuse(name, allowed: "nothing: a further page is asked for by the cursor of the one before it")
        }
        guard let text = value("cursor") else { return nil }
        guard let position = EndedCallPosition(text) else { return fault("cursor", text, "one from an earlier answer") }
        return position
    }

    mutating func logCursor() -> LogCursor? {
        guard let text = value("cursor") else {
            checkPage(from: 0)
            return nil
        }
        guard let cursor = LogCursor(text) else { return fault("cursor", text, "one from a nextPageUri") }
        checkPage(from: cursor.position.position)
        return cursor
    }

    /// A parameter that this operation takes elsewhere, or not at all.
    mutating func refuse(_ name: String, allowed: String) {
        guard let text = value(name) else { return }
        let _: String? = fault(name, text, allowed)
    }

    /// A filter by what no item of the list has.
    mutating func refuseTrue(_ name: String) {
        guard flag(name) == true else { return }
        let _: Bool? = fault(name, value(name) ?? "", "false, for nothing in this list has it")
    }

    /// A filter that would change the list and is not understood yet must not be passed over in silence.
    mutating func refuseUnsupported(_ names: [String]) {
        for name in names {
            guard let text = value(name) else { continue }
            let _: String? = fault(name, text, "nothing: this filter is not in this version")
        }
    }

    /// Everything has been asked for.
    func check() throws(APIError) {
        remarks.queryIsRead(query, known: known)
        if !faults.isEmpty { throw .faults(faults) }
    }

    private mutating func fault<Value>(_ name: String, _ text: String, _ allowed: String) -> Value? {
        faults.append(.malformed(name, given: .string(text), allowed: allowed))
        return nil
    }
}
