/// `sendDigits`: digits 0-9, *, # with pauses in braces (docs/contract/calls.md#senddigits,
/// docs/contract/calls.md#digits-in-time, docs/contract/calls.md#pauses).
///
/// Between two digits lies one standard pause of 500 ms, counted from onset to onset; `{n}` puts n standard
/// pauses in its place, several in a row add up, and a leading one is an initial wait. `1234#` so has 2.000 s
/// from its first to its last onset.
package struct DigitString: Hashable, Sendable {
    package static let standardPauseMilliseconds = 500
    /// One custom pause at most (docs/contract/calls.md#pauses).
    package static let maximumPauseMilliseconds = 3000
    /// No real menu takes more; 1024 digits would play for over eight minutes.
    package static let maximumLength = 1024
    /// A tone lasts this long or half the pause, whichever is less (docs/contract/calls.md#digits-in-time).
    package static let toneMilliseconds = 100

    /// One digit and when its tone begins, from the answer on.
    package struct Tone: Hashable, Sendable {
        package let digit: Character
        package let onsetMilliseconds: Int
        package let durationMilliseconds: Int

        package init(digit: Character, onsetMilliseconds: Int, durationMilliseconds: Int) {
            self.digit = digit
            self.onsetMilliseconds = onsetMilliseconds
            self.durationMilliseconds = durationMilliseconds
        }

        private enum CodingKeys: String, CodingKey { case digit, onsetMilliseconds, durationMilliseconds }

        package init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            let text = try container.decode(String.self, forKey: .digit)
            guard let digit = text.first, text.count == 1 else {
                throw DecodingError.dataCorruptedError(
                    forKey: .digit, in: container, debugDescription: "one digit expected, not \(text)")
            }
            self.digit = digit
            onsetMilliseconds = try container.decode(Int.self, forKey: .onsetMilliseconds)
            durationMilliseconds = try container.decode(Int.self, forKey: .durationMilliseconds)
        }

        package func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(String(digit), forKey: .digit)
            try container.encode(onsetMilliseconds, forKey: .onsetMilliseconds)
            try container.encode(durationMilliseconds, forKey: .durationMilliseconds)
        }
    }

    /// Why a text is no digit string, in words for the customer.
    package struct Malformed: Error, Hashable, Sendable {
        package let explanation: String
    }

    /// As it was given.
    package let text: String
    package let tones: [Tone]
    /// From the answer until the last tone and any pause after it are over.
    package let durationMilliseconds: Int

    /// - Parameter pauseMilliseconds: the standard pause; `SendDigits.pauseMs` changes it.
    package init(_ text: String, pauseMilliseconds: Int = DigitString.standardPauseMilliseconds) throws(Malformed) {
        guard !text.isEmpty else { throw Malformed(explanation: "is empty; at least one digit is needed") }
        guard text.utf8.count <= Self.maximumLength else {
            throw Malformed(explanation: "has \(text.utf8.count) characters; at most \(Self.maximumLength) are allowed")
        }
        let toneLength = min(Self.toneMilliseconds, pauseMilliseconds / 2)
        var tones: [Tone] = []
        var onset = 0
        var customPause: Int?
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "*"), UInt8(ascii: "#"):
                if let last = tones.last {
                    onset = last.onsetMilliseconds + (customPause ?? pauseMilliseconds)
                } else {
                    onset = customPause ?? 0
                }
                tones.append(
                    Tone(
                        digit: Character(UnicodeScalar(byte)), onsetMilliseconds: onset,
                        durationMilliseconds: toneLength))
                customPause = nil
            case UInt8(ascii: "{"):
                guard let end = rest.firstIndex(of: UInt8(ascii: "}")) else {
                    throw Malformed(explanation: "has a { without its }")
                }
                let content = String(decoding: rest[..<end], as: UTF8.self)
                rest = rest[(end + 1)...]
                guard content.utf8.allSatisfy({ (48...57).contains($0) }), let count = Int(content), count > 0 else {
                    throw Malformed(explanation: "has a pause {\(content)}; a positive whole number is needed")
                }
                let (pause, overflow) = count.multipliedReportingOverflow(by: pauseMilliseconds)
                guard !overflow, pause <= Self.maximumPauseMilliseconds else {
                    throw Malformed(
                        explanation: "has a pause {\(content)} of more than \(Self.maximumPauseMilliseconds) ms")
                }
                customPause = (customPause ?? 0) + pause
            default:
                throw Malformed(
                    explanation: "may hold the digits 0-9, *, # and pauses such as {2}, and nothing else")
            }
        }
        guard let last = tones.last else { throw Malformed(explanation: "holds no digit") }
        self.text = text
        self.tones = tones
        self.durationMilliseconds = last.onsetMilliseconds + toneLength + (customPause ?? 0)
    }
}
