/// Whom to call by a SIP URI (docs/contract/calls.md#sip-addresses): `sip:user@host` or `sip:user@host:port`, of
/// RFC 3261 §19.1 the part that names somebody. Parameters, headers, passwords and escapes are not taken: they would
/// say more than whom to call.
package struct SIPAddress: Hashable, Sendable, CustomStringConvertible {
    package static let maximumLength = 255
    package static let form = "sip:user@host or sip:user@host:port, without parameters"

    package let user: String
    /// A name in lower case, or an IPv4 address.
    package let host: String
    package let port: UInt16?

    package init?(_ text: String) {
        guard text.utf8.count <= Self.maximumLength, text.utf8.count > 4, text.prefix(4).lowercased() == "sip:" else {
            return nil
        }
        let parts = text.dropFirst(4).split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, parts[0].utf8.allSatisfy(Self.isOfUser) else { return nil }
        let place = parts[1].split(separator: ":", omittingEmptySubsequences: false)
        guard (1...2).contains(place.count), Self.isHost(place[0]) else { return nil }
        user = String(parts[0])
        host = place[0].lowercased()
        if place.count == 2 {
            guard place[1].utf8.allSatisfy(Self.isDigit), let port = UInt16(place[1]), port > 0 else { return nil }
            self.port = port
        } else {
            port = nil
        }
    }

    package var text: String { "sip:\(user)@\(host)\(port.map { ":\($0)" } ?? "")" }

    package var description: String { text }

    /// What a switch makes of the user part.
    package var reading: DialledUser { DialledUser(user) }

    /// The user part with its letters left out: up to each of them, and as a whole. Empty where there is no digit.
    package var readingsWithoutLetters: Set<String> { DialledUser.beginnings(of: user) }

    /// The user part with the keypad's digits for its letters; nil unless it has both letters and digits.
    package var keypadReading: String? { DialledUser.keypad(user) }

    /// The user part begins with a digit, whatever marks stand in front.
    package var beginsWithDigit: Bool {
        user.utf8.first { Self.isLetter($0) || Self.isDigit($0) }.map(Self.isDigit) ?? false
    }

    /// The telephone number that the user part is.
    package var number: PhoneNumber? {
        if case .number(let number) = reading { number } else { nil }
    }

    /// Whom the Request-URI names: the number that was judged, and not another spelling of it.
    package var dialledUser: String { number?.text ?? user }

    /// A name or an IPv4 address, as it may stand in a SIP URI.
    package static func isHost(_ text: some StringProtocol) -> Bool {
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        return text.utf8.count <= 253
            && labels.allSatisfy { label in
                (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                    && label.utf8.allSatisfy { isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "-") }
            }
    }

    private static func isOfUser(_ byte: UInt8) -> Bool {
        isLetter(byte) || isDigit(byte) || "-_.!~*'()&=+$,".utf8.contains(byte)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
}

/// Whom a call goes to.
package enum CallDestination: Hashable, Sendable, CustomStringConvertible {
    case number(PhoneNumber)
    case address(SIPAddress)

    package init?(_ text: String) {
        if let number = PhoneNumber(text) {
            self = .number(number)
        } else if let address = SIPAddress(text) {
            self = .address(address)
        } else {
            return nil
        }
    }

    package var text: String {
        switch self {
        case .number(let number): number.text
        case .address(let address): address.text
        }
    }

    package var description: String { text }

    /// The telephone number that is called, also where an address names it.
    package var number: PhoneNumber? {
        switch self {
        case .number(let number): number
        case .address(let address): address.number
        }
    }
}
