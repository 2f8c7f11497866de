/// What answers a challenge (RFC 3261 §22).
public struct DigestCredentials: Hashable, Sendable {
    public var username: String
    public var password: String
    /// Answers only challenges of this realm; nil answers any.
    public var realm: String?

    public init(username: String, password: String, realm: String? = nil) {
        self.username = username
        self.password = password
        self.realm = realm
    }
}

extension DigestCredentials: CustomStringConvertible, CustomDebugStringConvertible {
    /// Without the password: descriptions end up in logs.
    public var description: String { "DigestCredentials(\(username))" }
    public var debugDescription: String { description }
}
