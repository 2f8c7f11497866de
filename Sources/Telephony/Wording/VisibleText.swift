/// Text for people in which nothing acts on their terminal: what a peer wrote could move the cursor, change what stands
/// there already, or turn the order of letters around.
///
/// Escapes are JSON's (RFC 8259 §7), so that a line of JSON stays one that means the same.
package enum VisibleText {
    /// With line feeds as they are: for a whole output of several lines.
    package static func lines(_ text: String) -> String { escaped(text) { $0 != "\n" && isActive($0) } }

    /// Line feeds are escaped as well: for what stands within one line.
    package static func line(_ text: String) -> String { escaped(text, isActive) }

    /// Controls (C0, DEL, C1), line and paragraph separators, marks that change the direction of what follows (UAX #9
    /// §2), and what is not to be seen at all: byte order marks, tags, interlinear annotations.
    package static func isActive(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0: true
        case 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2060...0x206F: true
        case 0xFEFF, 0xFFF9...0xFFFB, 0xE0000...0xE007F: true
        default: false
        }
    }

    private static func escaped(_ text: String, _ isEscaped: (Unicode.Scalar) -> Bool) -> String {
        guard text.unicodeScalars.contains(where: isEscaped) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            if isEscaped(scalar) { result += escape(scalar) } else { result.unicodeScalars.append(scalar) }
        }
        return result
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\n": #"\n"#
        case "\r": #"\r"#
        case "\t": #"\t"#
        default:
            String(scalar).utf16.map { unit in
                let digits = String(unit, radix: 16)
                return #"\u"# + String(repeating: "0", count: 4 - digits.count) + digits
            }.joined()
        }
    }
}
