import HTTPTypes

/// Tells the operator, who alone may ask for what is below `/admin`, by a token (RFC 6750 §2.1).
struct OperatorAuthenticator: Sendable {
    private static let scheme = "Bearer "

    /// SHA-256 of the token; nil where nobody is the operator.
    let tokenHash: [UInt8]?

    func authenticate(_ headers: HTTPFields) throws(APIError) {
        guard let tokenHash, let header = headers[.authorization], header.hasPrefix(Self.scheme),
            Authenticator.areEqual(
                Authenticator.hash(ofKey: header.dropFirst(Self.scheme.count).utf8), tokenHash)
        else { throw .notOperator }
    }
}
