/// The identifiers that make an INVITE the one it is. They are drawn and stored before it leaves, so that after a
/// crash it can be cancelled and is never sent a second time under other ones.
public struct InvitationIdentifiers: Hashable, Codable, Sendable {
    public let callID: String
    public let fromTag: String
    /// Branch of the first attempt; the attempt with credentials derives its own (`branch(attempt:)`).
    public let branch: String

    public init(callID: String, fromTag: String, branch: String) {
        self.callID = callID
        self.fromTag = fromTag
        self.branch = branch
    }

    /// The branch of an attempt: 1 for the first INVITE, 2 for the one with credentials. It follows from the stored
    /// one, so a record taken before the challenge still names the INVITE that came after it.
    func branch(attempt: Int) -> String { attempt <= 1 ? branch : "\(branch)-\(attempt)" }
}
