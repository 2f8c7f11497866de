/// Why a text is not JSON, in words for whoever sent it. They repeat nothing of it: it may be private.
extension JSONReader.Malformed {
    /// Goes on from "is not JSON: ".
    package func sentence(about bytes: [UInt8]) -> String {
        let place = "at byte \(offset)\(line(in: bytes)) \(explanation)"
        guard let kind = LooksLike(bytes) else { return place }
        return "it looks like \(kind.rawValue); \(place)"
    }

    /// For a text of several lines, as an editor counts them.
    private func line(in bytes: [UInt8]) -> String {
        let before = bytes.prefix(offset)
        let newlines = before.count { $0 == 0x0A }
        guard newlines > 0, let last = before.lastIndex(of: 0x0A) else { return "" }
        let column = before[(last + 1)...].count { $0 & 0xC0 != 0x80 } + 1
        return " (line \(newlines + 1), column \(column))"
    }
}

/// What strangers send where JSON is wanted.
private enum LooksLike: String {
    case markup = "HTML or XML"
    case form = "a form-encoded body (name=value)"
    case multipart = "a multipart form"
    case compressed = "compressed data"
    case utf16 = "UTF-16, and JSON is sent in UTF-8"

    init?(_ bytes: [UInt8]) {
        let text = bytes.drop { $0 <= 0x20 }
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            self = .utf16
        } else if bytes.starts(with: [0x1F, 0x8B]) {
            self = .compressed
        } else if text.first == UInt8(ascii: "<") {
            self = .markup
        } else if text.starts(with: "--".utf8) {
            self = .multipart
        } else if let equals = text.firstIndex(of: UInt8(ascii: "=")), equals > text.startIndex,
            text[..<equals].allSatisfy(Self.isOfFormName)
        {
            self = .form
        } else {
            return nil
        }
    }

    /// What a form's names may hold as they are, or encoded.
    private static func isOfFormName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "_-.%+[]".utf8.contains(byte)
        }
    }
}
