import Telephony
import Testing

@testable import Media

@Suite("A mix's music has one clock, and its beeps are heard whole by those whom they are for")
struct MixMusicTests {
    private func fill(_ music: MixMusic, at tick: Int64) -> [Int16] {
        var frame = [Int16](repeating: 77, count: 160)
        frame.withUnsafeMutableBufferPointer { music.fill($0, at: tick) }
        return frame
    }

    @Test(
        "It loops without a gap: each frame goes on where the one before ended, whatever the length",
        arguments: [1, 7, 159, 160, 161, 1000, 8000])
    func loops(count: Int) {
        let samples = (0..<count).map { Int16($0 % 32_000 + 1) }
        let music = MixMusic(clip: AudioClip(samples: samples), start: 5003)
        let heard = (0..<120).flatMap { fill(music, at: 5003 + $0 * 20) }
        #expect(heard.indices.allSatisfy { heard[$0] == samples[$0 % count] })
    }

    @Test("Who comes later hears the place where it is then, in its own slot")
    func oneClock() {
        let samples = Sound.noise(milliseconds: 3000)
        let music = MixMusic(clip: AudioClip(samples: samples), start: 1000)
        for tick in [1000, 1001, 1019, 2507, 3840] as [Int64] {
            let place = Int(tick - 1000) * 8
            #expect(fill(music, at: tick).elementsEqual(samples[place..<(place + 160)]))
        }
    }

    @Test("A clip without samples, and one of which nothing is there yet, are silence")
    func empty() throws {
        let quiet = [Int16](repeating: 0, count: 160)
        #expect(fill(MixMusic(clip: AudioClip(samples: []), start: 0), at: 40) == quiet)
        let growing = AudioClip(growingIn: -1)
        #expect(fill(MixMusic(clip: growing, start: 0), at: 40) == quiet)
        growing.fail("no sound")
        #expect(fill(MixMusic(clip: growing, start: 0), at: 60) == quiet)
    }

    @Test("Music is heard by all who listen, at the same place, and nobody is heard")
    func heard() throws {
        let rounds = try MixRounds()
        let samples = Sound.noise(milliseconds: 2000)
        rounds.mix.hear(.music(AudioClip(samples: samples)), at: 100)
        let (one, two) = (rounds.add(), rounds.add())
        let deaf = rounds.add(MixMembership(listens: false))
        for member in [one, two, deaf] { member.beginTick(isAway: false) }
        #expect(!one.mayTalk)
        for tick in stride(from: 100, to: 900, by: 20) as StrideTo<Int64> {
            let place = Int(tick - 100) * 8
            #expect(rounds.heard(by: one, at: tick).elementsEqual(samples[place..<(place + 160)]))
            #expect(rounds.heard(by: two, at: tick, in: .pcma).elementsEqual(samples[place..<(place + 160)]))
            #expect(
                Array(rounds.workspace.payload) == samples[place..<(place + 160)].map { G711.pcma.encode($0) })
            #expect(rounds.heard(by: deaf, at: tick).allSatisfy { $0 == 0 })
        }
        // Begun again it begins at its start, also in what is shared.
        rounds.mix.hear(.music(AudioClip(samples: samples)), at: 880)
        #expect(rounds.heard(by: one, at: 880).elementsEqual(samples[..<160]))
    }

    // 0 dBm0 is 3.14 dB below a full-scale sine.
    @Test("A beep is heard whole in every slot, by all who listen but the one that it is about")
    func beep() throws {
        let rounds = try MixRounds()
        let (one, two, about) = (rounds.add(), rounds.add(), rounds.add())
        let deaf = rounds.add(MixMembership(listens: false))
        for member in [one, two, about, deaf] { member.beginTick(isAway: false) }
        rounds.mix.beep(at: 1000, except: about.session)
        var heard: [[Int16]] = [[], [], [], []]
        for round in 0..<20 as Range<Int64> {
            // Slots of their own.
            for (index, (member, slot)) in zip([one, two, about, deaf], [0, 19, 7, 8] as [Int64]).enumerated() {
                heard[index] += rounds.heard(by: member, at: 1000 + slot + round * 20)
            }
        }
        #expect(heard[0] == heard[1])
        #expect(heard[0][..<1600].contains { abs($0) > 1900 })
        #expect(heard[0][1600...].allSatisfy { $0 == 0 })
        #expect(SignalLevel.decibels(Array(heard[0][..<1600])) + 3.01 + 3.14 <= -18)
        #expect(Sound.largestStep(heard[0]) < 2100)
        #expect(abs(heard[0][0]) < 100 && abs(heard[0][1599]) < 100)
        #expect(heard[2].allSatisfy { $0 == 0 })
        #expect(heard[3].allSatisfy { $0 == 0 })
    }

    @Test("Beeps within 300 ms are one; later ones are another; who comes in the midst of one does not hear the rest")
    func merged() throws {
        let rounds = try MixRounds()
        let listener = rounds.add()
        listener.beginTick(isAway: false)
        for tick in [1000, 1100, 1299] as [Int64] { rounds.mix.beep(at: tick, except: nil) }
        #expect(rounds.mix.beep?.start == 1000)
        let late = rounds.add(at: 1040)
        late.beginTick(isAway: false)
        #expect(rounds.heard(by: listener, at: 1060).contains { $0 != 0 })
        #expect(rounds.heard(by: late, at: 1060).allSatisfy { $0 == 0 })
        rounds.mix.beep(at: 1300, except: nil)
        #expect(rounds.mix.beep?.start == 1300)
        #expect(rounds.heard(by: late, at: 1320).contains { $0 != 0 })
    }

    @Test("Over the talk it is added; over music and silence there is none")
    func overTalk() throws {
        let rounds = try MixRounds()
        let (talker, listener) = (rounds.add(), rounds.add())
        for member in [talker, listener] { member.beginTick(isAway: false) }
        let level = [Int16](repeating: 3000, count: 160)
        for _ in 0..<2 { talker.say(level.span) }
        let plain = rounds.heard(by: talker, at: 1040)
        #expect(plain.allSatisfy { $0 == 0 })
        rounds.mix.beep(at: 1040, except: nil)
        let beep = rounds.heard(by: talker, at: 1060)
        #expect(beep.contains { $0 != 0 })
        #expect(rounds.heard(by: listener, at: 1060) == zip(level, beep).map { $0 + $1 })
        rounds.mix.hear(.silence, at: 1080)
        #expect(rounds.mix.beep == nil)
        rounds.mix.beep(at: 1080, except: nil)
        #expect(rounds.mix.beep == nil)
        rounds.mix.hear(.music(AudioClip(samples: level)), at: 1080)
        rounds.mix.beep(at: 1080, except: nil)
        #expect(rounds.heard(by: listener, at: 1080) == level)
    }
}
