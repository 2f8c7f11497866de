import People
import SIP
import Testing

/// Somebody whose call stands, told one thing after the other.
private struct Talking {
    var person: Person
    var random = RandomSource(seed: 7)
    /// What was done when the call stood.
    var beginning: [PersonEffect] = []

    init(_ steps: [Conversation.Step], ending: Conversation.Ending = .waits) {
        person = Person(.answers(after: 0...0, Conversation(steps, ending: ending)))
        _ = hears(.invited)
        beginning = hears(.acknowledged)
    }

    mutating func hears(_ input: PersonInput) -> [PersonEffect] {
        var effects: [PersonEffect] = []
        person.handle(input, random: &random, into: &effects)
        return effects
    }
}

@Suite("A conversation")
struct ConversationTests {
    private let hello = Utterance.speech("Hello")
    private let everyTimerOff: [PersonEffect] = [.disarm(.decide), .disarm(.step), .disarm(.hangUp)]

    @Test("Steps follow each other, each when the one before is done")
    func steps() {
        var talking = Talking([.utter(hello), .wait(300...300), .press("1#"), .utter(.beep), .hangUp])
        #expect(talking.beginning == [.utter(hello)])
        #expect(talking.hears(.timerFired(.step)) == [], "nothing is waited for but the end of the hello")
        #expect(talking.hears(.uttered) == [.arm(.step, afterMilliseconds: 300)])
        #expect(talking.hears(.uttered) == [])
        #expect(talking.hears(.timerFired(.step)) == [.press("1#")])
        #expect(talking.hears(.pressed) == [.utter(.beep)])
        #expect(talking.hears(.uttered) == everyTimerOff + [.hangUp])
        #expect(talking.person.isGone)
    }

    @Test("The ending runs beside the steps")
    func ending() {
        var talking = Talking([.utter(hello)], ending: .hangsUp(after: 500...500))
        #expect(talking.beginning == [.utter(hello), .arm(.hangUp, afterMilliseconds: 500)])
        #expect(talking.hears(.timerFired(.hangUp)) == everyTimerOff + [.hangUp])
        #expect(talking.hears(.uttered) == [])
    }

    @Test("A script that hangs up at once leaves no timer behind")
    func hangsUpAtOnce() {
        let talking = Talking([.hangUp], ending: .hangsUp(after: 500...500))
        #expect(talking.beginning == everyTimerOff + [.hangUp])
    }

    @Test("Somebody listens until the other side has spoken and been quiet")
    func hearsSpeech() {
        var talking = Talking([.hearSpeech(quiet: 700...700, within: 9000...9000), .press("1")])
        #expect(talking.beginning == [.arm(.step, afterMilliseconds: 9000)])
        #expect(talking.hears(.voiceStarted) == [.disarm(.step)])
        #expect(talking.hears(.voiceEnded) == [.arm(.step, afterMilliseconds: 700)])
        #expect(talking.hears(.voiceStarted) == [.disarm(.step)], "a pause for breath is no end")
        #expect(talking.hears(.voiceEnded) == [.arm(.step, afterMilliseconds: 700)])
        #expect(talking.hears(.timerFired(.step)) == [.press("1")])
    }

    @Test("Speech that began before somebody listened is heard to its end")
    func hearsSpeechThatGoesOn() {
        var talking = Talking([.utter(hello), .hearSpeech(quiet: 700...700, within: 9000...9000), .press("1")])
        #expect(talking.hears(.voiceStarted) == [])
        #expect(talking.hears(.uttered) == [])
        #expect(talking.hears(.voiceEnded) == [.arm(.step, afterMilliseconds: 700)])
        #expect(talking.hears(.timerFired(.step)) == [.press("1")])
    }

    @Test("Somebody who waits in vain says what for, and hangs up")
    func missesSpeech() {
        let expected = Conversation.Step.hearSpeech(quiet: 700...700, within: 9000...9000)
        var talking = Talking([expected, .press("1")])
        #expect(talking.hears(.timerFired(.step)) == [.missed(expected)] + everyTimerOff + [.hangUp])
    }

    @Test("Digits are awaited in a row, whatever is pressed around them")
    func hearsDigits() {
        var talking = Talking([.hearDigits("42", within: 5000...5000), .press("1")])
        #expect(talking.beginning == [.arm(.step, afterMilliseconds: 5000)])
        for digit in "4142".dropLast() { #expect(talking.hears(.digitHeard(digit)) == []) }
        #expect(talking.hears(.digitHeard("2")) == [.disarm(.step), .press("1")])
        #expect(talking.person.digitsHeard == "4142")
    }

    @Test("Digits that came early count, once")
    func hearsDigitsEarly() {
        let first = Conversation.Step.hearDigits("12", within: 5000...5000)
        var talking = Talking([.wait(100...100), first, first, .press("1")])
        for digit in "123" { _ = talking.hears(.digitHeard(digit)) }
        #expect(talking.hears(.timerFired(.step)) == [.arm(.step, afterMilliseconds: 5000)], "the second is awaited")
        _ = talking.hears(.digitHeard("1"))
        #expect(talking.hears(.digitHeard("2")) == [.disarm(.step), .press("1")])
    }

    @Test("A tape ends some time after the speech on it, and no pause for breath ends it")
    func takesMessage() {
        var talking = Talking([.takeMessage(quiet: 3000...3000, atMost: 60_000...60_000), .hangUp])
        #expect(talking.beginning == [.messageBegan, .arm(.step, afterMilliseconds: 60_000)])
        #expect(talking.hears(.voiceStarted) == [.arm(.step, afterMilliseconds: 60_000)])
        #expect(talking.hears(.voiceEnded) == [.arm(.step, afterMilliseconds: 3000)])
        #expect(talking.hears(.voiceStarted) == [.arm(.step, afterMilliseconds: 60_000)])
        #expect(talking.hears(.voiceEnded) == [.arm(.step, afterMilliseconds: 3000)])
        #expect(talking.hears(.timerFired(.step)) == [.messageEnded] + everyTimerOff + [.hangUp])
    }

    @Test("A tape that is hung up on ends there")
    func messageIsCutShort() {
        var talking = Talking([.takeMessage(quiet: 3000...3000, atMost: 60_000...60_000), .hangUp])
        #expect(talking.hears(.hungUp) == [.messageEnded] + everyTimerOff)
    }

    @Test("An announcement comes before the answer, one utterance after the other")
    func announces() {
        var called = Called(
            Person(.announces([.ringback, hello], Conversation([.press("1")], ending: .waits))))
        #expect(called.hears(.invited) == [.progress, .utter(.ringback)])
        #expect(called.hears(.uttered) == [.utter(hello)])
        #expect(called.hears(.uttered) == [.answer])
        #expect(called.hears(.acknowledged) == [.press("1")])
    }

    @Test("Somebody who calls talks when the other side has picked up")
    func calls() {
        var caller = Called(Person(calling: Conversation([.press("1")], ending: .waits), patience: 9000...9000))
        #expect(caller.hears(.invited) == [], "nobody calls who calls")
        #expect(caller.hears(.dialled) == [.arm(.decide, afterMilliseconds: 9000)])
        #expect(caller.hears(.acknowledged) == [.disarm(.decide), .press("1")])
    }

    @Test("Somebody who calls gives up when nobody picks up")
    func callsInVain() {
        var caller = Called(Person(calling: Conversation(ending: .waits), patience: 9000...9000))
        _ = caller.hears(.dialled)
        #expect(caller.hears(.timerFired(.decide)) == everyTimerOff + [.hangUp])
    }
}

private struct Called {
    var person: Person
    var random = RandomSource(seed: 7)

    init(_ person: Person) { self.person = person }

    mutating func hears(_ input: PersonInput) -> [PersonEffect] {
        var effects: [PersonEffect] = []
        person.handle(input, random: &random, into: &effects)
        return effects
    }
}

extension ConversationTests {
    @Test("Somebody who calls a service hears out each prompt before the next word or key")
    func callsAService() {
        let hear = Conversation.Step.hearSpeech(quiet: 700...700, within: 30_000...30_000)
        let conversation = Conversation.calling(saying: "Hello", pressing: ["1", "2#"])
        #expect(
            conversation.steps == [hear, .utter(.speech("Hello")), hear, .press("1"), hear, .press("2#")])
        #expect(Conversation.calling().steps == [])
    }
}
