import People
import SIP
import Testing

/// Somebody who is called, told one thing after the other.
private struct Called {
    var person: Person
    var random = RandomSource(seed: 7)

    init(_ behaviour: Behaviour) { person = Person(behaviour) }

    mutating func hears(_ input: PersonInput) -> [PersonEffect] {
        var effects: [PersonEffect] = []
        person.handle(input, random: &random, into: &effects)
        return effects
    }
}

@Suite("A person")
struct PersonTests {
    private let everyTimerOff: [PersonEffect] = [.disarm(.decide), .disarm(.step), .disarm(.hangUp)]

    @Test("Somebody who answers rings first, and picks up when the time has come")
    func answers() {
        var called = Called(.answers(after: 1000...1000, Conversation(ending: .waits)))
        #expect(called.hears(.invited) == [.ring, .arm(.decide, afterMilliseconds: 1000)])
        #expect(called.hears(.timerFired(.decide)) == [.answer])
        #expect(called.hears(.acknowledged) == [])
    }

    @Test("Somebody who answers at once does not ring")
    func answersAtOnce() {
        var called = Called(.answers(after: 0...0, Conversation(ending: .waits)))
        #expect(called.hears(.invited) == [.answer])
    }

    @Test(
        "Somebody who refuses says why",
        arguments: [
            (Behaviour.busy(), 486), (.isNotFound, 404), (.isUnavailable, 480), (.isTrunkError, 503),
        ])
    func refuses(_ behaviour: Behaviour, _ code: Int) {
        var called = Called(behaviour)
        #expect(called.hears(.invited) == [.reject(code)])
        #expect(called.person.isGone)
    }

    @Test("Somebody who declines lets it ring for a while")
    func declines() {
        var called = Called(.declines(after: 800...800))
        #expect(called.hears(.invited) == [.ring, .arm(.decide, afterMilliseconds: 800)])
        #expect(called.hears(.timerFired(.decide)) == [.reject(603)])
    }

    @Test("Nobody picks up a telephone that rings for ever")
    func ringsForEver() {
        var called = Called(.ringsForEver)
        #expect(called.hears(.invited) == [.ring])
        #expect(called.hears(.timerFired(.decide)) == [])
        #expect(called.hears(.canceled) == everyTimerOff)
        #expect(called.person.isGone)
    }

    @Test("Who is not there does nothing at all")
    func neverResponds() {
        var called = Called(.neverResponds)
        #expect(called.hears(.invited) == [])
    }

    @Test("Somebody hangs up a second after having been spoken to, and waits while speech goes on")
    func hangsUpWhenSpokenTo() {
        var called = Called(
            .answers(
                after: 0...0,
                Conversation(ending: .hangsUpWhenSpokenTo(silence: 1000...1000, patience: 30_000...30_000))))
        _ = called.hears(.invited)
        #expect(called.hears(.acknowledged) == [.arm(.hangUp, afterMilliseconds: 30_000)])
        #expect(called.hears(.voiceStarted) == [.disarm(.hangUp)])
        #expect(called.hears(.voiceEnded) == [.arm(.hangUp, afterMilliseconds: 1000)])
        #expect(called.hears(.voiceStarted) == [.disarm(.hangUp)])
        #expect(called.hears(.voiceEnded) == [.arm(.hangUp, afterMilliseconds: 1000)])
        #expect(called.hears(.timerFired(.hangUp)) == everyTimerOff + [.hangUp])
        #expect(called.person.isGone)
    }

    @Test("What is said before the call is confirmed counts as spoken to", arguments: [false, true])
    func hearsBeforeTheCallIsConfirmed(speechGoesOn: Bool) {
        var called = Called(
            .answers(
                after: 0...0,
                Conversation(ending: .hangsUpWhenSpokenTo(silence: 1000...1000, patience: 30_000...30_000))))
        _ = called.hears(.invited)
        #expect(called.hears(.voiceStarted) == [])
        if speechGoesOn {
            #expect(called.hears(.acknowledged) == [], "it may last longer than anybody's patience")
            #expect(called.hears(.voiceEnded) == [.arm(.hangUp, afterMilliseconds: 1000)])
        } else {
            #expect(called.hears(.voiceEnded) == [])
            #expect(called.hears(.acknowledged) == [.arm(.hangUp, afterMilliseconds: 1000)])
        }
    }

    @Test("Who waits for speech has heard what was said before the call was confirmed")
    func hearsForAStepBeforeTheCallIsConfirmed() {
        let steps: [Conversation.Step] = [.hearSpeech(quiet: 700...700, within: 9000...9000), .press("1")]
        var called = Called(.answers(after: 0...0, Conversation(steps, ending: .waits)))
        _ = called.hears(.invited)
        _ = called.hears(.voiceStarted)
        _ = called.hears(.voiceEnded)
        #expect(called.hears(.acknowledged) == [.arm(.step, afterMilliseconds: 700)])
        #expect(called.hears(.timerFired(.step)) == [.press("1")])
    }

    @Test("Speech does not keep somebody who hangs up after a time")
    func hangsUpAfterATime() {
        var called = Called(.answers(after: 0...0, Conversation(ending: .hangsUp(after: 500...500))))
        _ = called.hears(.invited)
        #expect(called.hears(.acknowledged) == [.arm(.hangUp, afterMilliseconds: 500)])
        #expect(called.hears(.voiceStarted) == [])
        #expect(called.hears(.voiceEnded) == [])
    }

    @Test("Somebody presses digits and remembers those of the other side")
    func presses() {
        var called = Called(
            .answers(after: 0...0, Conversation([.wait(300...300), .press("42#")], ending: .waits)))
        _ = called.hears(.invited)
        #expect(called.hears(.acknowledged) == [.arm(.step, afterMilliseconds: 300)])
        #expect(called.hears(.timerFired(.step)) == [.press("42#")])
        _ = called.hears(.digitHeard("1"))
        _ = called.hears(.digitHeard("*"))
        #expect(called.person.digitsHeard == "1*")
    }

    @Test("Nobody remembers more digits than the limit")
    func remembersAtMost() {
        var called = Called(.ringsForEver)
        for _ in 0..<(Person.maximumDigitsHeard + 50) { _ = called.hears(.digitHeard("1")) }
        #expect(called.person.digitsHeard.count == Person.maximumDigitsHeard)
    }

    @Test("Somebody picks up in the instant of the CANCEL, and only then")
    func answersAsCanceled() {
        var called = Called(.answersAsCanceled(Conversation(ending: .waits)))
        #expect(called.hears(.invited) == [.ring])
        #expect(called.hears(.aboutToBeCanceled) == [.answer])
        #expect(called.hears(.aboutToBeCanceled) == [])
    }

    @Test("Others do not care that they are about to be cancelled or hung up on")
    func ignoresOmens() {
        var called = Called(.answers(after: 10...10, Conversation(ending: .waits)))
        _ = called.hears(.invited)
        #expect(called.hears(.aboutToBeCanceled) == [])
        _ = called.hears(.timerFired(.decide))
        _ = called.hears(.acknowledged)
        #expect(called.hears(.aboutToBeHungUp) == [])
    }

    @Test("Somebody hangs up in the instant of the other side's BYE")
    func hangsUpWithTheOther() {
        var called = Called(.answers(after: 0...0, Conversation(ending: .hangsUpWithTheOther)))
        _ = called.hears(.invited)
        _ = called.hears(.acknowledged)
        #expect(called.hears(.aboutToBeHungUp) == everyTimerOff + [.hangUp])
    }

    @Test("Pauses are drawn from their range, the same ones from the same seed")
    func draws() {
        let behaviour = Behaviour.answers(after: 100...5_000, Conversation(ending: .waits))
        func pause(seed: UInt64) -> Int? {
            var random = RandomSource(seed: seed)
            var person = Person(behaviour)
            var effects: [PersonEffect] = []
            person.handle(.invited, random: &random, into: &effects)
            guard case .arm(.decide, let milliseconds)? = effects.last else { return nil }
            return milliseconds
        }
        let pauses = (1...20).map { pause(seed: $0) }
        #expect(pauses.allSatisfy { $0.map((100...5_000).contains) ?? false })
        #expect(Set(pauses).count > 10)
        #expect(pauses == (1...20).map { pause(seed: $0) })
    }
}
