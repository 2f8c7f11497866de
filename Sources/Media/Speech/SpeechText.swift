/// What a program that speaks is given of somebody's text: words and marks, and nothing that it would take for a command.
///
/// espeak-ng reads `[[…]]` as names of phonemes, whatever its options, with a parser that does not survive all of them;
/// U+0001 begins commands that change its voice or play a file; and it leaves some characters out before it looks for
/// either, so that what stands between two brackets does not keep them apart.
enum SpeechText {
    /// The text as it is said: brackets are round ones, which sound the same; what is no text is not there.
    static func neutral(_ text: String) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "[", "\u{FF3B}", "\u{FE47}", "\u{301A}", "\u{27E6}", "\u{2045}": scalars.append("(")
            case "]", "\u{FF3D}", "\u{FE48}", "\u{301B}", "\u{27E7}", "\u{2046}": scalars.append(")")
            // Ways to write words in scripts that join their letters, and emoji of several.
            case "\n", "\r", "\t", "\u{200C}", "\u{200D}": scalars.append(scalar)
            default:
                switch scalar.properties.generalCategory {
                case .control, .privateUse, .surrogate, .unassigned: scalars.append(" ")
                case .lineSeparator, .paragraphSeparator: scalars.append("\n")
                // Marks without a sound, such as the soft hyphen and those of writing direction.
                case .format: break
                case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
                    .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .letterNumber, .otherNumber,
                    .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation,
                    .finalPunctuation, .otherPunctuation, .mathSymbol, .currencySymbol, .modifierSymbol, .otherSymbol,
                    .spaceSeparator:
                    scalars.append(scalar)
                @unknown default: scalars.append(" ")
                }
            }
        }
        return String(scalars)
    }

    /// No word of a language of Say is longer; espeak-ng has room for 160 bytes of one.
    private static let longestWord = 40

    /// What is left of a text for a program that ended on the whole of it: letters, digits, and the marks at which it
    /// pauses, in words of a bearable length.
    static func plain(_ text: String) -> String {
        var scalars = String.UnicodeScalarView()
        var word = 0
        for scalar in text.unicodeScalars {
            let isKept =
                switch scalar.properties.generalCategory {
                case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
                    .decimalNumber, .nonspacingMark, .spacingMark:
                    true
                default: ".,?!'".unicodeScalars.contains(scalar)
                }
            if !isKept || word == longestWord { scalars.append(" ") }
            word = isKept ? word % longestWord + 1 : 0
            if isKept { scalars.append(scalar) }
        }
        return String(scalars)
    }
}
