/// A defect that can be switched on between Belay and the world, to prove that the checks see it.
package enum Defect: String, CaseIterable, Hashable, Sendable {
    /// No ACK leaves.
    case lostACK
    /// callStatus is posted twice.
    case doubledCallStatus
    /// Whatever waits for a commit does not wait.
    case ungatedCommit
    /// The 202 alone does not wait.
    case prematureAnswer
    /// The ACK of a 2xx alone does not wait.
    case prematureACK
    /// A commit that failed is taken for one that succeeded.
    case ignoredCommitFailure
    /// A port is never given back.
    case portNotFreed
    /// Every call has the same port.
    case portShared
    /// A port is used again at once.
    case portNotRested
    /// Terminal statuses are not stored.
    case lostTerminalStatus
    /// Terminal statuses are stored twice.
    case repeatedTerminalStatus
    /// The answer of a call is not recorded.
    case lostRecord
    /// A record is lost in a crash.
    case forgottenRecord
    /// callStatus leaves before what came before it.
    case webhooksOutOfOrder
    /// A webhook that fetches a script is tried a third time.
    case thirdAttempt
    /// A notification is given up after its first failure.
    case forgottenNotification
    /// No BYE leaves.
    case skippedBye
    /// No CANCEL leaves.
    case skippedCancel
    /// A call that was being dialled in a crash is dialled again.
    case redialAfterCrash
}
