/// Whether parts between full stops are an IPv4 address in any spelling that resolvers take (`inet_aton`): one to four
/// numbers, decimal, octal or hexadecimal, the last of which fills what the others leave.
enum IPv4Text {
    static func isAddress(_ parts: [ArraySlice<UInt8>]) -> Bool {
        guard (1...4).contains(parts.count) else { return false }
        for (index, part) in parts.enumerated() {
            guard let number = number(part) else { return false }
            let octets = index == parts.count - 1 ? 4 - index : 1
            guard number < 1 << (8 * UInt64(octets)) else { return false }
        }
        return true
    }

    private static func number(_ part: ArraySlice<UInt8>) -> UInt64? {
        let text = String(decoding: part, as: UTF8.self)
        if text.hasPrefix("0x") || text.hasPrefix("0X") {
            return text.count == 2 ? 0 : UInt64(text.dropFirst(2), radix: 16)
        }
        return text.hasPrefix("0") ? UInt64(text, radix: 8) : UInt64(text)
    }
}

/// Whether a text is an IPv6 address (RFC 4291 §2.2), without brackets and zone.
enum IPv6Text {
    static func isAddress(_ bytes: ArraySlice<UInt8>) -> Bool {
        let text = String(decoding: bytes, as: UTF8.self)
        let halves = text.split(separator: "::", omittingEmptySubsequences: false)
        switch halves.count {
        case 1: return groups(text, mayEndInIPv4: true) == 8
        // "::" stands for at least one group.
        case 2:
            guard let head = groups(String(halves[0]), mayEndInIPv4: false),
                let tail = groups(String(halves[1]), mayEndInIPv4: true)
            else { return false }
            return head + tail <= 7
        default: return false
        }
    }

    /// Groups of 16 bits that the text holds; nil where one is none.
    private static func groups(_ text: String, mayEndInIPv4: Bool) -> Int? {
        guard !text.isEmpty else { return 0 }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        var count = 0
        for (index, part) in parts.enumerated() {
            if index == parts.count - 1, mayEndInIPv4, part.contains(".") {
                let octets = part.split(separator: ".", omittingEmptySubsequences: false)
                guard octets.count == 4,
                    octets.allSatisfy({ octet in
                        octet.utf8.allSatisfy { (0x30...0x39).contains($0) } && UInt8(octet) != nil
                    })
                else { return nil }
                count += 2
            } else {
                guard (1...4).contains(part.utf8.count), part.utf8.allSatisfy(isHexadecimal) else { return nil }
                count += 1
            }
        }
        return count
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte | 0x20)
    }
}
