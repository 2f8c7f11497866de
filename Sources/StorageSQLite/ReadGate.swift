import Sharing
import Storage
import Telephony

/// Lets so many in at once. Accounts take turns, each in the order in which its own came, and no account has all places
/// where it may have fewer.
actor ReadGate {
    /// Of one account: more than that would wait longer than anybody listens.
    static let maximumWaiting = 32

    private var places: Int
    private let ofAnAccount: Int
    private var running: [AccountID: Int] = [:]
    private var waiting = FairQueue<AccountID, CheckedContinuation<Void, Never>>()

    var waitingCount: Int { waiting.count }

    /// - Parameter ofAnAccount: places that one account may have; nil: all.
    init(places: Int, ofAnAccount: Int? = nil) {
        self.places = places
        self.ofAnAccount = max(1, ofAnAccount ?? places)
    }

    /// Returns once there is a place, which ``leave(_:)`` gives back.
    func enter(_ account: AccountID) async throws(StorageError) {
        if places > 0, running[account, default: 0] < ofAnAccount {
            return take(account)
        }
        guard waiting.count(of: account) < Self.maximumWaiting else { throw .busy }
        await withCheckedContinuation { _ = waiting.add($0, of: account) }
    }

    func leave(_ account: AccountID) {
        places += 1
        let left = running[account, default: 1] - 1
        running[account] = left > 0 ? left : nil
        // The place goes straight to whose turn it is.
        while places > 0, let (next, continuation) = waiting.next(where: { running[$0, default: 0] < ofAnAccount }) {
            take(next)
            continuation.resume()
        }
    }

    private func take(_ account: AccountID) {
        places -= 1
        running[account, default: 0] += 1
    }
}
