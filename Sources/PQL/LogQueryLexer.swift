import Telephony

/// Cuts a query into words, one at a time, each with its place.
struct LogQueryLexer {
    enum Kind: Equatable {
        case open, close
        case comparator(LogComparator)
        case and, or, not
        /// A name, with what follows it after dots.
        case path([LogPathStep])
        case text(String)
        case integer(Int64)
        case time(Timestamp)
        case truth(Bool)
        case end
    }

    struct Token {
        var kind: Kind
        var range: Range<Int>
    }

    private static let shownLength = 40

    let query: String
    private let bytes: [UInt8]
    private var position = 0

    init(_ query: String) {
        self.query = query
        bytes = Array(query.utf8)
    }

    mutating func next() throws(LogQueryFault) -> Token {
        while let byte = byte(at: position), Self.isBlank(byte) { position += 1 }
        let start = position
        guard let byte = byte(at: start) else { return Token(kind: .end, range: start..<start) }
        let kind: Kind
        switch byte {
        case UInt8(ascii: "("): kind = single(.open)
        case UInt8(ascii: ")"): kind = single(.close)
        case UInt8(ascii: "="), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "!"): kind = try comparator()
        case UInt8(ascii: "\""): kind = .text(try text())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): kind = try number()
        case let byte where Self.isLetter(byte): kind = try word()
        default: throw strange()
        }
        return Token(kind: kind, range: start..<position)
    }

    func fault(at offset: Int, found: String, allowed: String) -> LogQueryFault {
        LogQueryFault(in: query, at: offset, found: found, allowed: allowed)
    }

    /// What stands there, for a message.
    func shown(_ range: Range<Int>) -> String {
        guard !range.isEmpty else { return "the end" }
        // A cut in the middle of a character shows as its replacement.
        let text = String(decoding: bytes[range].prefix(Self.shownLength), as: UTF8.self)
        return "`\(text)\(range.count > Self.shownLength ? "…" : "")`"
    }

    // MARK: Each kind

    private mutating func single(_ kind: Kind) -> Kind {
        position += 1
        return kind
    }

    private mutating func comparator() throws(LogQueryFault) -> Kind {
        let start = position
        while let byte = byte(at: position), [0x21, 0x3C, 0x3D, 0x3E].contains(byte) { position += 1 }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        guard let comparator = LogComparator(rawValue: text) else {
            let meant =
                switch text {
                case "==": "= compares"
                case "<>", "!": "!= says that two differ, NOT denies a condition"
                case "=<", "=>": "<= and >="
                default: "=, !=, <, <=, > and >="
                }
            throw fault(at: start, found: shown(start..<position), allowed: meant)
        }
        return .comparator(comparator)
    }

    private mutating func text() throws(LogQueryFault) -> String {
        let start = position
        var content: [UInt8] = []
        position += 1
        while let byte = byte(at: position) {
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                // What was valid UTF-8 still is: only whole ASCII bytes were exchanged.
                return String(decoding: content, as: UTF8.self)
            case UInt8(ascii: "\\"):
                content.append(try escaped())
                position += 2
            case 0:
                throw fault(at: position, found: "a NUL", allowed: "every other character in a text")
            default:
                content.append(byte)
                position += 1
            }
        }
        throw fault(
            at: start, found: "a text without an end", allowed: "a double quote at its end; within it \\\" and \\\\")
    }

    private func escaped() throws(LogQueryFault) -> UInt8 {
        switch byte(at: position + 1) {
        case UInt8(ascii: "\""): return UInt8(ascii: "\"")
        case UInt8(ascii: "\\"): return UInt8(ascii: "\\")
        case UInt8(ascii: "n"): return UInt8(ascii: "\n")
        case UInt8(ascii: "r"): return UInt8(ascii: "\r")
        case UInt8(ascii: "t"): return UInt8(ascii: "\t")
        default:
            let end = min(bytes.count, position + 2)
            throw fault(
                at: position, found: shown(position..<end), allowed: #"after a \ in a text: ", \, n, r and t"#)
        }
    }

    /// A whole number or a time: both begin with a digit, and neither has a blank.
    private mutating func number() throws(LogQueryFault) -> Kind {
        let start = position
        while let byte = byte(at: position), Self.isOfNumber(byte) { position += 1 }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if let number = Int64(text) { return .integer(number) }
        if let time = Timestamp(iso8601: text) { return .time(time) }
        let isWhole = text.utf8.drop { $0 == UInt8(ascii: "-") }.allSatisfy(Self.isDigit)
        throw fault(
            at: start, found: shown(start..<position),
            allowed: isWhole
                ? "a whole number of at most 64 bits"
                : "a whole number, a time such as 2020-06-22T19:42:53.376Z, or a text in double quotes")
    }

    private mutating func word() throws(LogQueryFault) -> Kind {
        let start = position
        while let byte = byte(at: position), Self.isOfName(byte) { position += 1 }
        let name = String(decoding: bytes[start..<position], as: UTF8.self)
        guard byte(at: position) == UInt8(ascii: ".") else { return Self.keyword(name) ?? .path([.key(name)]) }
        var steps: [LogPathStep] = [.key(name)]
        while byte(at: position) == UInt8(ascii: ".") {
            position += 1
            steps.append(try step())
            guard steps.count <= LogQuery.maximumSteps + 1 else {
                throw fault(
                    at: start, found: shown(start..<position),
                    allowed: "at most \(LogQuery.maximumSteps) steps in a path")
            }
        }
        return .path(steps)
    }

    private mutating func step() throws(LogQueryFault) -> LogPathStep {
        let start = position
        guard let first = byte(at: start) else { throw noStep(at: start) }
        if first == UInt8(ascii: "\"") {
            let key = try text()
            // Storage has no way to name such a key.
            guard key.utf8.allSatisfy({ $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }) else {
                throw fault(
                    at: start, found: shown(start..<position),
                    allowed: "a name without quotes, \\ and control characters")
            }
            return .key(key)
        }
        while let byte = byte(at: position), Self.isOfName(byte) { position += 1 }
        guard position > start, first != UInt8(ascii: "-") else { throw noStep(at: start) }
        let name = String(decoding: bytes[start..<position], as: UTF8.self)
        guard Self.isDigit(first) else { return .key(name) }
        guard let index = Int32(name) else {
            throw fault(
                at: start, found: shown(start..<position),
                allowed: "a place in a list, counted from 0; a name that begins with a digit stands in double quotes")
        }
        return .index(Int(index))
    }

    private func noStep(at offset: Int) -> LogQueryFault {
        let end = min(bytes.count, offset + 1)
        return fault(
            at: offset, found: shown(offset..<end),
            allowed: "a name or the place in a list; any other name in double quotes")
    }

    private static func keyword(_ name: String) -> Kind? {
        switch name.uppercased() {
        case "AND": .and
        case "OR": .or
        case "NOT": .not
        case "CONTAINS": .comparator(.contains)
        case "STARTS_WITH": .comparator(.startsWith)
        case "ENDS_WITH": .comparator(.endsWith)
        case "TRUE": .truth(true)
        case "FALSE": .truth(false)
        default: nil
        }
    }

    /// A character that no word begins with, and what was probably meant.
    private func strange() -> LogQueryFault {
        let rest = String(decoding: bytes[position...].prefix(8), as: UTF8.self)
        let character = rest.first.map(String.init) ?? ""
        let (found, allowed): (String, String) =
            switch character {
            case "'": ("a single quote", "texts in double quotes")
            case "“", "”", "„", "«", "»", "‘", "’", "`": ("`\(character)`", "texts in straight double quotes")
            case ":": ("`:`", "= between a field and its value")
            case "&": ("`&`", "AND")
            case "|": ("`|`", "OR")
            case "~", "*", "%": ("`\(character)`", "CONTAINS, STARTS_WITH and ENDS_WITH look into texts")
            case ".": ("`.`", "a name before a dot")
            default:
                (
                    character.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
                        ? "`\(character)`" : "a control character",
                    "fields, comparators, values, AND, OR, NOT and brackets"
                )
            }
        return fault(at: position, found: found, allowed: allowed)
    }

    // MARK: Bytes

    private func byte(at offset: Int) -> UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
            || byte == UInt8(ascii: "_")
    }

    private static func isOfName(_ byte: UInt8) -> Bool { isLetter(byte) || isDigit(byte) || byte == UInt8(ascii: "-") }

    private static func isOfNumber(_ byte: UInt8) -> Bool {
        isOfName(byte) || [UInt8(ascii: ":"), UInt8(ascii: "."), UInt8(ascii: "+")].contains(byte)
    }
}
