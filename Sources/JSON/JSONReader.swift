/// Reads JSON that a stranger sent (RFC 8259): strict, bounded in depth, and able to say where it went wrong.
///
/// The general decoder knows neither a depth of our choosing nor the place of a fault in words for a customer, and
/// costs more than all the rest of a request.
package struct JSONReader {
    /// No body of the API nests deeper than two, no real script deeper than six, and a script's limit is 32; each level
    /// costs two stack frames.
    package static let maximumDepth = 64

    /// Where the text stops being JSON, and what was expected there.
    package struct Malformed: Error, Hashable, Sendable {
        /// Counted from 0.
        package let offset: Int
        package let explanation: String
    }

    private let bytes: [UInt8]
    private var position = 0

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Reads exactly one value with nothing but white space around it, and perhaps a byte order mark before it, which
    /// some editors and frameworks write and a reader may pass over (RFC 8259 §8.1).
    package static func read(_ bytes: [UInt8]) throws(Malformed) -> JSONValue {
        var reader = JSONReader(bytes)
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { reader.position = 3 }
        reader.skipWhiteSpace()
        let value = try reader.value(depth: 0)
        reader.skipWhiteSpace()
        guard reader.position == bytes.count else { throw reader.malformed("something follows the JSON text") }
        return value
    }

    // MARK: Values

    private mutating func value(depth: Int) throws(Malformed) -> JSONValue {
        guard depth <= Self.maximumDepth else {
            throw malformed("it nests deeper than \(Self.maximumDepth) levels")
        }
        switch current {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        case .some(UInt8(ascii: "0")...UInt8(ascii: "9")), UInt8(ascii: "-"): return try number()
        case nil: throw malformed("it ends where a value is expected")
        case .some(let byte): throw malformed(Self.valueExpected(before: byte))
        }
    }

    private static let wordExpected =
        "a value is expected: a text in double quotation marks, or true, false or null as they are written here"

    /// What people write that other languages take.
    private static func valueExpected(before byte: UInt8) -> String {
        switch byte {
        case UInt8(ascii: "'"): "a value is expected: a text stands in double quotation marks, not in single ones"
        case UInt8(ascii: "/"), UInt8(ascii: "#"): "a value is expected: JSON has no comments"
        case UInt8(ascii: "]"), UInt8(ascii: "}"): "a value is expected: no comma stands behind the last one"
        case UInt8(ascii: "+"), UInt8(ascii: "."): "a value is expected: a number begins with a digit or -"
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "_"):
            wordExpected
        default: "a value is expected"
        }
    }

    /// Of two members of one name the last counts (RFC 8259 §4 leaves it open; most readers do the same).
    private mutating func object(depth: Int) throws(Malformed) -> JSONValue {
        position += 1
        skipWhiteSpace()
        if take(UInt8(ascii: "}")) { return .object([:]) }
        var members: [String: JSONValue] = [:]
        while true {
            guard current == UInt8(ascii: "\"") else {
                throw malformed("a member's name in double quotation marks is expected")
            }
            let name = try string()
            skipWhiteSpace()
            guard take(UInt8(ascii: ":")) else { throw malformed("a colon is expected") }
            skipWhiteSpace()
            members[name] = try value(depth: depth + 1)
            skipWhiteSpace()
            if take(UInt8(ascii: "}")) { return .object(members) }
            guard take(UInt8(ascii: ",")) else { throw malformed("a comma or } is expected") }
            skipWhiteSpace()
        }
    }

    private mutating func array(depth: Int) throws(Malformed) -> JSONValue {
        position += 1
        skipWhiteSpace()
        if take(UInt8(ascii: "]")) { return .array([]) }
        var values: [JSONValue] = []
        while true {
            values.append(try value(depth: depth + 1))
            skipWhiteSpace()
            if take(UInt8(ascii: "]")) { return .array(values) }
            guard take(UInt8(ascii: ",")) else { throw malformed("a comma or ] is expected") }
            skipWhiteSpace()
        }
    }

    private mutating func literal(_ word: StaticString, _ value: JSONValue) throws(Malformed) -> JSONValue {
        // Safe: the word is compared within the closure.
        let isHere = word.withUTF8Buffer { unsafe bytes[position...].starts(with: $0) }
        guard isHere else { throw malformed(Self.wordExpected) }
        position += word.utf8CodeUnitCount
        return value
    }

    /// RFC 8259 §6. A whole number that fits 64 bits is an integer, every other one a double.
    private mutating func number() throws(Malformed) -> JSONValue {
        let start = position
        var isWhole = true
        _ = take(UInt8(ascii: "-"))
        if !take(UInt8(ascii: "0")) { try digits() }
        if take(UInt8(ascii: ".")) {
            isWhole = false
            try digits()
        }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            isWhole = false
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            try digits()
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isWhole, let integer = Int64(text) { return .integer(integer) }
        guard let double = Double(text), double.isFinite else { throw malformed("the number is too large") }
        return .number(double)
    }

    private mutating func digits() throws(Malformed) {
        let start = position
        while let byte = current, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
        guard position > start else { throw malformed("a digit is expected") }
    }

    // MARK: Strings

    /// RFC 8259 §7.
    private mutating func string() throws(Malformed) -> String {
        position += 1
        let start = position
        while let byte = current, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { position += 1 }
        if current == UInt8(ascii: "\"") {
            // No escape: the common case, one copy.
            let text = try text(of: bytes[start..<position], at: start)
            position += 1
            return text
        }
        var content = Array(bytes[start..<position])
        while let byte = current {
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return try text(of: content[...], at: start)
            case UInt8(ascii: "\\"):
                position += 1
                try escape(into: &content)
            case 0..<0x20:
                throw malformed("a control character in a string must be escaped")
            default:
                content.append(byte)
                position += 1
            }
        }
        throw malformed("it ends within a string")
    }

    private func text(of content: ArraySlice<UInt8>, at start: Int) throws(Malformed) -> String {
        guard let text = String(validating: content, as: UTF8.self) else {
            throw Malformed(offset: start, explanation: "the string that begins there is not UTF-8")
        }
        return text
    }

    private mutating func escape(into content: inout [UInt8]) throws(Malformed) {
        guard let byte = current else { throw malformed("it ends within a string") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(byte)
        case UInt8(ascii: "b"): content.append(0x08)
        case UInt8(ascii: "f"): content.append(0x0C)
        case UInt8(ascii: "n"): content.append(0x0A)
        case UInt8(ascii: "r"): content.append(0x0D)
        case UInt8(ascii: "t"): content.append(0x09)
        case UInt8(ascii: "u"): content.append(contentsOf: String(Character(try scalar())).utf8)
        default:
            position -= 1
            throw malformed("there is no such escape")
        }
    }

    /// Four hexadecimal digits, or two groups of them where the first is a high surrogate. Half a pair, which is left
    /// where a program cuts a text in the middle of an emoji, is no character (RFC 8259 §8.2): U+FFFD stands for it.
    private mutating func scalar() throws(Malformed) -> Unicode.Scalar {
        let unit = try codeUnit()
        if let scalar = Unicode.Scalar(unit) { return scalar }
        let behind = position
        guard (0xD800...0xDBFF).contains(unit), take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else {
            position = behind
            return Self.replacement
        }
        let low = try codeUnit()
        guard (0xDC00...0xDFFF).contains(low),
            let scalar = Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00))
        else {
            // Whatever the second escape is, it is read for itself.
            position = behind
            return Self.replacement
        }
        return scalar
    }

    /// Unicode's replacement character.
    private static let replacement: Unicode.Scalar = "\u{FFFD}"

    private mutating func codeUnit() throws(Malformed) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            let digit: UInt8
            guard let byte = current else { throw malformed("it ends within a string") }
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: throw malformed("four hexadecimal digits are expected")
            }
            unit = unit << 4 | UInt32(digit)
            position += 1
        }
        return unit
    }

    // MARK: Bytes

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard current == byte else { return false }
        position += 1
        return true
    }

    private mutating func skipWhiteSpace() {
        while let byte = current, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { position += 1 }
    }

    private func malformed(_ explanation: String) -> Malformed { Malformed(offset: position, explanation: explanation) }
}
