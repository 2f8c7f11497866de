import Telephony
import Testing

@testable import Media

/// Members of a mix on a wheel, each of whom says in places of its own of the frame how many frames it has said: what one
/// hears tells which frame of whom it is.
private final class NumberedRoom {
    final class Speaker: SlotRider {
        let name: Int
        let place: Int
        let member: MixMember
        private let room: NumberedRoom
        private(set) var said: Int16 = 0
        /// What it heard of each other one, by name.
        private(set) var heard: [Int: [Int16]] = [:]
        let joinedAt: Int64
        var leftAt: Int64?
        /// Its voice after that, until it is gone.
        var farewell: MixFarewell?

        init(_ name: Int, place: Int, at tick: Int64, in room: NumberedRoom) {
            self.name = name
            self.place = place
            self.room = room
            joinedAt = tick
            member = room.rounds.add(at: tick)
        }

        override func tick(_ tick: Int64, _ workspace: MediaWorkspace) {
            said += 1
            var frame = [Int16](repeating: 0, count: 160)
            for index in NumberedRoom.samples(of: place) { frame[index] = said }
            member.beginTick(isAway: false)
            member.say(frame.span)
            let hears = room.rounds.heard(by: member, at: tick)
            for other in 0..<NumberedRoom.places {
                let numbers = Set(NumberedRoom.samples(of: other).map { hears[$0] })
                guard numbers.count == 1, let number = numbers.first else {
                    room.faults += 1
                    continue
                }
                if other == place, number != 0 { room.faults += 1 }
                if number != 0, let name = room.latest[other] { heard[name, default: []].append(number) }
            }
        }
    }

    static let places = 8

    /// In the second half of a frame, which neither fading in nor running out touches.
    static func samples(of place: Int) -> Range<Int> { (80 + place * 10)..<(90 + place * 10) }

    let rounds: MixRounds
    var wheel = SlotWheel<SlotRider>()
    var speakers: [Speaker] = []
    /// Who had a place last.
    var latest: [Int: Int] = [:]
    var faults = 0

    init(writer: RecordingWriter = RecordingWriter { _ in }) throws { rounds = try MixRounds(writer: writer) }

    /// Nobody, where every place is taken.
    func join(slot: Int, at tick: Int64) {
        let isFree = { (place: Int) in
            self.speakers.allSatisfy { $0.place != place || $0.leftAt != nil && $0.farewell?.isOver != false }
        }
        guard let place = (0..<Self.places).first(where: isFree) else { return }
        let speaker = Speaker(speakers.count, place: place, at: tick, in: self)
        latest[place] = speaker.name
        speakers.append(speaker)
        speaker.slot = slot
        wheel.put(speaker, in: slot)
    }

    func leave(_ speaker: Speaker, at tick: Int64) {
        guard let slot = speaker.slot, speaker.leftAt == nil else { return }
        speaker.leftAt = tick
        rounds.mix.remove(speaker.member)
        if let farewell = speaker.member.farewell() {
            speaker.farewell = farewell
            farewell.slot = slot
            wheel.insert(farewell, before: speaker, in: slot)
        }
        wheel.remove(speaker, from: slot)
    }

    func run(_ tick: Int64) {
        for rider in wheel[tick] {
            rider.tick(tick, rounds.workspace)
            if rider.isOver, let slot = rider.slot { wheel.remove(rider, from: slot) }
        }
    }
}

@Suite("A mix: each hears all others, each frame of each once, and not itself")
struct MixTests {
    // docs/decisions/0039: members have no tick in common.
    @Test(
        "Each frame of each is heard exactly once by each other, whoever comes and goes, whatever is skipped",
        arguments: 1...30 as ClosedRange<UInt64>)
    func once(seed: UInt64) throws {
        let room = try NumberedRoom()
        var random = Seeded(seed)
        var tick: Int64 = 1000
        let end: Int64 = 5000
        while tick < end {
            // Few slots, so that many share one.
            if Int.random(in: 0..<30, using: &random) == 0 {
                room.join(slot: Int.random(in: 0..<20, using: &random) % 5 * 4, at: tick)
            }
            if Int.random(in: 0..<90, using: &random) == 0 {
                let present = room.speakers.filter { $0.leftAt == nil }
                if let leaver = present.randomElement(using: &random) { room.leave(leaver, at: tick) }
            }
            // A stall: as the thread does, whole rounds.
            if tick < end - 300, Int.random(in: 0..<400, using: &random) == 0 {
                tick = MediaLoop.firstToRun(from: tick, notBefore: tick + Int64.random(in: 1...90, using: &random))
            }
            room.run(tick)
            tick += 1
        }
        #expect(room.faults == 0)
        #expect(room.speakers.count > 10)
        for listener in room.speakers {
            for speaker in room.speakers where speaker !== listener {
                let heard = listener.heard[speaker.name] ?? []
                #expect(zip(heard, heard.dropFirst()).allSatisfy { $0 + 1 == $1 })
                guard listener.leftAt == nil else { continue }
                // Who was there from the beginning heard it, and who is there in the end heard all of it.
                if listener.joinedAt + 20 <= speaker.joinedAt, speaker.said > 1 { #expect(heard.first == 1) }
                if let left = speaker.leftAt, left + 40 < end, listener.joinedAt + 20 <= left, speaker.said > 0 {
                    #expect(heard.last == speaker.said)
                }
            }
        }
        for speaker in room.speakers { room.leave(speaker, at: tick) }
        for tick in tick..<(tick + 60) { room.run(tick) }
        #expect(room.rounds.mix.total.voices == 0)
        #expect(room.rounds.mix.total.peak() == 0)
        #expect(room.wheel.count == 0)
    }

    @Test("A recording holds everybody, each at most one frame from where the others are, from its first frame on")
    func recording() throws {
        let scratch = try Scratch()
        let writer = RecordingWriter { _ in }
        try writer.start()
        let room = try NumberedRoom(writer: writer)
        for slot in [0, 7, 19] { room.join(slot: slot, at: 1000) }
        let recorder = MixRecorder(room.rounds.mix, path: scratch.file("r.wav"), writer)
        recorder.slot = 3
        room.wheel.put(recorder, in: 3)
        for tick in 1000..<2000 as Range<Int64> { room.run(tick) }
        recorder.finish(writer)
        writer.stop()
        let frames = Sound.frames(try Sound.samples(ofRecording: scratch.file("r.wav")))
        #expect(frames.count == 50)
        for (number, frame) in frames.enumerated() {
            let places = (0..<3).map { frame[NumberedRoom.samples(of: $0).lowerBound] }
            #expect(places == [Int16(number + 1), Int16(number), Int16(number)])
        }
    }

    @Test("One talker is heard as it is, sample by sample, at any level", arguments: [40.0, 180, 3000, 32_000])
    func unity(amplitude: Double) throws {
        let rounds = try MixRounds()
        let (talker, listener, mute) = (rounds.add(), rounds.add(), rounds.add(MixMembership(talks: false)))
        for member in [talker, listener, mute] { member.beginTick(isAway: false) }
        let frames = Sound.frames(Sound.noise(milliseconds: 1000, amplitude: amplitude))
        for (number, frame) in frames.enumerated() {
            talker.say(frame.span)
            let tick = Int64(number) * 20
            #expect(rounds.heard(by: talker, at: tick).allSatisfy { $0 == 0 })
            guard number > 0 else { continue }
            #expect(rounds.heard(by: listener, at: tick) == frame)
            #expect(rounds.heard(by: mute, at: tick, in: .pcma) == frame)
        }
    }

    @Test("Of ten at once each hears the other nine, and without it they sound the same", arguments: [2, 3, 10])
    func minus(count: Int) throws {
        let rounds = try MixRounds()
        let members = (0..<count).map { _ in rounds.add() }
        let sounds = (0..<count).map {
            Sound.frames(Sound.noise(milliseconds: 200, amplitude: 2500, seed: UInt64($0 + 1)))
        }
        for member in members { member.beginTick(isAway: false) }
        for number in sounds[0].indices {
            for (member, sound) in zip(members, sounds) {
                let frame = sound[number]
                member.say(frame.span)
            }
            guard number > 0 else { continue }
            for (index, member) in members.enumerated() {
                let others = (0..<160).map { sample in
                    sounds.indices.reduce(Int16(0)) { $1 == index ? $0 : $0 + sounds[$1][number][sample] }
                }
                #expect(rounds.heard(by: member, at: Int64(number) * 20) == others)
            }
        }
    }

    @Test("What one loses touches nobody else: every sample of the others is heard as ever")
    func loss() throws {
        let rounds = try MixRounds()
        let (lossy, steady, listener) = (rounds.add(), rounds.add(), rounds.add())
        for member in [lossy, steady, listener] { member.beginTick(isAway: false) }
        var random = Seeded(3)
        // The lossy one by itself.
        var voice = MixVoice()
        var alone = MixTotal()
        let sound = Sound.frames(Sound.noise(milliseconds: 2000, amplitude: 5000, seed: 5))
        let other = Sound.frames(Sound.noise(milliseconds: 2000, amplitude: 5000, seed: 6))
        for number in sound.indices {
            let (said, beside) = (sound[number], other[number])
            steady.say(beside.span)
            if Int.random(in: 0..<4, using: &random) == 0 {
                lossy.lose()
                voice.lose(in: &alone)
            } else {
                lossy.say(said.span)
                voice.say(said.span, in: &alone)
            }
            guard number > 0 else { continue }
            var own = [Int16](repeating: 0, count: 160)
            var span = own.mutableSpan
            alone.copy(into: &span)
            let tick = Int64(number) * 20
            #expect(rounds.heard(by: lossy, at: tick) == other[number])
            #expect(rounds.heard(by: listener, at: tick) == zip(own, other[number]).map { $0 + $1 })
        }
    }

    @Test("Who says nothing costs nothing: it is in no sum, and where nobody speaks nothing is computed")
    func silence() throws {
        let rounds = try MixRounds()
        let (one, two) = (rounds.add(), rounds.add())
        for member in [one, two] { member.beginTick(isAway: false) }
        one.pause()
        two.lose()
        #expect(rounds.mix.total.version == 0)
        for member in [one, two] {
            let hearing = member.hear(at: 20, in: .pcmu, isSeam: false, needsAudio: false, rounds.workspace)
            #expect(hearing == .silence)
        }
        one.say([Int16](repeating: 5, count: 160).span)
        #expect(one.hear(at: 40, in: .pcmu, isSeam: false, needsAudio: false, rounds.workspace) == .silence)
        #expect(two.hear(at: 40, in: .pcmu, isSeam: false, needsAudio: false, rounds.workspace) == .octets)
    }

    @Test("A hundred who listen get one encoding for each law, and it is that of what is said")
    func shared() throws {
        let rounds = try MixRounds()
        let talker = rounds.add()
        let listeners = (0..<100).map { _ in rounds.add() }
        for member in [talker] + listeners { member.beginTick(isAway: false) }
        for frame in Sound.frames(Sound.noise(milliseconds: 200, amplitude: 9000)).enumerated() {
            talker.say(frame.element.span)
            guard frame.offset > 0 else { continue }
            for (number, listener) in listeners.enumerated() {
                let law: G711 = number % 3 == 0 ? .pcma : .pcmu
                #expect(rounds.mix.shared.has(rounds.mix.total.version, in: law) == (number > 1))
                let hearing = listener.hear(
                    at: Int64(frame.offset) * 20, in: law, isSeam: false, needsAudio: false, rounds.workspace)
                #expect(hearing == .octets)
                #expect(Array(rounds.workspace.payload) == frame.element.map { law.encode($0) })
            }
        }
    }

    @Test("A sum beyond full scale is limited for each by itself: who is too loud hears the others as they are")
    func limited() throws {
        let rounds = try MixRounds()
        let (loud, other, quiet) = (rounds.add(), rounds.add(), rounds.add())
        for member in [loud, other, quiet] { member.beginTick(isAway: false) }
        let levels: [Int16] = [30_000, 20_000, 1000]
        for number in 0..<3 as Range<Int64> {
            for (member, level) in zip([loud, other, quiet], levels) {
                member.say([Int16](repeating: level, count: 160).span)
            }
            guard number > 0 else { continue }
            #expect(rounds.heard(by: loud, at: number * 20).allSatisfy { $0 == 21_000 })
            #expect(rounds.heard(by: other, at: number * 20).allSatisfy { $0 == 31_000 })
            let limited = rounds.heard(by: quiet, at: number * 20)
            #expect(limited.allSatisfy { (32_760...32_767).contains($0) })
        }
    }

    @Test("Listeners hear nothing while the mix is silent, and nobody who may not listen hears anything")
    func mayNot() throws {
        let rounds = try MixRounds()
        let (talker, deaf) = (rounds.add(), rounds.add(MixMembership(listens: false)))
        let listener = rounds.add()
        for member in [talker, deaf, listener] { member.beginTick(isAway: false) }
        talker.say([Int16](repeating: 500, count: 160).span)
        #expect(rounds.heard(by: deaf, at: 20).allSatisfy { $0 == 0 })
        #expect(deaf.source == .nothing)
        rounds.mix.hear(.silence, at: 40)
        #expect(rounds.heard(by: listener, at: 40).allSatisfy { $0 == 0 })
        #expect(!talker.mayTalk)
        rounds.mix.hear(.talk, at: 60)
        #expect(talker.mayTalk)
        talker.beginTick(isAway: true)
        #expect(!talker.mayTalk)
        var events: [MixEvent] = []
        talker.beginTick(isAway: false)
        talker.change(MixMembership(talks: false), &events)
        #expect(!talker.mayTalk)
    }

    @Test("Who talks is told of once it does, and once it does not, or leaves")
    func talk() throws {
        let rounds = try MixRounds()
        let member = rounds.add(MixMembership(observesTalk: true))
        let id = MixID(rawValue: 1)
        var events: [MixEvent] = []
        let loud = 1000.0 * 1000
        for _ in 0..<2 { member.observe(meanSquare: loud, &events) }
        #expect(events.isEmpty)
        for _ in 0..<10 { member.observe(meanSquare: loud, &events) }
        #expect(events == [.talk(id, member.session, isTalking: true)])
        for _ in 0..<24 { member.observe(meanSquare: 0, &events) }
        #expect(events.count == 1)
        for _ in 0..<10 { member.observe(meanSquare: 0, &events) }
        #expect(events.count == 2)
        #expect(events.last == .talk(id, member.session, isTalking: false))
        for _ in 0..<5 { member.observe(meanSquare: loud, &events) }
        member.change(MixMembership(observesTalk: true), &events)
        #expect(events.count == 3)
        member.change(MixMembership(), &events)
        #expect(!member.isObserved)
        member.endTalk(&events)
        #expect(events.count == 4)
        #expect(events.last == .talk(id, member.session, isTalking: false))
    }
}
