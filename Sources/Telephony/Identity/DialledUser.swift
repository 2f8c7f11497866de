/// What a switch may make of the user part of a SIP address. The rules of dialling are told of nothing else.
///
/// RFC 3261 §19.1.6 has a number in a user part only beside `user=phone`, but switches dial whatever looks like one: they
/// leave out what RFC 3966 §5.1.1 calls visual separators, other marks that a user part may hold (RFC 3261 §25.1), and
/// often everything that is no digit. So all of these are left out first, wherever they stand. A name with digits has
/// two readings more: its digits alone, and its letters as the keypad has them.
package enum DialledUser: Hashable, Sendable {
    /// Somebody's name.
    case name
    /// A number in E.164 form, with visual separators or without.
    case number(PhoneNumber)
    /// What is dialled is none in E.164 form: digits and `*`, and a `+` where one stands in front of them. Empty where
    /// there are marks alone.
    ///
    /// `others`: what it is to a switch that takes `*` for a mark, or that stops at one of the commas and letters
    /// (`911,,1` is then 911 and a key after the answer).
    case digits(String, others: Set<String>)

    /// A name that holds as many digits as a whole number is one to a switch that looks at digits only.
    package static let mostDigitsInName = PhoneNumber.digitCount.lowerBound - 1

    /// - Parameter user: as a ``SIPAddress`` holds it, without escapes, parameters and password.
    init(_ user: String) {
        let bytes = user.utf8.filter { !Self.isMark($0) || Self.isDialled($0) }
        let digits = bytes.filter(Self.isDigit)
        guard Self.isDialled(bytes, digitCount: digits.count) else {
            self = .name
            return
        }
        let plain = String(decoding: user.utf8.filter { !Self.isSeparator($0) }, as: UTF8.self)
        if let number = PhoneNumber(plain) {
            self = .number(number)
            return
        }
        let dialled = String(decoding: bytes.filter { Self.isDialled($0) && $0 != Self.plus }, as: UTF8.self)
        self = .digits(
            bytes.first == Self.plus && !digits.isEmpty ? "+" + dialled : dialled,
            others: Self.beginnings(of: user).subtracting([dialled]))
    }

    /// What is dialled where letters stand for the digits of their keys (ITU-T E.161 §3.1.1: 1-900-FLOWERS). Nil where
    /// there are no letters, and where there are no digits: a name of letters alone is dialled by nobody.
    static func keypad(_ user: String) -> String? {
        guard user.utf8.contains(where: isLetter), user.utf8.contains(where: isDigit) else { return nil }
        let digits = user.utf8.compactMap { byte in isDigit(byte) ? byte : isLetter(byte) ? key(of: byte) : nil }
        return String(decoding: digits, as: UTF8.self)
    }

    /// ITU-T E.161 §3.1.1: abc, def, ghi, jkl, mno, pqrs, tuv, wxyz on 2 to 9.
    private static func key(of letter: UInt8) -> UInt8 {
        let keys = Array("22233344455566677778889999".utf8)
        return keys[Int((letter | 0x20) - UInt8(ascii: "a"))]
    }

    /// The digits in front of each comma and letter, and all of them.
    static func beginnings(of user: String) -> Set<String> {
        var beginnings: Set<String> = []
        var digits = ""
        for byte in user.utf8 {
            if isDigit(byte) {
                digits.unicodeScalars.append(Unicode.Scalar(byte))
            } else if byte == UInt8(ascii: ",") || isLetter(byte) {
                beginnings.insert(digits)
            }
        }
        return beginnings.union([digits]).subtracting([""])
    }

    /// - Parameter bytes: without marks.
    private static func isDialled(_ bytes: [UInt8], digitCount: Int) -> Bool {
        guard let first = bytes.first(where: { $0 != plus }) else { return true }
        if digitCount > mostDigitsInName { return true }
        // Whoever reads a number from the left stops at the letter.
        if isDialled(first) { return true }
        return digitCount > 0 && bytes.allSatisfy { isDialled($0) || isDialledLetter($0) }
    }

    private static let plus = UInt8(ascii: "+")

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isDialled(_ byte: UInt8) -> Bool {
        isDigit(byte) || byte == plus || byte == UInt8(ascii: "*")
    }

    /// RFC 3966 §3 visual-separator.
    private static func isSeparator(_ byte: UInt8) -> Bool { "-.()".utf8.contains(byte) }

    /// Whatever is neither a letter nor a digit.
    private static func isMark(_ byte: UInt8) -> Bool { !isDigit(byte) && !isLetter(byte) }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    /// The keys A to D, pauses (p, w), an extension's x.
    private static func isDialledLetter(_ byte: UInt8) -> Bool { "abcdpwx".utf8.contains(byte | 0x20) }
}
