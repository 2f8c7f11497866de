import Telephony

/// What a terminal may be given: our own words and colours. Whatever is put into them, a peer's words above all, is
/// shown with its controls as escapes, so that one line of a peer stays a part of one line of ours.
struct TerminalText: ExpressibleByStringInterpolation {
    private(set) var text: String

    init(stringLiteral text: String) { self.text = text }

    init(stringInterpolation: StringInterpolation) { text = stringInterpolation.text }

    private init(text: String) { self.text = text }

    /// A text of several lines that stay lines.
    init(lines: String) { text = VisibleText.lines(lines) }

    static func + (left: TerminalText, right: TerminalText) -> TerminalText {
        TerminalText(text: left.text + right.text)
    }

    func painted(_ colour: Terminal.Colour) -> TerminalText {
        TerminalText(text: "\u{1B}[\(colour.rawValue)m\(text)\u{1B}[0m")
    }

    struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var text = ""

        init(literalCapacity: Int, interpolationCount: Int) { text.reserveCapacity(literalCapacity) }

        mutating func appendLiteral(_ literal: String) { text += literal }

        mutating func appendInterpolation(_ value: some Any) { text += VisibleText.line("\(value)") }

        mutating func appendInterpolation(_ value: TerminalText) { text += value.text }

        mutating func appendInterpolation(lines value: some Any) { text += VisibleText.lines("\(value)") }
    }
}

extension [TerminalText] {
    func joined(separator: String) -> TerminalText {
        TerminalText(stringLiteral: map(\.text).joined(separator: separator))
    }
}
