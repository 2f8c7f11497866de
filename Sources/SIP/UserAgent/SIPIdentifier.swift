/// Identifiers that nobody can guess (RFC 3261 §19.3, §8.1.1.4, §8.1.1.7), each with the node's number, so that
/// several processes behind one address can tell whose a message is.
enum SIPIdentifier {
    /// 128 bits.
    static func callID(node: UInt16, random: inout RandomSource) -> String { "n\(node)-\(random.hex(bytes: 16))" }

    /// 64 bits.
    static func tag(node: UInt16, random: inout RandomSource) -> String { "n\(node)-\(random.hex(bytes: 8))" }

    /// 96 bits behind the magic cookie.
    static func branch(node: UInt16, random: inout RandomSource) -> String {
        "\(Via.magicCookie)n\(node)-\(random.hex(bytes: 12))"
    }
}

extension SIPIdentifier {
    /// A To tag that follows from the request (FNV-1a), for responses without a transaction (RFC 3261 §8.2.7).
    static func statelessTag(node: UInt16, of parts: [String]) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for part in parts {
            for byte in part.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        }
        return "n\(node)-s" + String(hash, radix: 16)
    }
}
