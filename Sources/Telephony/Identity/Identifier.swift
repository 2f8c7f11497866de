/// What a kind of resource is called in its identifiers (docs/contract/rest.md#identifiers).
package protocol ResourceKind: Sendable {
    /// Two upper-case letters.
    static var prefix: String { get }
}

/// An identifier of one kind of resource: two upper-case letters and 40 hexadecimal digits
/// (docs/contract/rest.md#identifiers).
///
/// Identifiers of different kinds are different types; drawn ones have lower-case digits, and digits of
/// either case are accepted.
package struct Identifier<Kind: ResourceKind>: Hashable, Sendable, Comparable, CustomStringConvertible {
    package static var digitCount: Int { 40 }

    package let text: String

    /// Takes an identifier as it came from a client; nil for anything but prefix and 40 hexadecimal digits.
    package init?(_ text: String) {
        guard Hexadecimal.follows(Kind.prefix, in: text, digits: Self.digitCount) else { return nil }
        self.text = text
    }

    package init?(_ text: Substring) { self.init(String(text)) }

    /// Draws a fresh identifier: 160 random bits.
    package init(random: inout some RandomNumberGenerator) {
        self.text = Kind.prefix + Hexadecimal.draw(digits: Self.digitCount, from: &random)
    }

    package var description: String { text }

    package static func < (left: Self, right: Self) -> Bool { left.text < right.text }
}

extension Identifier: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let identifier = Self(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "\(text) is no identifier of the form \(Kind.prefix) + 40 hex digits")
        }
        self = identifier
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

package enum AccountKind: ResourceKind { package static var prefix: String { "AC" } }
package enum ApplicationKind: ResourceKind { package static var prefix: String { "AP" } }
package enum CallKind: ResourceKind { package static var prefix: String { "CA" } }
package enum PhoneNumberKind: ResourceKind { package static var prefix: String { "PN" } }
package enum RequestKind: ResourceKind { package static var prefix: String { "RQ" } }
/// Ours: identifies one webhook over all its attempts (docs/contract/webhooks.md#identity). Sent as `Belay-Event-Id`.
package enum EventKind: ResourceKind { package static var prefix: String { "EV" } }
package enum ConferenceKind: ResourceKind { package static var prefix: String { "CF" } }
package enum RecordingKind: ResourceKind { package static var prefix: String { "RE" } }
package enum QueueKind: ResourceKind { package static var prefix: String { "QU" } }

package typealias AccountID = Identifier<AccountKind>
package typealias ApplicationID = Identifier<ApplicationKind>
package typealias CallID = Identifier<CallKind>
package typealias PhoneNumberID = Identifier<PhoneNumberKind>
package typealias RequestID = Identifier<RequestKind>
package typealias EventID = Identifier<EventKind>
package typealias ConferenceID = Identifier<ConferenceKind>
package typealias RecordingID = Identifier<RecordingKind>
package typealias QueueID = Identifier<QueueKind>

package enum Hexadecimal {
    private static let alphabet = Array("0123456789abcdef".utf8)

    /// Whether the text is the prefix and then so many digits of either case, and nothing else. Not generic, so that
    /// the identifiers of all kinds share what the compiler makes of it.
    static func follows(_ prefix: String, in text: String, digits: Int) -> Bool {
        guard text.utf8.count == prefix.utf8.count + digits else { return false }
        var expected = prefix.utf8.makeIterator()
        for byte in text.utf8 {
            if let letter = expected.next() {
                guard byte == letter else { return false }
                continue
            }
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
                UInt8(ascii: "A")...UInt8(ascii: "F"):
                continue
            default: return false
            }
        }
        return true
    }

    /// `digits` random lower-case hexadecimal digits.
    package static func draw(digits: Int, from random: inout some RandomNumberGenerator) -> String {
        // Safe: each of the `digits` places that are told to be there has been written.
        unsafe String(unsafeUninitializedCapacity: digits) { buffer in
            var word: UInt64 = 0
            for index in 0..<digits {
                if index % 16 == 0 { word = random.next() }
                unsafe buffer[index] = alphabet[Int(word & 0xF)]
                word >>= 4
            }
            return digits
        }
    }
}
