/// Cuts a text into what is spoken piece by piece, so that the first is heard while the next is being made.
///
/// A cut lies only where a speaker pauses: at the end of a sentence, or, within a long one, behind a comma and its kind.
/// The synthesizer pauses there by itself and speaks each side as it would in one, so that nobody hears the seam.
/// Abbreviations, ordinals and numbers are not torn apart: where a full stop may not end a sentence it does not, at the
/// price of a longer piece.
struct SpeechPieces {
    /// In characters. The first piece is heard soonest, about five seconds of speech; those that follow are longer, as
    /// there is time to make them, and each costs a program's start.
    private static let firstLength = 80
    private static let longestLength = 320
    /// A shorter one would be over before the next is made.
    private static let shortestLength = 20
    /// Without any pause in so much text it is cut between words; without words, such as in digits in a row, anywhere:
    /// no piece keeps a program for long.
    private static let longestWithoutPause = 640

    private enum Cut {
        case sentence, clause
    }

    private let characters: [Character]

    /// The text's pieces in order, without the blanks around them; none where there is nothing but blanks.
    static func of(_ text: String) -> [String] { SpeechPieces(characters: Array(text)).pieces() }

    private func pieces() -> [String] {
        let cuts = cuts()
        var pieces: [String] = []
        var start = 0
        var length = Self.firstLength
        while start < characters.count {
            let end = end(from: start, length: length, cuts)
            let piece = trimmed(start..<end)
            if !piece.isEmpty {
                pieces.append(piece)
                length = min(length * 2, Self.longestLength)
            }
            start = end
        }
        return pieces
    }

    /// Where the piece that begins at `start` ends.
    private func end(from start: Int, length: Int, _ cuts: [(end: Int, kind: Cut)]) -> Int {
        guard characters.count - start > length + length / 2 else { return characters.count }
        let ahead = cuts.filter { $0.end > start && $0.end < characters.count }
        let near = ahead.filter { $0.end - start <= length }
        let long = near.filter { $0.end - start >= Self.shortestLength }
        if let cut = long.last(where: { $0.kind == .sentence }) ?? long.last ?? near.last { return cut.end }
        // No pause so soon: the next one.
        let limit = start + Self.longestWithoutPause
        if let cut = ahead.first, cut.end <= limit { return cut.end }
        guard characters.count > limit,
            let blank = characters[(start + 1)..<limit].lastIndex(where: \.isWhitespace)
        else { return characters.count > limit ? start + length : characters.count }
        return blank
    }

    // MARK: Where a speaker pauses

    private func cuts() -> [(end: Int, kind: Cut)] {
        var cuts: [(Int, Cut)] = []
        for index in characters.indices {
            if let cut = cut(at: index) { cuts.append(cut) }
        }
        return cuts
    }

    private func cut(at index: Int) -> (Int, Cut)? {
        switch characters[index] {
        // Scripts without blanks between sentences.
        case "。", "！", "？", "｡": return (behindClosers(index), .sentence)
        case "，", "；", "：", "、": return (index + 1, .clause)
        case "!", "?", "…", "؟", "।", "۔": return sentence(at: index)
        case ".": return endsAbbreviationOrNumber(index) ? nil : sentence(at: index)
        case ",", ";", ":", "،", "؛":
            return index + 1 < characters.count && characters[index + 1].isWhitespace ? (index + 1, .clause) : nil
        case "\n", "\r\n":
            // A blank line is the end of a paragraph.
            return index > 0 && characters[index - 1].isNewline ? (index + 1, .sentence) : nil
        default: return nil
        }
    }

    /// The end of a sentence has a blank behind it, and then anything but a small letter.
    private func sentence(at index: Int) -> (Int, Cut)? {
        let end = behindClosers(index)
        guard end < characters.count, characters[end].isWhitespace,
            let next = characters[end...].first(where: { !$0.isWhitespace }),
            next.isLetter ? !next.isLowercase : !next.isPunctuation || Self.openers.contains(next)
        else { return nil }
        return (end, .sentence)
    }

    /// Quotation marks and brackets that end with the sentence, and further marks of its end.
    private func behindClosers(_ index: Int) -> Int {
        var end = index + 1
        while end < characters.count, Self.closers.contains(characters[end]) { end += 1 }
        return end
    }

    private func endsAbbreviationOrNumber(_ stop: Int) -> Bool {
        let start = characters[..<stop].lastIndex { $0.isWhitespace || Self.openers.contains($0) }.map { $0 + 1 } ?? 0
        let word = characters[start..<stop]
        guard let first = word.first else { return true }
        return word.count == 1 && first.isLetter || word.contains(".") || word.allSatisfy(\.isNumber)
            || word.allSatisfy { "IVXLCDM".contains($0) } || Self.abbreviations.contains(String(word).lowercased())
    }

    private static let openers: Set<Character> = [
        "\"", "'", "“", "„", "‚", "‘", "«", "»", "‹", "(", "[", "¿", "¡", "「", "『",
    ]
    private static let closers: Set<Character> = [
        "\"", "'", "”", "“", "’", "‘", "»", "«", "›", ")", "]", "!", "?", ".", "」", "』", "！", "？",
    ]
    /// Those of the languages of Say that stand before a capital letter or a number.
    private static let abbreviations: Set<String> = [
        "adr", "abs", "al", "approx", "aprox", "apt", "art", "ave", "bd", "bl", "blvd", "bros", "bzw", "ca", "cap",
        "capt", "cf", "circa", "co", "col",
        "corp", "dept", "dir", "doc", "dott", "dr", "dra", "env", "est", "etc", "evtl", "ext", "fig", "fr", "ft", "gen",
        "gov",
        "hr", "hon", "inc", "ing", "inkl", "int", "jr", "kl", "lic", "lt", "ltd", "max", "me", "mgr", "min", "mio",
        "mlle",
        "mme", "mr", "mrd", "mrs", "ms", "mt", "nr", "nro", "num", "núm", "no", "op", "pag", "pág", "pp", "pr", "prof",
        "rev", "sen", "sgt", "sig", "sr", "sra", "srta", "st", "ste", "str", "tel", "tfno", "tlf", "ul", "vgl", "vol",
        "vs",
        "zzgl", "г", "гр", "д", "др", "им", "кв", "напр", "стр", "тел", "ул",
    ]

    private func trimmed(_ range: Range<Int>) -> String {
        var piece = characters[range]
        while piece.first?.isWhitespace == true { piece.removeFirst() }
        while piece.last?.isWhitespace == true { piece.removeLast() }
        return String(piece)
    }
}
