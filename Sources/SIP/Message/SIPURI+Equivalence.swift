extension SIPURI {
    /// Whether two URIs mean the same resource by RFC 3261 §19.1.4. (`==` compares what is written.)
    public func isEquivalent(to other: SIPURI) -> Bool {
        // A SIP and a SIPS URI are never equivalent. User and password are case-sensitive, everything else is not.
        guard isSecure == other.isSecure, user == other.user,
            escapedPassword.map(Self.unescape) == other.escapedPassword.map(Self.unescape),
            host.equalsIgnoringCase(other.host), port == other.port
        else { return false }
        return parametersMatch(other) && other.parametersMatch(self) && headersMatch(other)
    }

    /// A parameter that both have must match; `user`, `ttl`, `method` and `maddr` in one alone never do, and neither
    /// does `transport`; any other in one alone is ignored.
    private func parametersMatch(_ other: SIPURI) -> Bool {
        let alwaysCompared = ["user", "ttl", "method", "maddr", "transport"]
        return parameters.list.allSatisfy { parameter in
            guard other.parameters.contains(parameter.name) else {
                return !alwaysCompared.contains(parameter.name.asciiLowercased)
            }
            let mine = Self.unescape(parameter.value ?? "")
            return mine.equalsIgnoringCase(Self.unescape(other.parameters[parameter.name] ?? ""))
        }
    }

    /// Header components are never ignored, their order is.
    private func headersMatch(_ other: SIPURI) -> Bool {
        let components = { (text: String?) in
            (text ?? "").utf8.split(separator: UInt8(ascii: "&"))
                .map { Self.unescape(String(decoding: $0, as: UTF8.self)).asciiLowercased }
                .sorted()
        }
        return components(escapedHeaders) == components(other.escapedHeaders)
    }
}
