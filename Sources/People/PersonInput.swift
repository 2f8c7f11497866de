/// What somebody who is called notices.
package enum PersonInput: Hashable, Sendable {
    /// The telephone rings.
    case invited
    /// The caller is about to give up: for those who pick up in that very instant.
    case aboutToBeCanceled
    /// The caller has given up, or the network has.
    case canceled
    /// The call stands.
    case acknowledged
    /// The other side began to speak, or stopped.
    case voiceStarted
    case voiceEnded
    case digitHeard(Character)
    /// The other side is about to hang up: for those who do so in that very instant.
    case aboutToBeHungUp
    /// The call is over, whoever ended it.
    case hungUp
    case timerFired(PersonTimer)
}

/// What somebody who is called does.
package enum PersonEffect: Hashable, Sendable {
    case ring
    case answer
    case reject(Int)
    case say(String)
    case press(String)
    case hangUp
    case arm(PersonTimer, afterMilliseconds: Int)
    case disarm(PersonTimer)
}

package enum PersonTimer: Hashable, Sendable, CaseIterable {
    /// Picks up, or refuses.
    case decide
    case press
    case hangUp
}
