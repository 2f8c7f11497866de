/// A telephone number in E.164 form: `+`, a first digit that is not 0, 7 to 15 digits in all
/// (docs/contract/rest.md#phone-numbers).
package struct PhoneNumber: Hashable, Sendable, CustomStringConvertible {
    /// ITU-T E.164 §6.1: at most 15 digits. Fewer than 7 reach no subscriber from abroad.
    package static let digitCount = 7...15

    /// With the leading `+`.
    package let text: String

    package init?(_ text: String) {
        let bytes = text.utf8
        guard bytes.first == UInt8(ascii: "+") else { return nil }
        let digits = bytes.dropFirst()
        guard Self.digitCount.contains(digits.count), digits.first != UInt8(ascii: "0"),
            digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        self.text = text
    }

    package var description: String { text }
}

extension PhoneNumber: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let number = Self(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(text) is no E.164 number")
        }
        self = number
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}
