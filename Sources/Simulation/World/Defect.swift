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

    // MARK: Of rooms
    /// A client is given somebody out of a queue who stays in it.
    case memberNotTaken
    /// Who came last is given out first.
    case lastServedFirst
    /// Who has been taken out of a queue is not asked for.
    case dequeueUnasked
    /// Who comes into a queue, a conference or the parking is not told of.
    case arrivalUntold
    /// Nor who ends there.
    case departureUntold
    /// That a conference is in progress is not told.
    case statusUntold
    /// Nor what was recorded in one.
    case recordingUntold
    /// The end of a conference is not stored.
    case conferenceRevived
    /// A conference does not note who leaves.
    case departureUnnoted
    /// Who leaves a conference goes on hearing it.
    case participantLeftBehind
    /// What a conference was mixed by is never closed.
    case mixLeftOpen
    /// A restart tells nobody of the waits and stays that it ends.
    case waitForgotten
    /// A restart finds no queues.
    case queuesForgotten
    /// A restart finds no conferences.
    case conferencesForgotten

    /// Where it can be seen.
    package var scenario: Scenario {
        switch self {
        case .lostACK, .doubledCallStatus, .ungatedCommit, .prematureAnswer, .prematureACK, .ignoredCommitFailure,
            .portNotFreed, .portShared, .portNotRested, .lostTerminalStatus, .repeatedTerminalStatus, .lostRecord,
            .forgottenRecord, .webhooksOutOfOrder, .thirdAttempt, .forgottenNotification, .skippedBye, .skippedCancel,
            .redialAfterCrash:
            .calls
        case .memberNotTaken, .lastServedFirst, .dequeueUnasked, .arrivalUntold, .departureUntold, .statusUntold,
            .recordingUntold, .conferenceRevived, .departureUnnoted, .participantLeftBehind, .mixLeftOpen,
            .waitForgotten, .queuesForgotten, .conferencesForgotten:
            .rooms
        }
    }
}
