import Telephony

/// A regular expression for telephone numbers, as a client gives one (docs/contract/rest.md#offered-numbers).
///
/// Of PCRE only what numbers need: literal digits and `+`, `.`, `\d`, classes, anchors, `|`, groups that are not
/// repeated, and a few repetitions. So no pattern can keep the server busy.
struct NumberPattern {
    static let form =
        "a regular expression of at most 64 characters made of digits, + . \\d [] () | ^ $ and at most 4 of "
        + "* + ? {n,m}, none of them after a group"

    private static let maximumLength = 64
    private static let maximumRepetitions = 4

    /// As the client gave it.
    let text: String
    private let expression: Regex<AnyRegexOutput>

    init?(_ text: String) {
        guard !text.isEmpty, text.utf8.count <= Self.maximumLength, Self.isPlain(Array(text.utf8)),
            // A leading + repeats nothing: whoever begins so means the number's own.
            let expression = try? Regex(text.hasPrefix("+") ? "\\" + text : text)
        else { return nil }
        self.text = text
        self.expression = expression
    }

    func matches(_ number: PhoneNumber) -> Bool { (try? expression.firstMatch(in: number.text)) != nil }

    private static func isPlain(_ bytes: [UInt8]) -> Bool {
        var repetitions = 0
        for (index, byte) in bytes.enumerated() {
            let former = index > 0 ? bytes[index - 1] : 0
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "["), UInt8(ascii: "]"),
                UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "|"), UInt8(ascii: "^"), UInt8(ascii: "$"),
                UInt8(ascii: "-"), UInt8(ascii: ","), UInt8(ascii: "}"):
                continue
            case UInt8(ascii: "\\"):
                guard let next = bytes.dropFirst(index + 1).first,
                    [UInt8(ascii: "d"), UInt8(ascii: "+")].contains(next)
                else { return false }
            case UInt8(ascii: "d"):
                guard former == UInt8(ascii: "\\") else { return false }
            case UInt8(ascii: "+") where former == UInt8(ascii: "\\") || index == 0: continue
            case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"), UInt8(ascii: "{"):
                repetitions += 1
                guard former != UInt8(ascii: ")"), repetitions <= maximumRepetitions else { return false }
            default: return false
            }
        }
        return true
    }
}
