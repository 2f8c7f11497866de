/// A WWW-Authenticate or Proxy-Authenticate of the Digest scheme (RFC 3261 §22.4, RFC 7616 §3.3).
public struct DigestChallenge: Hashable, Sendable {
    /// What the answer vouches for (RFC 7616 §3.4.3).
    public enum QualityOfProtection: String, Hashable, Sendable {
        case auth
        /// The body as well.
        case authInt = "auth-int"
    }

    public let realm: String
    public let nonce: String
    public let opaque: String?
    public let algorithm: DigestAlgorithm
    /// True for `MD5-sess` and its like: the password's hash goes through a key made of the two nonces
    /// (RFC 7616 §3.4.2).
    public let hasSessionKey: Bool
    /// Of what `qop` offers: `auth` before `auth-int`, which whoever changes a body on the way breaks, as
    /// session border controllers do with addresses in SDP. Nil where there is no `qop` at all (RFC 2069), or an empty one.
    public let qualityOfProtection: QualityOfProtection?
    /// The nonce has run out, and the credentials were right (RFC 7616 §3.3).
    public let isStale: Bool

    /// Reads `Digest realm="…", nonce="…", …`. Refused: another scheme, an algorithm that is not a ``DigestAlgorithm``, a
    /// `qop` with neither `auth` nor `auth-int`.
    public init(_ text: String) throws(SIPParseError) {
        self = try text.withWindow { window throws(SIPParseError) in
            try DigestChallenge(parts: window.trimmed.split(at: UInt8(ascii: ",")))
        }
    }

    /// The challenges of one header field that can be answered. Most fields hold one; HTTP's grammar, which digest comes
    /// from, allows several after one another (RFC 9110 §11.6.1).
    static func all(in text: String) -> [DigestChallenge] {
        text.withWindow { window in
            var challenges: [[ByteWindow]] = []
            for part in window.trimmed.split(at: UInt8(ascii: ",")) where !part.isEmpty {
                if challenges.isEmpty || Self.scheme(of: part) != nil {
                    challenges.append([part])
                } else {
                    challenges[challenges.count - 1].append(part)
                }
            }
            return challenges.compactMap { try? DigestChallenge(parts: $0) }
        }
    }

    /// - Parameter parts: what stands between the commas, the first with the scheme before it.
    private init(parts: [ByteWindow]) throws(SIPParseError) {
        let fault = SIPParseError(.badChallenge, in: "challenge")
        guard let first = parts.first, let scheme = Self.scheme(of: first), scheme.equalsIgnoringCase("Digest") else {
            throw fault
        }
        guard parts.count <= SIPLimits.parameters else { throw SIPParseError(.tooManyValues, in: "challenge") }
        var fields: [(name: String, value: String)] = []
        for part in [first.window(scheme.end, first.end).trimmed] + parts.dropFirst() {
            guard let equals = part.firstIndex(of: UInt8(ascii: "="), from: part.start) else { continue }
            fields.append(
                (
                    part.window(part.start, equals).trimmed.text.asciiLowercased,
                    DigestText.unquoted(part.window(equals + 1, part.end).trimmed)
                ))
        }
        func value(_ name: String) -> String? { fields.first { $0.name == name }?.value }
        guard let realm = value("realm"), let nonce = value("nonce"),
            let (algorithm, hasSessionKey) = DigestAlgorithm.named(value("algorithm") ?? "MD5")
        else { throw fault }
        let offers = (value("qop") ?? "").split(separator: ",").map { offer in
            String(offer).withWindow { $0.trimmed.text.asciiLowercased }
        }.filter { !$0.isEmpty }
        let qualities = [QualityOfProtection.auth, .authInt].filter { offers.contains($0.rawValue) }
        guard offers.isEmpty || !qualities.isEmpty else { throw fault }
        qualityOfProtection = qualities.first
        self.realm = realm
        self.nonce = nonce
        self.algorithm = algorithm
        self.hasSessionKey = hasSessionKey
        opaque = value("opaque")
        isStale = value("stale")?.equalsIgnoringCase("true") ?? false
    }

    /// The scheme that a part begins with: a token with white space behind it, of whatever kind (RFC 3261 §25.1, LWS),
    /// and no `=` after that.
    private static func scheme(of part: ByteWindow) -> ByteWindow? {
        var end = part.start
        while part[end].isToken { end += 1 }
        guard end > part.start, part[end].isSpacing else { return nil }
        var next = end
        while part[next].isSpacing { next += 1 }
        return part[next] == UInt8(ascii: "=") ? nil : part.window(part.start, end)
    }

    /// The same challenge with the nonce that is to be used from now on (RFC 7616 §3.5).
    func with(nonce: String) -> DigestChallenge { DigestChallenge(self, nonce: nonce) }

    private init(_ other: DigestChallenge, nonce: String) {
        realm = other.realm
        self.nonce = nonce
        opaque = other.opaque
        algorithm = other.algorithm
        hasSessionKey = other.hasSessionKey
        qualityOfProtection = other.qualityOfProtection
        isStale = false
    }

    /// The value of Authorization or Proxy-Authorization that answers this challenge (RFC 7616 §3.4.1).
    ///
    /// - Parameters:
    ///   - uri: the Request-URI.
    ///   - body: of the request, as it leaves.
    ///   - clientNonce: hexadecimal digits, drawn for the nonce: a session key holds both (RFC 7616 §3.4.2).
    ///   - count: how many requests the nonce has been used for, this one included (RFC 7616 §3.4).
    public func answer(
        _ credentials: DigestCredentials, method: SIPMethod, uri: String, body: [UInt8], clientNonce: String,
        count: UInt32 = 1
    ) -> String {
        var ha1 = algorithm.hash("\(credentials.username):\(realm):\(credentials.password)")
        if hasSessionKey { ha1 = algorithm.hash("\(ha1):\(nonce):\(clientNonce)") }
        let ha2 =
            switch qualityOfProtection {
            case .auth, nil: algorithm.hash("\(method.name):\(uri)")
            case .authInt: algorithm.hash("\(method.name):\(uri):\(algorithm.hash(body))")
            }
        let digits = String(count, radix: 16)
        let nonceCount = String(repeating: "0", count: max(0, 8 - digits.utf8.count)) + digits
        let response =
            if let qualityOfProtection {
                algorithm.hash("\(ha1):\(nonce):\(nonceCount):\(clientNonce):\(qualityOfProtection.rawValue):\(ha2)")
            } else {
                algorithm.hash("\(ha1):\(nonce):\(ha2)")
            }
        var text = "Digest username=\(DigestText.quoted(credentials.username)), realm=\(DigestText.quoted(realm))"
        text += ", nonce=\(DigestText.quoted(nonce)), uri=\(DigestText.quoted(uri)), response=\"\(response)\""
        text += ", algorithm=\(algorithm.rawValue)\(hasSessionKey ? "-sess" : "")"
        if let qualityOfProtection {
            text += ", qop=\(qualityOfProtection.rawValue), nc=\(nonceCount), cnonce=\"\(clientNonce)\""
        } else if hasSessionKey {
            // The server cannot make the key without it.
            text += ", cnonce=\"\(clientNonce)\""
        }
        if let opaque { text += ", opaque=\(DigestText.quoted(opaque))" }
        return text
    }
}

/// Quoted strings (RFC 3261 §25.1).
enum DigestText {
    static func quoted(_ text: String) -> String {
        var quoted: [UInt8] = [UInt8(ascii: "\"")]
        for byte in text.utf8 {
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { quoted.append(UInt8(ascii: "\\")) }
            quoted.append(byte)
        }
        quoted.append(UInt8(ascii: "\""))
        return String(decoding: quoted, as: UTF8.self)
    }

    /// The value of a parameter of `name="…", name=…`; nil where it is missing.
    static func parameter(_ name: String, of text: String) -> String? {
        text.withWindow { window in
            for part in window.split(at: UInt8(ascii: ",")) {
                guard let equals = part.firstIndex(of: UInt8(ascii: "="), from: part.start),
                    part.window(part.start, equals).trimmed.text.equalsIgnoringCase(name)
                else { continue }
                return unquoted(part.window(equals + 1, part.end).trimmed)
            }
            return nil
        }
    }

    static func unquoted(_ window: ByteWindow) -> String {
        guard window.count >= 2, window[window.start] == UInt8(ascii: "\""),
            window[window.end - 1] == UInt8(ascii: "\"")
        else { return window.text }
        var bytes: [UInt8] = []
        var index = window.start + 1
        while index < window.end - 1 {
            if window[index] == UInt8(ascii: "\\"), index + 1 < window.end - 1 { index += 1 }
            bytes.append(window[index])
            index += 1
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
