/// How a trunk writes numbers, besides E.164: what turns `0301234567` and `00493012345` into numbers of the world.
package struct NumberForms: Hashable, Sendable {
    /// Digits of the country where the trunk is; nil: national numbers cannot be told.
    package let callingCode: String?
    /// What stands before a number of another country.
    package let internationalPrefixes: [String]
    /// What stands before a national number; empty: nothing.
    package let nationalPrefix: String

    /// - Parameters:
    ///   - internationalPrefixes: nil: what the country uses; without a country both 00 and 011, which begin no number in
    ///     E.164, for no calling code begins with 0.
    ///   - nationalPrefix: nil: what most countries use, 0, and 1 in North America. Where it belongs to the number (as in
    ///     Italy), the numbering plan tells.
    package init(callingCode: String? = nil, internationalPrefixes: [String]? = nil, nationalPrefix: String? = nil) {
        self.callingCode = callingCode
        let isNorthAmerica = callingCode == "1"
        self.internationalPrefixes =
            internationalPrefixes ?? (callingCode == nil ? ["011", "00"] : [isNorthAmerica ? "011" : "00"])
        self.nationalPrefix = nationalPrefix ?? (isNorthAmerica ? "1" : "0")
    }

    /// The number that is meant; nil where the text is none.
    ///
    /// - Parameters:
    ///   - text: a `+` and digits, or digits alone; visual separators may stand among them (RFC 3966 §5.1.1).
    ///   - context: of a local number the `phone-context` (RFC 3966 §5.1.5), a `+` and digits; else nil.
    package func number(_ text: some StringProtocol, context: String? = nil) -> PhoneNumber? {
        guard let written = Self.withoutSeparators(text) else { return nil }
        if written.hasPrefix("+") { return PhoneNumber(written) }
        if let context, let code = Self.withoutSeparators(context), code.hasPrefix("+") {
            return likeliest(readings(of: written, within: String(code.dropFirst())))
        }
        for prefix in internationalPrefixes where !prefix.isEmpty && written.hasPrefix(prefix) {
            if let number = PhoneNumber("+" + written.dropFirst(prefix.count)) { return number }
        }
        return likeliest(nationalReadings(of: written) + ["+" + written])
    }

    /// What digits without an international prefix may mean in this country, the likeliest first.
    private func nationalReadings(of digits: String) -> [String] {
        guard let callingCode else { return [] }
        var readings: [String] = []
        if !nationalPrefix.isEmpty, digits.hasPrefix(nationalPrefix) {
            readings.append("+" + callingCode + digits.dropFirst(nationalPrefix.count))
        }
        // Without the `+`, and else complete.
        if digits.hasPrefix(callingCode) { readings.append("+" + digits) }
        readings.append("+" + callingCode + digits)
        return readings
    }

    /// What a local number may be within a context: a context may name more than what is left out (`863-1234` within
    /// `+1-914-555`, RFC 3966 §5.1.5), so that ever shorter beginnings of it are thought of.
    private func readings(of digits: String, within context: String) -> [String] {
        (1...context.count).reversed().flatMap { length in
            let code = String(context.prefix(length))
            return NumberForms(callingCode: code, nationalPrefix: code == callingCode ? nationalPrefix : nil)
                .nationalReadings(of: digits)
        }
    }

    /// The first that some country has; where none has, the first that could be a number at all.
    private func likeliest(_ readings: [String]) -> PhoneNumber? {
        let numbers = readings.compactMap { PhoneNumber($0) }
        return numbers.first { NumberingPlan.destination(of: $0) != nil } ?? numbers.first
    }

    /// The longest prefix that somebody might write, and the longest number behind it.
    private static let longestNumber = 32

    /// Nil where something else than a number stands there.
    private static func withoutSeparators(_ text: some StringProtocol) -> String? {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): bytes.append(byte)
            case UInt8(ascii: "+"):
                guard bytes.isEmpty else { return nil }
                bytes.append(byte)
            case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: " "): break
            default: return nil
            }
        }
        return bytes.isEmpty || bytes == [UInt8(ascii: "+")] || bytes.count > longestNumber
            ? nil : String(decoding: bytes, as: UTF8.self)
    }
}
