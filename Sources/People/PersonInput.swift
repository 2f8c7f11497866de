/// What somebody notices who is called, or who calls.
package enum PersonInput: Hashable, Sendable {
    /// The telephone rings.
    case invited
    /// The number has been dialled.
    case dialled
    /// The caller is about to give up: for those who pick up in that very instant.
    case aboutToBeCanceled
    /// The caller has given up, or the network has.
    case canceled
    /// The call stands.
    case acknowledged
    /// What was to be uttered has been, to its end.
    case uttered
    /// What was to be pressed has been, to its last digit.
    case pressed
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

/// What somebody does.
package enum PersonEffect: Hashable, Sendable {
    case ring
    /// Early media begins.
    case progress
    case answer
    case reject(Int)
    /// `uttered` is owed.
    case utter(Utterance)
    /// `pressed` is owed.
    case press(String)
    case messageBegan
    case messageEnded
    /// What was expected did not come; the person hangs up.
    case missed(Conversation.Step)
    case hangUp
    case arm(PersonTimer, afterMilliseconds: Int)
    case disarm(PersonTimer)
}

package enum PersonTimer: Hashable, Sendable, CaseIterable {
    /// Picks up, refuses, or gives up waiting for somebody to pick up.
    case decide
    /// The conversation's step at hand.
    case step
    case hangUp
}
