import Telephony

/// The calls that take a line of the trunk's, in all and of each account.
struct LinesInUse: Sendable {
    private var accounts: [CallID: AccountID] = [:]
    private var counts: [AccountID: Int] = [:]

    var count: Int { accounts.count }

    func count(of account: AccountID) -> Int { counts[account] ?? 0 }

    /// Whatever was told of the call before, this holds now.
    mutating func set(_ call: CallID, isInUse: Bool, account: AccountID?) {
        if isInUse, let account {
            if accounts.updateValue(account, forKey: call) == nil { counts[account, default: 0] += 1 }
        } else if let account = accounts.removeValue(forKey: call) {
            let rest = (counts[account] ?? 1) - 1
            counts[account] = rest > 0 ? rest : nil
        }
    }
}
