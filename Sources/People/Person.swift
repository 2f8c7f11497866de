package import SIP

/// Somebody who is called: picks up or does not, listens, presses keys, hangs up.
///
/// ```
///            invited               decided                acknowledged
///   waiting ────────▶ deciding ──────────────▶ pickedUp ──────────────▶ talking
///                        │ refused, canceled      │ never acknowledged     │ hangs up, is hung up on
///                        └────────────────────────┴────────────────────────┴──▶ gone
/// ```
/// A value: what it does follows from its behaviour, what it notices, and the random source it is lent. The same
/// people answer in the simulated carrier and under the simulation's clock (DESIGN.md decision 11).
package struct Person: Hashable, Sendable {
    private enum State: Hashable, Sendable {
        case waiting
        /// Heard the telephone; a timer, or the caller's patience, decides.
        case deciding
        /// Said hello; nobody has confirmed that yet.
        case pickedUp(Conversation)
        case talking(Conversation)
        case gone
    }

    package let behaviour: Behaviour
    /// What was pressed on the other side, in order. Longer rows are cut: nobody remembers more.
    package private(set) var digitsHeard = ""
    private var state = State.waiting

    package static let maximumDigitsHeard = 256

    package init(_ behaviour: Behaviour) { self.behaviour = behaviour }

    package var isGone: Bool { state == .gone }

    package mutating func handle(_ input: PersonInput, random: inout RandomSource, into effects: inout [PersonEffect]) {
        switch input {
        case .invited: beInvited(&random, &effects)
        case .aboutToBeCanceled:
            guard case .deciding = state, case .answersAsCanceled(let conversation) = behaviour else { return }
            pickUp(conversation, &effects)
        case .canceled, .hungUp: leave(&effects)
        case .acknowledged:
            guard case .pickedUp(let conversation) = state else { return }
            begin(conversation, &random, &effects)
        case .voiceStarted:
            guard case .talking(let conversation) = state, conversation.ending.awaitsSilence else { return }
            effects.append(.disarm(.hangUp))
        case .voiceEnded:
            guard case .talking(let conversation) = state,
                case .hangsUpWhenSpokenTo(let silence, _) = conversation.ending
            else { return }
            effects.append(.arm(.hangUp, afterMilliseconds: silence.draw(&random)))
        case .digitHeard(let digit):
            if digitsHeard.utf8.count < Self.maximumDigitsHeard { digitsHeard.append(digit) }
        case .aboutToBeHungUp:
            guard case .talking(let conversation) = state, conversation.ending == .hangsUpWithTheOther else { return }
            hangUp(&effects)
        case .timerFired(let timer): fire(timer, &effects)
        }
    }

    private mutating func beInvited(_ random: inout RandomSource, _ effects: inout [PersonEffect]) {
        guard state == .waiting else { return }
        state = .deciding
        switch behaviour {
        case .answers(let after, let conversation):
            let pause = after.draw(&random)
            guard pause > 0 else { return pickUp(conversation, &effects) }
            effects += [.ring, .arm(.decide, afterMilliseconds: pause)]
        case .rejects(let status, let after):
            let pause = after.draw(&random)
            guard pause > 0 else { return refuse(status, &effects) }
            effects += [.ring, .arm(.decide, afterMilliseconds: pause)]
        case .ringsForEver, .answersAsCanceled: effects.append(.ring)
        case .neverResponds: break
        }
    }

    private mutating func fire(_ timer: PersonTimer, _ effects: inout [PersonEffect]) {
        switch (timer, state) {
        case (.decide, .deciding):
            switch behaviour {
            case .answers(_, let conversation): pickUp(conversation, &effects)
            case .rejects(let status, _): refuse(status, &effects)
            case .ringsForEver, .neverResponds, .answersAsCanceled: break
            }
        case (.press, .talking(let conversation)):
            if let presses = conversation.presses { effects.append(.press(presses.digits)) }
        case (.hangUp, .talking): hangUp(&effects)
        case (.decide, _), (.press, _), (.hangUp, _): break
        }
    }

    private mutating func pickUp(_ conversation: Conversation, _ effects: inout [PersonEffect]) {
        state = .pickedUp(conversation)
        effects.append(.answer)
    }

    private mutating func refuse(_ status: StatusCode, _ effects: inout [PersonEffect]) {
        state = .gone
        effects.append(.reject(Int(status.rawValue)))
    }

    private mutating func begin(
        _ conversation: Conversation, _ random: inout RandomSource, _ effects: inout [PersonEffect]
    ) {
        state = .talking(conversation)
        if let greeting = conversation.greeting { effects.append(.say(greeting)) }
        if let presses = conversation.presses {
            effects.append(.arm(.press, afterMilliseconds: presses.after.draw(&random)))
        }
        switch conversation.ending {
        case .hangsUp(let after): effects.append(.arm(.hangUp, afterMilliseconds: after.draw(&random)))
        case .hangsUpWhenSpokenTo(_, let patience):
            effects.append(.arm(.hangUp, afterMilliseconds: patience.draw(&random)))
        case .hangsUpWithTheOther, .waits: break
        }
    }

    private mutating func hangUp(_ effects: inout [PersonEffect]) {
        leave(&effects)
        effects.append(.hangUp)
    }

    private mutating func leave(_ effects: inout [PersonEffect]) {
        guard state != .gone else { return }
        state = .gone
        for timer in PersonTimer.allCases { effects.append(.disarm(timer)) }
    }
}

extension Conversation.Ending {
    fileprivate var awaitsSilence: Bool {
        if case .hangsUpWhenSpokenTo = self { true } else { false }
    }
}

extension ClosedRange<Int> {
    /// A number of the range; an empty draw for a range of one.
    fileprivate func draw(_ random: inout RandomSource) -> Int {
        lowerBound == upperBound ? lowerBound : Int.random(in: self, using: &random)
    }
}
