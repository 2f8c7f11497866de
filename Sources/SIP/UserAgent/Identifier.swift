/// Identifiers that nobody can guess (RFC 3261 §19.3, §8.1.1.4, §8.1.1.7), each with the node's number, so that
/// several processes behind one address can tell whose a message is.
enum Identifier {
    /// 128 bits.
    static func callID(node: UInt16, random: inout RandomSource) -> String { "n\(node)-\(random.hex(bytes: 16))" }

    /// 64 bits.
    static func tag(node: UInt16, random: inout RandomSource) -> String { "n\(node)-\(random.hex(bytes: 8))" }

    /// 96 bits behind the magic cookie.
    static func branch(node: UInt16, random: inout RandomSource) -> String {
        "\(Via.magicCookie)n\(node)-\(random.hex(bytes: 12))"
    }
}
