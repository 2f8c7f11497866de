/// How much of everything is alive. All return to 0 when all sessions are over and their transactions have lingered.
public struct UserAgentGauges: Hashable, Codable, Sendable {
    public var inviteClientTransactions = 0
    public var nonInviteClientTransactions = 0
    public var inviteServerTransactions = 0
    public var nonInviteServerTransactions = 0
    public var dialogs = 0
    public var sessions = 0
    public var timers = 0

    public init() {}

    public var isIdle: Bool { self == UserAgentGauges() }
}
