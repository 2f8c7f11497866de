/// What stands in place of a private value (docs/contract/privacy.md#the-mask).
package enum Mask {
    package static let text = "XXXXX"

    /// A text with the user and the password of each URL in it masked, also where JSON has escaped its slashes.
    package static func userInfo(in text: String) -> String {
        let bytes = Array(text.utf8)
        guard bytes.contains(UInt8(ascii: "@")) else { return text }
        return String(decoding: userInfo(in: bytes), as: UTF8.self)
    }

    package static func userInfo(in bytes: [UInt8]) -> [UInt8] {
        var masked: [UInt8] = []
        var copied = 0
        var index = 0
        while index < bytes.count {
            guard let start = authority(in: bytes, at: index) else {
                index += 1
                continue
            }
            let end = bytes[start...].firstIndex(where: endsAuthority) ?? bytes.count
            if let at = bytes[start..<end].lastIndex(of: UInt8(ascii: "@")), at > start {
                masked += bytes[copied..<start]
                masked += self.text.utf8
                copied = at
            }
            index = end
        }
        return masked + bytes[copied...]
    }

    /// A text that was given as a URL and may be none: where its user information ends cannot be told, so that all up
    /// to the last @ is masked.
    package static func malformedURL(_ text: String) -> String {
        let bytes = Array(text.utf8)
        guard let at = bytes.lastIndex(of: UInt8(ascii: "@")) else { return text }
        let start = bytes.indices.lazy.compactMap { authority(in: bytes, at: $0) }.first ?? 0
        guard at > start else { return text }
        return String(decoding: bytes[..<start] + Array(self.text.utf8) + bytes[at...], as: UTF8.self)
    }

    /// Where the authority begins, if `://` or `:\/\/` stands at the index.
    private static func authority(in bytes: [UInt8], at index: Int) -> Int? {
        guard bytes[index] == UInt8(ascii: ":") else { return nil }
        let rest = bytes[(index + 1)...]
        if rest.starts(with: "//".utf8) { return index + 3 }
        if rest.starts(with: #"\/\/"#.utf8) { return index + 5 }
        return nil
    }

    private static func endsAuthority(_ byte: UInt8) -> Bool { byte <= 0x20 || "/?#\"<>\\".utf8.contains(byte) }
}
