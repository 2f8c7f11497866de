/// What a dialog is known by at this end (RFC 3261 §12).
public struct DialogID: Hashable, Codable, Sendable {
    public let callID: String
    public let localTag: String
    /// Empty for a peer of RFC 2543 that sets none.
    public let remoteTag: String

    public init(callID: String, localTag: String, remoteTag: String) {
        self.callID = callID
        self.localTag = localTag
        self.remoteTag = remoteTag
    }
}
