import Telephony
import Testing

@testable import Media

@Suite(
    "Keys in a conference: nobody hears them, and they are passed on where they are to be", .timeLimit(.minutes(3)),
    .serialized)
struct MixDigitsTests {
    private struct Key {
        let digit: Character
        let milliseconds: Int
    }

    private func keys(_ line: MediaSessionID, in events: [MediaEvent]) -> [Key] {
        events.compactMap { event in
            guard case .digitReceived(line, let digit, let milliseconds) = event else { return nil }
            return Key(digit: digit, milliseconds: milliseconds)
        }
    }

    @Test(
        "A key is heard by nobody, told of once, and passed to each who listens once, as event or tone",
        arguments: [UInt8(101), nil], [true, false])
    func passed(events: UInt8?, passes: Bool) async throws {
        let (room, lines, heard) = try await onTime {
            let gathering = try await Gathering()
            await gathering.add(0, events: events)
            await gathering.add(1, events: 101)
            await gathering.add(2, events: nil)
            await gathering.add(3, events: 101)
            gathering.join(0, MixMembership(passesDigits: passes))
            for number in 1...3 { gathering.join(number, MixMembership(listens: number != 3)) }
            gathering.room.engine.hear(gathering.mix, .talk)
            await gathering.pass(500)
            gathering.recordAll()
            let steps: [DigitStep] = [.tone("5", milliseconds: 160), .wait(milliseconds: 500)]
            gathering.lines.engine.sendDigits(Gathering.line(0), DiallingID(rawValue: 1), steps)
            _ = await gathering.room.log.first { if case .digitReceived = $0 { true } else { false } }
            await gathering.pass(1200)
            await gathering.finish()
            let result = (
                gathering.room.log.all, gathering.lines.log.all, try (0..<4).map { try gathering.heard($0) }
            )
            return (result, gathering.engines)
        }
        let told = keys(Gathering.session(0), in: room)
        #expect(told.map(\.digit) == ["5"])
        let length = try #require(told.first).milliseconds
        #expect(abs(length - 160) <= (events == nil ? 20 : 0))
        let byEvent = keys(Gathering.line(1), in: lines)
        let byTone = keys(Gathering.line(2), in: lines)
        #expect(byEvent.map(\.digit) == (passes ? ["5"] : []))
        #expect(byEvent.allSatisfy { $0.milliseconds == length }, "\(byEvent)")
        #expect(byTone.map(\.digit) == (passes ? ["5"] : []))
        #expect(byTone.allSatisfy { abs($0.milliseconds - length) <= 20 }, "\(byTone)")
        #expect(keys(Gathering.line(0), in: lines).isEmpty)
        #expect(keys(Gathering.line(3), in: lines).isEmpty)
        // At most 40 ms of the tone, and its running out.
        let leaked = heard[1].filter { abs(Int($0)) > 100 }.count
        #expect(leaked <= 320, "\(leaked / 8) ms")
        if !passes { #expect(heard[2].filter { abs(Int($0)) > 100 }.count <= 320) }
        #expect(heard[0].allSatisfy { $0 == 0 })
        #expect(heard[3].allSatisfy { $0 == 0 })
    }

    private struct Party {
        let rounds: MixRounds
        let sender: MixMember
        let listener: MixMember

        init(_ membership: MixMembership = MixMembership(passesDigits: true)) throws {
            rounds = try MixRounds()
            sender = rounds.add(membership)
            listener = rounds.add()
            for member in [sender, listener] { member.beginTick(isAway: false) }
        }

        func press() { rounds.mix.pass([.tone("7", milliseconds: 100)], from: sender) }
    }

    @Test("Not passed: of one that does not pass, is muted or away; to one that is deaf or away; under music")
    func notPassed() throws {
        let passing = try Party()
        passing.press()
        #expect(!passing.listener.digits.isEmpty)
        #expect(passing.sender.digits.isEmpty)
        for membership in [MixMembership(), MixMembership(talks: false, passesDigits: true)] {
            let party = try Party(membership)
            party.press()
            #expect(party.listener.digits.isEmpty)
        }
        let senderAway = try Party()
        senderAway.sender.beginTick(isAway: true)
        senderAway.press()
        #expect(senderAway.listener.digits.isEmpty)
        let listenerAway = try Party()
        listenerAway.listener.beginTick(isAway: true)
        listenerAway.press()
        #expect(listenerAway.listener.digits.isEmpty)
        let deaf = try Party()
        var events: [MixEvent] = []
        deaf.listener.change(MixMembership(listens: false), &events)
        deaf.press()
        #expect(deaf.listener.digits.isEmpty)
        let music = try Party()
        music.rounds.mix.hear(.music(AudioClip(samples: [1])), at: 0)
        music.press()
        #expect(music.listener.digits.isEmpty)
        // One that has not had its first tick is not there yet.
        let early = try Party()
        let newcomer = early.rounds.add()
        early.press()
        #expect(newcomer.digits.isEmpty)
    }

    @Test("What is left to be passed is forgotten by one that goes away, or listens no more")
    func forgotten() throws {
        let away = try Party()
        away.press()
        away.listener.beginTick(isAway: true)
        #expect(away.listener.digits.isEmpty)
        let deaf = try Party()
        deaf.press()
        var events: [MixEvent] = []
        deaf.listener.change(MixMembership(listens: false), &events)
        #expect(deaf.listener.digits.isEmpty)
    }
}
