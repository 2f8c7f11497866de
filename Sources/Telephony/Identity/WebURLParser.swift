/// Takes a URL apart (RFC 3986 §3), strictly, and says what is wrong with it.
///
/// Deviation: what no URI may hold but browsers take in path and query, such as `{` and `|`, is percent-encoded rather
/// than refused; whatever decides where a request goes is taken to the letter.
struct WebURLParser {
    private var rest: ArraySlice<UInt8>

    init(_ text: String) throws(WebURL.Fault) {
        let bytes = Array(text.utf8)
        guard !bytes.isEmpty else { throw .init("it is empty") }
        guard bytes.count <= WebURL.maximumLength else {
            throw .init("it has \(bytes.count) characters; \(WebURL.maximumLength) are the most")
        }
        for byte in bytes {
            switch byte {
            case 0x20: throw .init("it holds a blank; write %20 in its place")
            case 0..<0x20, 0x7F: throw .init("it holds a control character")
            case 0x80...:
                throw .init("it holds a letter outside ASCII; write it percent-encoded, in a host name as xn--…")
            case UInt8(ascii: "#"): throw .init("what follows # is never sent to a server; leave it away")
            default: break
            }
        }
        rest = bytes[...]
    }

    /// `http` or `https`; takes `://` too.
    mutating func scheme() throws(WebURL.Fault) -> String {
        let name = rest.prefix { $0 != UInt8(ascii: ":") }
        let scheme = String(decoding: name, as: UTF8.self).lowercased()
        guard rest.dropFirst(name.count).starts(with: "://".utf8), !name.contains(UInt8(ascii: "/")) else {
            throw .init("it does not begin with http:// or https://")
        }
        guard scheme == "http" || scheme == "https" else {
            throw .init("it begins with \(scheme)://; http:// and https:// are allowed")
        }
        rest = rest.dropFirst(name.count + 3)
        return scheme
    }

    /// Everything up to the path or the query.
    mutating func authority() throws(WebURL.Fault) -> WebURLAuthority {
        let authority = rest.prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
        rest = rest.dropFirst(authority.count)
        return try WebURLAuthority(authority)
    }

    /// Path and query, the rest of the text.
    func target() throws(WebURL.Fault) -> String {
        try WebURLAuthority.checkEscapes(rest)
        var target: [UInt8] = rest.first == UInt8(ascii: "/") ? [] : [UInt8(ascii: "/")]
        for byte in rest {
            if "\"<>\\^`{|}".utf8.contains(byte) {
                target.append(UInt8(ascii: "%"))
                target += String(byte, radix: 16, uppercase: true).utf8
            } else {
                target.append(byte)
            }
        }
        return String(decoding: target, as: UTF8.self)
    }
}

/// User information, host and port (RFC 3986 §3.2).
struct WebURLAuthority {
    private let userInfo: ArraySlice<UInt8>?
    /// With its brackets where it has some.
    private let hostBytes: ArraySlice<UInt8>
    /// Nil without a colon; may be empty (RFC 3986 §3.2.3).
    private let portBytes: ArraySlice<UInt8>?

    init(_ authority: ArraySlice<UInt8>) throws(WebURL.Fault) {
        var hostPort = authority
        if let at = authority.lastIndex(of: UInt8(ascii: "@")) {
            userInfo = authority[..<at]
            hostPort = authority[(at + 1)...]
        } else {
            userInfo = nil
        }
        if hostPort.first == UInt8(ascii: "[") {
            guard let end = hostPort.firstIndex(of: UInt8(ascii: "]")) else {
                throw .init("the address in brackets does not end with ]")
            }
            hostBytes = hostPort[...end]
            let behind = hostPort[(end + 1)...]
            guard behind.isEmpty || behind.first == UInt8(ascii: ":") else {
                throw .init("after ] only a colon and a port may follow, or the path")
            }
            portBytes = behind.isEmpty ? nil : behind.dropFirst()
        } else if let colon = hostPort.firstIndex(of: UInt8(ascii: ":")) {
            hostBytes = hostPort[..<colon]
            portBytes = hostPort[(colon + 1)...]
        } else {
            hostBytes = hostPort
            portBytes = nil
        }
    }

    /// RFC 7617 §2: a user holds no colon, and neither holds a control character.
    func credentials() throws(WebURL.Fault) -> WebURL.Credentials? {
        guard let userInfo, !userInfo.isEmpty else { return nil }
        try Self.checkEscapes(userInfo)
        for byte in userInfo where !Self.isUserInfoByte(byte) {
            throw .init("the user and the password before @ must be percent-encoded where they hold other signs")
        }
        let parts = userInfo.split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
        let decoded = parts.map(Self.decoded)
        for bytes in decoded where bytes.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
            throw .init("the user or the password before @ holds a control character")
        }
        guard let user = decoded.first, !user.contains(UInt8(ascii: ":")) else {
            throw .init("the user before @ holds a colon, which Basic authentication cannot carry")
        }
        return WebURL.Credentials(
            user: String(decoding: user, as: UTF8.self),
            password: decoded.count > 1 ? String(decoding: decoded[1], as: UTF8.self) : "")
    }

    func host() throws(WebURL.Fault) -> String {
        guard hostBytes.first != UInt8(ascii: "[") else { return try address(hostBytes.dropFirst().dropLast()) }
        var name = hostBytes
        if name.last == UInt8(ascii: ".") { name = name.dropLast() }
        guard !name.isEmpty else { throw .init("it names no host") }
        for byte in name where !Self.isNameByte(byte) {
            let sign = String(UnicodeScalar(byte))
            throw .init("its host holds \(sign); a host name holds letters, digits, hyphens and full stops")
        }
        // RFC 1035 §2.3.4: 255 octets with a length before each label and the root's at the end.
        guard name.count <= 253 else {
            throw .init("its host name has \(name.count) characters; 253 are the most")
        }
        let labels = name.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        for label in labels {
            guard !label.isEmpty else { throw .init("its host name has an empty part between two full stops") }
            guard label.count <= 63 else {
                throw .init("a part of its host name has \(label.count) characters; 63 are the most")
            }
        }
        if let last = labels.last, Self.isNumeric(last), !IPv4Text.isAddress(labels) {
            throw .init("its host is no IPv4 address, and no name ends in a number")
        }
        return String(decoding: name, as: UTF8.self).lowercased()
    }

    func port() throws(WebURL.Fault) -> Int? {
        guard let portBytes, !portBytes.isEmpty else { return nil }
        guard portBytes.allSatisfy(Self.isDigit) else {
            throw .init("its port is no number; ports are 1 to 65535")
        }
        let digits = portBytes.drop { $0 == UInt8(ascii: "0") }
        guard digits.count <= 5, let port = Int(String(decoding: digits, as: UTF8.self)), (1...65_535).contains(port)
        else {
            let shown = String(decoding: portBytes.prefix(20), as: UTF8.self)
            throw .init("port \(shown) does not exist; ports are 1 to 65535")
        }
        return port
    }

    /// An IPv6 address between brackets (RFC 3986 §3.2.2).
    private func address(_ bytes: ArraySlice<UInt8>) throws(WebURL.Fault) -> String {
        guard !bytes.contains(UInt8(ascii: "%")) else {
            throw .init("an IPv6 address with a zone means something on one machine only; leave the zone away")
        }
        guard IPv6Text.isAddress(bytes) else { throw .init("what stands in brackets is no IPv6 address") }
        return String(decoding: bytes, as: UTF8.self).lowercased()
    }

    // MARK: Bytes

    /// RFC 3986 §2.1.
    static func checkEscapes(_ bytes: ArraySlice<UInt8>) throws(WebURL.Fault) {
        var index = bytes.startIndex
        while index < bytes.endIndex {
            defer { index += 1 }
            guard bytes[index] == UInt8(ascii: "%") else { continue }
            let digits = bytes[(index + 1)...].prefix(2)
            guard digits.count == 2, digits.allSatisfy({ hexadecimal($0) != nil }) else {
                throw .init("% must be followed by two hexadecimal digits; write %25 for the sign itself")
            }
        }
    }

    private static func decoded(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var decoded: [UInt8] = []
        var index = bytes.startIndex
        while index < bytes.endIndex {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.endIndex,
                let high = hexadecimal(bytes[index + 1]), let low = hexadecimal(bytes[index + 2])
            {
                decoded.append(high << 4 | low)
                index += 3
            } else {
                decoded.append(bytes[index])
                index += 1
            }
        }
        return decoded
    }

    private static func hexadecimal(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    /// Underscores are in no host name of RFC 1123, but in names of containers and of DNS.
    private static func isNameByte(_ byte: UInt8) -> Bool {
        isLetter(byte) || isDigit(byte) || "-._".utf8.contains(byte)
    }

    /// `unreserved`, `sub-delims`, the colon and the percent sign of an escape (RFC 3986 §3.2.1).
    private static func isUserInfoByte(_ byte: UInt8) -> Bool {
        isLetter(byte) || isDigit(byte) || "-._~!$&'()*+,;=:%".utf8.contains(byte)
    }

    private static func isNumeric(_ label: ArraySlice<UInt8>) -> Bool {
        let isHexadecimal = label.starts(with: "0x".utf8) || label.starts(with: "0X".utf8)
        return isHexadecimal ? label.dropFirst(2).allSatisfy { hexadecimal($0) != nil } : label.allSatisfy(isDigit)
    }
}
