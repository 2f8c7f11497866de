/// An IPv4 or IPv6 address as a value; text and bytes are views of it.
public enum IPAddress: Hashable, Sendable {
    case v4(UInt32)
    case v6(high: UInt64, low: UInt64)

    /// 127.0.0.1
    public static let loopback = IPAddress.v4(0x7f00_0001)

    /// Four bytes make an IPv4 address, sixteen an IPv6 one, in network order; nil for any other number.
    public init?(bytes: some Collection<UInt8>) {
        switch bytes.count {
        case 4: self = .v4(bytes.reduce(0) { $0 << 8 | UInt32($1) })
        case 16:
            self = .v6(
                high: bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) },
                low: bytes.dropFirst(8).reduce(0) { $0 << 8 | UInt64($1) })
        default: return nil
        }
    }

    /// The address in network order: 4 or 16 bytes.
    public var bytes: [UInt8] {
        switch self {
        case .v4(let value): (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) }
        case .v6(let high, let low): high.bigEndianBytes + low.bigEndianBytes
        }
    }

    /// Of one host: neither unspecified, multicast nor broadcast.
    public var isUnicast: Bool {
        switch self {
        case .v4(let value): value != 0 && value >> 28 != 0xE && value != .max
        case .v6(let high, let low): (high, low) != (0, 0) && high >> 56 != 0xFF
        }
    }

    /// Reads `192.0.2.1`, `2001:db8::1` or `[2001:db8::1]`; nil for anything else (host names too).
    public init?(_ text: some StringProtocol) {
        var bytes = Array(text.utf8)
        if bytes.first == UInt8(ascii: "["), bytes.last == UInt8(ascii: "]") {
            bytes = Array(bytes.dropFirst().dropLast())
        }
        if bytes.contains(UInt8(ascii: ":")) {
            guard let groups = Self.groups(of: bytes[...]) else { return nil }
            self.init(bytes: groups.flatMap { [UInt8($0 >> 8), UInt8(truncatingIfNeeded: $0)] })
        } else {
            guard let value = Self.dottedQuad(bytes[...]) else { return nil }
            self = .v4(value)
        }
    }

    private static func dottedQuad(_ bytes: ArraySlice<UInt8>) -> UInt32? {
        let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var value: UInt32 = 0
        for part in parts {
            guard (1...3).contains(part.count), part.allSatisfy(\.isDigit),
                let octet = UInt8(String(decoding: part, as: UTF8.self))
            else { return nil }
            value = value << 8 | UInt32(octet)
        }
        return value
    }

    /// The eight groups of an IPv6 address (RFC 4291 §2.2), `::` filled in and a dotted end taken apart.
    private static func groups(of bytes: ArraySlice<UInt8>) -> [UInt16]? {
        guard bytes.count <= 45 else { return nil }
        var head: [UInt16] = []
        var tail: [UInt16] = []
        var isCompressed = false
        let parts = bytes.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard parts.count >= 3 else { return nil }
        var index = 0
        while index < parts.count {
            let part = parts[index]
            let isLast = index == parts.count - 1
            if part.isEmpty {
                // `::` leaves one empty part inside, two at either end.
                let isLeading = index == 0
                if isLeading || (index == parts.count - 2 && parts[index + 1].isEmpty) {
                    guard index + 1 < parts.count, parts[index + 1].isEmpty else { return nil }
                    index += 1
                    if isLeading, index + 1 < parts.count, parts[index + 1].isEmpty {
                        guard index + 2 == parts.count else { return nil }
                        index += 1
                    }
                } else if isLast {
                    return nil
                }
                guard !isCompressed else { return nil }
                isCompressed = true
            } else if isLast, part.contains(UInt8(ascii: ".")) {
                guard let quad = dottedQuad(part) else { return nil }
                let groups = [UInt16(quad >> 16), UInt16(truncatingIfNeeded: quad)]
                if isCompressed { tail += groups } else { head += groups }
            } else {
                guard part.count <= 4, let group = UInt16(hex: part) else { return nil }
                if isCompressed { tail.append(group) } else { head.append(group) }
            }
            index += 1
        }
        let missing = 8 - head.count - tail.count
        guard isCompressed ? missing >= 1 : missing == 0 else { return nil }
        return head + Array(repeating: 0, count: missing) + tail
    }
}

extension IPAddress: CustomStringConvertible {
    /// Dotted, or the form of RFC 5952 without brackets.
    public var description: String {
        if case .v4(let bits) = self {
            return "\(bits >> 24).\(bits >> 16 & 255).\(bits >> 8 & 255).\(bits & 255)"
        }
        let bytes = self.bytes
        let groups = (0..<8).map { UInt16(bytes[2 * $0]) << 8 | UInt16(bytes[2 * $0 + 1]) }
        // The longest run of two or more zero groups is written `::`, the first of equals (RFC 5952 §4.2).
        var best = 0..<0
        var start = 0
        while start < 8 {
            var end = start
            while end < 8, groups[end] == 0 { end += 1 }
            if end - start > max(1, best.count) { best = start..<end }
            start = max(end, start + 1)
        }
        let text = { (groups: ArraySlice<UInt16>) in groups.map { String($0, radix: 16) }.joined(separator: ":") }
        guard !best.isEmpty else { return text(groups[...]) }
        return text(groups[..<best.lowerBound]) + "::" + text(groups[best.upperBound...])
    }

    /// As a URI and a Via write it: IPv6 in brackets.
    public var hostText: String {
        if case .v6 = self { "[\(description)]" } else { description }
    }
}

extension UInt16 {
    fileprivate init?(hex digits: some Collection<UInt8>) {
        guard !digits.isEmpty else { return nil }
        var value: UInt16 = 0
        for digit in digits {
            guard let nibble = digit.hexValue else { return nil }
            value = value << 4 | UInt16(nibble)
        }
        self = value
    }
}
