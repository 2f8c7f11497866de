/// A WWW-Authenticate or Proxy-Authenticate of the Digest scheme (RFC 3261 §22.4, RFC 7616 §3.3).
public struct DigestChallenge: Hashable, Sendable {
    public let realm: String
    public let nonce: String
    public let opaque: String?
    public let algorithm: DigestAlgorithm
    /// True where `qop` offers `auth`; false where there is no `qop` at all (RFC 2069).
    public let hasQualityOfProtection: Bool
    public let isStale: Bool

    /// Reads `Digest realm="…", nonce="…", …`. Refused: another scheme, an algorithm other than MD5 and SHA-256
    /// (`-sess` too), a `qop` without `auth`.
    public init(_ text: String) throws(SIPParseError) {
        let fault = SIPParseError(.badChallenge, in: "challenge")
        let fields: [(name: String, value: String)] = try text.withWindow { window throws(SIPParseError) in
            let trimmed = window.trimmed
            guard let blank = trimmed.firstIndex(of: .space, from: trimmed.start),
                trimmed.window(trimmed.start, blank).equalsIgnoringCase("Digest")
            else { throw fault }
            let parts = trimmed.window(blank, trimmed.end).trimmed.split(at: UInt8(ascii: ","))
            guard parts.count <= SIPLimits.parameters else { throw SIPParseError(.tooManyValues, in: "challenge") }
            return parts.compactMap { part in
                guard let equals = part.firstIndex(of: UInt8(ascii: "="), from: part.start) else { return nil }
                return (
                    part.window(part.start, equals).trimmed.text.asciiLowercased,
                    DigestText.unquoted(part.window(equals + 1, part.end).trimmed)
                )
            }
        }
        func value(_ name: String) -> String? { fields.first { $0.name == name }?.value }
        guard let realm = value("realm"), let nonce = value("nonce"),
            let algorithm = DigestAlgorithm(name: value("algorithm") ?? "MD5")
        else { throw fault }
        if let qop = value("qop") {
            let offers = qop.split(separator: ",").contains { offer in
                String(offer).withWindow { $0.trimmed.equalsIgnoringCase("auth") }
            }
            guard offers else { throw fault }
            hasQualityOfProtection = true
        } else {
            hasQualityOfProtection = false
        }
        self.realm = realm
        self.nonce = nonce
        self.algorithm = algorithm
        opaque = value("opaque")
        isStale = value("stale")?.equalsIgnoringCase("true") ?? false
    }

    /// The value of Authorization or Proxy-Authorization that answers this challenge (RFC 7616 §3.4.1).
    ///
    /// - Parameters:
    ///   - uri: the Request-URI.
    ///   - clientNonce: hexadecimal digits, fresh for each answer.
    public func answer(
        _ credentials: DigestCredentials, method: SIPMethod, uri: String, clientNonce: String, count: UInt32 = 1
    ) -> String {
        let ha1 = algorithm.hash("\(credentials.username):\(realm):\(credentials.password)")
        let ha2 = algorithm.hash("\(method.name):\(uri)")
        let digits = String(count, radix: 16)
        let nonceCount = String(repeating: "0", count: max(0, 8 - digits.utf8.count)) + digits
        let response =
            hasQualityOfProtection
            ? algorithm.hash("\(ha1):\(nonce):\(nonceCount):\(clientNonce):auth:\(ha2)")
            : algorithm.hash("\(ha1):\(nonce):\(ha2)")
        var text = "Digest username=\(DigestText.quoted(credentials.username)), realm=\(DigestText.quoted(realm))"
        text += ", nonce=\(DigestText.quoted(nonce)), uri=\(DigestText.quoted(uri)), response=\"\(response)\""
        text += ", algorithm=\(algorithm.rawValue)"
        if hasQualityOfProtection { text += ", qop=auth, nc=\(nonceCount), cnonce=\"\(clientNonce)\"" }
        if let opaque { text += ", opaque=\(DigestText.quoted(opaque))" }
        return text
    }

    /// The header field that answers a 401 or 407: to its strongest challenge that we can answer (RFC 8760 §2.4 lets
    /// the server put the preferred one first; SHA-256 is taken before MD5). Nil for any other response, and where
    /// the credentials are not for the realm.
    static func answer(
        to response: SIPResponse, method: SIPMethod, uri: String, _ credentials: DigestCredentials,
        _ random: inout RandomSource
    ) -> SIPHeaders.Field? {
        let names: (challenge: SIPHeaderName, answer: SIPHeaderName)
        switch response.status {
        case .unauthorized: names = (.wwwAuthenticate, .authorization)
        case .proxyAuthenticationRequired: names = (.proxyAuthenticate, .proxyAuthorization)
        default: return nil
        }
        let challenges = response.headers.all(names.challenge).compactMap { try? DigestChallenge($0) }
            .filter { credentials.realm == nil || credentials.realm == $0.realm }
        guard let challenge = challenges.first(where: { $0.algorithm == .sha256 }) ?? challenges.first else {
            return nil
        }
        return SIPHeaders.Field(
            names.answer,
            challenge.answer(credentials, method: method, uri: uri, clientNonce: random.hex(bytes: 8)))
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
