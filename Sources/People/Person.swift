package import SIP

/// Somebody on the telephone: is called and picks up or does not, or calls; then says, hears, presses, hangs up.
///
/// ```
///            invited               decided                acknowledged
///   waiting ────────▶ deciding ──────────────▶ pickedUp ──────────────▶ talking
///      │  invited        │ refused, canceled      │ ▲  never confirmed        │ hangs up, is hung up on
///      ├───────▶ announcing ──────────────────────┼─┘                         │
///      │  dialled        │ canceled               │ patience ends             │
///      └─────────────────┼────────▶ pickedUp      │                           │
///                        └────────────────────────┴───────────────────────────┴──▶ gone
/// ```
/// A value: what it does follows from its behaviour, what it notices, and the random source it is lent. The same
/// people answer in the simulated carrier and under the simulation's clock (ARCHITECTURE.md#people).
package struct Person: Hashable, Sendable {
    private enum Role: Hashable, Sendable {
        case callee(Behaviour)
        case caller(Conversation, patience: ClosedRange<Int>)
    }

    private enum State: Hashable, Sendable {
        case waiting
        /// Heard the telephone; a timer, or the caller's patience, decides.
        case deciding
        /// Utters what is left of its announcement; then picks up.
        case announcing([Utterance])
        /// Said hello, or dialled; nobody has confirmed that yet, but there may be somebody to hear.
        case pickedUp(Conversation, hasHeard: Bool)
        case talking(Talk)
        case gone
    }

    /// Where in its conversation somebody is.
    private struct Talk: Hashable, Sendable {
        enum Doing: Hashable, Sendable {
            case pausing
            case uttering
            case pressing
            /// Waits for speech, and once there was some for its end.
            case listening(quiet: ClosedRange<Int>, hasHeard: Bool)
            case awaitingDigits(String)
            /// The step timer ends the tape; after speech it ends the message.
            case recording(quiet: ClosedRange<Int>, atMost: ClosedRange<Int>)
            /// No step is left.
            case nothing
        }

        let conversation: Conversation
        var next = 0
        var doing = Doing.nothing
    }

    private let role: Role
    /// What was pressed on the other side, in order. Longer rows are cut: nobody remembers more.
    package private(set) var digitsHeard = ""
    /// Those of `digitsHeard` that no expectation has taken.
    private var digitsPending = ""
    private var hearsVoice = false
    private var state = State.waiting

    package static let maximumDigitsHeard = 256

    /// Somebody who is called.
    package init(_ behaviour: Behaviour) { role = .callee(behaviour) }

    /// Somebody who calls.
    ///
    /// - Parameter patience: how long it may ring, in milliseconds.
    package init(calling conversation: Conversation, patience: ClosedRange<Int>) {
        role = .caller(conversation, patience: patience)
    }

    package var isGone: Bool { state == .gone }

    /// Everything that may be uttered, to be prepared before it is.
    package var utterances: [Utterance] {
        switch role {
        case .callee(let behaviour): behaviour.utterances
        case .caller(let conversation, _): conversation.utterances
        }
    }

    package mutating func handle(_ input: PersonInput, random: inout RandomSource, into effects: inout [PersonEffect]) {
        switch input {
        case .invited: beInvited(&random, &effects)
        case .dialled:
            guard state == .waiting, case .caller(let conversation, let patience) = role else { return }
            state = .pickedUp(conversation, hasHeard: false)
            effects.append(.arm(.decide, afterMilliseconds: patience.draw(&random)))
        case .aboutToBeCanceled:
            guard case .deciding = state, case .callee(.answersAsCanceled(let conversation)) = role else { return }
            pickUp(conversation, &effects)
        case .canceled, .hungUp: leave(&effects)
        case .acknowledged:
            guard case .pickedUp(let conversation, let hasHeard) = state else { return }
            begin(conversation, hasHeard: hasHeard, &random, &effects)
        case .uttered: uttered(&random, &effects)
        case .pressed:
            guard case .talking(let talk) = state, talk.doing == .pressing else { return }
            goOn(talk, &random, &effects)
        case .voiceStarted: voiceStarted(&random, &effects)
        case .voiceEnded: voiceEnded(&random, &effects)
        case .digitHeard(let digit): hear(digit, &random, &effects)
        case .aboutToBeHungUp:
            guard case .talking(let talk) = state, talk.conversation.ending == .hangsUpWithTheOther else { return }
            hangUp(&effects)
        case .timerFired(let timer): fire(timer, &random, &effects)
        }
    }

    // MARK: Before the call stands

    private mutating func beInvited(_ random: inout RandomSource, _ effects: inout [PersonEffect]) {
        guard state == .waiting, case .callee(let behaviour) = role else { return }
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
        case .announces(let announcement, let conversation):
            guard let first = announcement.first else { return pickUp(conversation, &effects) }
            state = .announcing(Array(announcement.dropFirst()))
            effects += [.progress, .utter(first)]
        }
    }

    private mutating func pickUp(_ conversation: Conversation, _ effects: inout [PersonEffect]) {
        state = .pickedUp(conversation, hasHeard: hearsVoice)
        effects.append(.answer)
    }

    private mutating func refuse(_ status: StatusCode, _ effects: inout [PersonEffect]) {
        state = .gone
        effects.append(.reject(Int(status.rawValue)))
    }

    private mutating func uttered(_ random: inout RandomSource, _ effects: inout [PersonEffect]) {
        switch state {
        case .announcing(let rest):
            guard let next = rest.first else {
                if case .callee(.announces(_, let conversation)) = role { pickUp(conversation, &effects) }
                return
            }
            state = .announcing(Array(rest.dropFirst()))
            effects.append(.utter(next))
        case .talking(let talk):
            if talk.doing == .uttering { goOn(talk, &random, &effects) }
        case .waiting, .deciding, .pickedUp, .gone: break
        }
    }

    // MARK: Timers

    private mutating func fire(
        _ timer: PersonTimer, _ random: inout RandomSource, _ effects: inout [PersonEffect]
    ) {
        switch (timer, state) {
        case (.decide, .deciding): decide(&effects)
        // Nobody picks up; the caller's patience is at its end.
        case (.decide, .pickedUp):
            if case .caller = role { hangUp(&effects) }
        case (.step, .talking(let talk)): stepTimedOut(talk, &random, &effects)
        case (.hangUp, .talking): hangUp(&effects)
        case (.decide, _), (.step, _), (.hangUp, _): break
        }
    }

    private mutating func decide(_ effects: inout [PersonEffect]) {
        guard case .callee(let behaviour) = role else { return }
        switch behaviour {
        case .answers(_, let conversation): pickUp(conversation, &effects)
        case .rejects(let status, _): refuse(status, &effects)
        case .ringsForEver, .neverResponds, .answersAsCanceled, .announces: break
        }
    }

    private mutating func stepTimedOut(
        _ talk: Talk, _ random: inout RandomSource, _ effects: inout [PersonEffect]
    ) {
        switch talk.doing {
        case .pausing, .listening(_, hasHeard: true): goOn(talk, &random, &effects)
        case .recording:
            effects.append(.messageEnded)
            goOn(talk, &random, &effects)
        case .listening(_, hasHeard: false), .awaitingDigits:
            effects.append(.missed(talk.conversation.steps[talk.next - 1]))
            hangUp(&effects)
        case .uttering, .pressing, .nothing: break
        }
    }

    // MARK: The conversation

    /// - Parameter hasHeard: whether there was speech to hear before the call was confirmed.
    private mutating func begin(
        _ conversation: Conversation, hasHeard: Bool, _ random: inout RandomSource, _ effects: inout [PersonEffect]
    ) {
        if case .caller = role { effects.append(.disarm(.decide)) }
        goOn(Talk(conversation: conversation), hasHeard: hasHeard, &random, &effects)
        guard case .talking = state else { return }
        switch conversation.ending {
        case .hangsUp(let after): effects.append(.arm(.hangUp, afterMilliseconds: after.draw(&random)))
        case .hangsUpWhenSpokenTo(let silence, let patience):
            // Where the other side speaks already, its end is what is waited for.
            guard !hearsVoice else { break }
            effects.append(.arm(.hangUp, afterMilliseconds: (hasHeard ? silence : patience).draw(&random)))
        case .hangsUpWithTheOther, .waits: break
        }
    }

    /// Begins the next step.
    private mutating func goOn(
        _ former: Talk, hasHeard: Bool = false, _ random: inout RandomSource, _ effects: inout [PersonEffect]
    ) {
        var talk = former
        talk.doing = .nothing
        guard talk.next < talk.conversation.steps.count else {
            state = .talking(talk)
            return
        }
        let step = talk.conversation.steps[talk.next]
        talk.next += 1
        switch step {
        case .wait(let pause):
            talk.doing = .pausing
            effects.append(.arm(.step, afterMilliseconds: pause.draw(&random)))
        case .utter(let utterance):
            talk.doing = .uttering
            effects.append(.utter(utterance))
        case .press(let digits):
            talk.doing = .pressing
            effects.append(.press(digits))
        case .hearSpeech(let quiet, let limit):
            talk.doing = .listening(quiet: quiet, hasHeard: hearsVoice || hasHeard)
            // Where the other side speaks already, its end is what is waited for.
            guard !hearsVoice else { break }
            effects.append(.arm(.step, afterMilliseconds: (hasHeard ? quiet : limit).draw(&random)))
        case .hearDigits(let digits, let limit):
            if takeDigits(digits) {
                state = .talking(talk)
                return goOn(talk, &random, &effects)
            }
            talk.doing = .awaitingDigits(digits)
            effects.append(.arm(.step, afterMilliseconds: limit.draw(&random)))
        case .takeMessage(let quiet, let limit):
            talk.doing = .recording(quiet: quiet, atMost: limit)
            effects += [.messageBegan, .arm(.step, afterMilliseconds: limit.draw(&random))]
        case .hangUp:
            state = .talking(talk)
            return hangUp(&effects)
        }
        state = .talking(talk)
    }

    private mutating func voiceStarted(_ random: inout RandomSource, _ effects: inout [PersonEffect]) {
        hearsVoice = true
        if case .pickedUp(let conversation, _) = state { state = .pickedUp(conversation, hasHeard: true) }
        guard case .talking(var talk) = state else { return }
        switch talk.doing {
        case .listening(let quiet, _):
            talk.doing = .listening(quiet: quiet, hasHeard: true)
            state = .talking(talk)
            effects.append(.disarm(.step))
        // Speech goes on: so does the tape.
        case .recording(_, let limit): effects.append(.arm(.step, afterMilliseconds: limit.draw(&random)))
        case .pausing, .uttering, .pressing, .awaitingDigits, .nothing: break
        }
        if talk.conversation.ending.awaitsSilence { effects.append(.disarm(.hangUp)) }
    }

    private mutating func voiceEnded(_ random: inout RandomSource, _ effects: inout [PersonEffect]) {
        hearsVoice = false
        guard case .talking(let talk) = state else { return }
        switch talk.doing {
        case .listening(let quiet, hasHeard: true), .recording(let quiet, _):
            effects.append(.arm(.step, afterMilliseconds: quiet.draw(&random)))
        case .pausing, .uttering, .pressing, .listening(_, hasHeard: false), .awaitingDigits, .nothing: break
        }
        if case .hangsUpWhenSpokenTo(let silence, _) = talk.conversation.ending {
            effects.append(.arm(.hangUp, afterMilliseconds: silence.draw(&random)))
        }
    }

    private mutating func hear(
        _ digit: Character, _ random: inout RandomSource, _ effects: inout [PersonEffect]
    ) {
        guard digitsHeard.utf8.count < Self.maximumDigitsHeard else { return }
        digitsHeard.append(digit)
        digitsPending.append(digit)
        guard case .talking(let talk) = state, case .awaitingDigits(let digits) = talk.doing, takeDigits(digits)
        else { return }
        effects.append(.disarm(.step))
        goOn(talk, &random, &effects)
    }

    /// Takes what was heard up to the end of `digits`, if they were heard.
    private mutating func takeDigits(_ digits: String) -> Bool {
        let wanted = Array(digits), heard = Array(digitsPending)
        guard !wanted.isEmpty, heard.count >= wanted.count else { return wanted.isEmpty }
        for end in wanted.count...heard.count where Array(heard[(end - wanted.count)..<end]) == wanted {
            digitsPending = String(heard[end...])
            return true
        }
        return false
    }

    // MARK: The end

    private mutating func hangUp(_ effects: inout [PersonEffect]) {
        leave(&effects)
        effects.append(.hangUp)
    }

    private mutating func leave(_ effects: inout [PersonEffect]) {
        guard state != .gone else { return }
        if case .talking(let talk) = state, case .recording = talk.doing { effects.append(.messageEnded) }
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
