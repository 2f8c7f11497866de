import SIP

/// What somebody may write in front of an `@` so that a switch dials what no rule allows.
enum Spelling {
    /// RFC 3966 §3 visual-separator.
    static let separators = ["-", ".", "(", ")"]
    /// Whatever else a user part may hold (RFC 3261 §25.1 unreserved, user-unreserved), and letters that telephones have.
    private static let marks = separators + ["_", "!", "~", "*", "'", "&", "=", "+", "$", ",", "p", "w", "A", "b", "x"]
    /// What this server takes in no address, and what is no ASCII.
    private static let foreignMarks = [";", "?", "/", "#", "%20", "%2D", "\u{2010}", "\u{00A0}", " "]
    /// Premium, an emergency service, another country, a satellite, and a number of +1 that is none of the mainland's.
    private static let forbidden = [
        "19005551234", "9005551234", "911", "112", "442079460123", "252612345678", "88216123456", "12425550100",
        "449098790123", "4911833000", "13129761234",
    ]
    private static let prefixes = ["", "", "+", "+", "00", "011", "9", "0", "9011", "900", "*67", "*82", "1", "+00"]
    private static let endings = ["", "", "", "*", "p1", ",,2", "-"]
    private static let foreignEndings = [";ext=1", ";phone-context=+1", ";user=phone", ":secret", "#", "%23"]

    /// - Parameter isWithinGrammar: it is the user part of an address that this server takes; else it may be none.
    static func draw(_ random: inout RandomSource, isWithinGrammar: Bool = true) -> String {
        let dialled = pick(prefixes, &random) + pick(forbidden, &random)
        guard !isWithinGrammar else {
            return sprinkled(dialled, with: marks, &random) + pick(endings, &random)
        }
        let written =
            switch Int.random(in: 0..<3, using: &random) {
            case 0: fullWidth(dialled)
            case 1: escaped(dialled, &random)
            default: dialled
            }
        return sprinkled(written, with: marks + foreignMarks, &random) + pick(endings + foreignEndings, &random)
    }

    /// With up to four marks among the characters, in front of them and behind.
    static func sprinkled(_ text: String, with marks: [String], _ random: inout RandomSource) -> String {
        var characters = text.map(String.init)
        for _ in 0..<Int.random(in: 0...4, using: &random) {
            characters.insert(pick(marks, &random), at: Int.random(in: 0...characters.count, using: &random))
        }
        return characters.joined()
    }

    private static func pick(_ texts: [String], _ random: inout RandomSource) -> String {
        texts[Int.random(in: 0..<texts.count, using: &random)]
    }

    /// U+FF10 to U+FF19.
    private static func fullWidth(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { Unicode.Scalar($0.value + 0xFEE0) ?? $0 }))
    }

    private static func escaped(_ text: String, _ random: inout RandomSource) -> String {
        text.map { character in
            Bool.random(using: &random)
                ? "%" + String(character.asciiValue ?? 0, radix: 16, uppercase: true) : String(character)
        }.joined()
    }
}
