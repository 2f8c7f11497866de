import Telephony
import Testing

@testable import Media

@Suite("A conference by ear: who hears what", .timeLimit(.minutes(3)), .serialized)
struct MixByEarTests {
    /// −16 dBm0.
    static let amplitude = 3617.0

    /// With no common period but half a second: what coding adds to some is then spread evenly, and is at no other's
    /// frequency.
    static let tones = [442.0, 622, 1006, 1306]

    static func tone(_ hertz: Double, amplitude: Double = amplitude) -> [Int16] {
        Sound.sine(hertz, milliseconds: 1000, amplitude: amplitude)
    }

    @Test(
        "Three say a tone each, in either law: each hears the two others at their level, and not itself",
        arguments: [1, 3])
    func threeTones(threads: Int) async throws {
        let tones = Self.tones.prefix(3)
        let heard = try await onTime {
            let gathering = try await Gathering(threads: threads)
            for (number, hertz) in tones.enumerated() {
                await gathering.add(number, law: number == 1 ? .pcma : .pcmu, saying: Self.tone(hertz))
                gathering.join(number)
            }
            gathering.room.engine.hear(gathering.mix, .talk)
            await gathering.pass(1000)
            gathering.recordAll()
            await gathering.pass(1000)
            await gathering.finish()
            return (try tones.indices.map { try Sound.steady(gathering.heard($0)) }, gathering.engines)
        }
        for (listener, samples) in heard.enumerated() {
            for (talker, hertz) in tones.enumerated() {
                let level = Sound.decibels(of: hertz, in: samples, relativeTo: Self.amplitude)
                if talker == listener {
                    #expect(level < -50, "\(listener) hears itself")
                } else {
                    #expect(abs(level) < 1, "\(listener) hears \(talker)")
                }
            }
        }
    }

    @Test("Who may talk is heard by all who may listen, in all combinations; who may not listen hears silence")
    func talkAndListen() async throws {
        let tones = Self.tones
        let memberships = [
            MixMembership(), MixMembership(listens: false), MixMembership(talks: false),
            MixMembership(talks: false, listens: false),
        ]
        let heard = try await onTime {
            let gathering = try await Gathering()
            for (number, hertz) in tones.enumerated() {
                await gathering.add(number, saying: Self.tone(hertz))
                gathering.join(number)
            }
            gathering.room.engine.hear(gathering.mix, .talk)
            await gathering.pass(700)
            // The last of a hundred changes is what counts.
            for turn in 1...100 {
                for number in tones.indices {
                    gathering.room.engine.change(Gathering.session(number), memberships[(number + turn) % 4])
                }
            }
            await gathering.pass(700)
            gathering.recordAll()
            await gathering.pass(1000)
            await gathering.finish()
            return (try tones.indices.map { try Sound.steady(gathering.heard($0)) }, gathering.engines)
        }
        for (listener, samples) in heard.enumerated() {
            guard memberships[listener].listens else {
                #expect(samples.allSatisfy { $0 == 0 }, "\(listener)")
                continue
            }
            for (talker, hertz) in tones.enumerated() {
                let level = Sound.decibels(of: hertz, in: samples, relativeTo: Self.amplitude)
                let isHeard = talker != listener && memberships[talker].talks
                #expect(isHeard ? abs(level) < 1 : level < -50, "\(listener) of \(talker): \(level)")
            }
        }
    }

    // A level that never changes has no step of its own: each one that is heard is of our making.
    @Test("Who comes, goes, is muted, has a prompt or hangs up in the midst of its sound makes no click")
    func noClicks() async throws {
        let heard = try await onTime {
            let gathering = try await Gathering()
            let engine = gathering.room.engine
            await gathering.add(0)
            await gathering.add(1, saying: [Int16](repeating: 6000, count: 8000))
            gathering.join(0)
            engine.hear(gathering.mix, .talk)
            await gathering.pass(400)
            gathering.record(0)
            await gathering.pass(300)
            gathering.join(1)
            await gathering.pass(300)
            engine.change(Gathering.session(1), MixMembership(talks: false))
            await gathering.pass(200)
            engine.change(Gathering.session(1), MixMembership())
            await gathering.pass(200)
            engine.leave(Gathering.session(1))
            await gathering.pass(200)
            gathering.join(1)
            await gathering.pass(200)
            engine.play(
                Gathering.session(1), PlaybackID(rawValue: 1), AudioClip(samples: [Int16](repeating: 0, count: 2400)))
            await gathering.pass(600)
            engine.close(Gathering.session(1))
            await gathering.pass(600)
            await gathering.finish()
            return (try gathering.heard(0), gathering.engines)
        }
        // −40 dB of full scale.
        #expect(Sound.largestStep(heard) <= 328)
        let isLoud = heard.map { $0 > 5000 }
        let rises = zip(isLoud, isLoud.dropFirst()).filter { !$0 && $1 }.count
        let falls = zip(isLoud, isLoud.dropFirst()).filter { $0 && !$1 }.count
        #expect(rises == 4)
        #expect(falls == 4)
        #expect(heard.suffix(1600).allSatisfy { $0 == 0 })
    }

    @Test("Ten at −6 dBm0 at once: loud, and no sample wraps")
    func ten() async throws {
        let heard = try await onTime {
            let gathering = try await Gathering()
            for number in 0..<10 {
                await gathering.add(number, saying: Self.tone(300 + 100 * Double(number), amplitude: 11_440))
                gathering.join(number)
            }
            gathering.room.engine.hear(gathering.mix, .talk)
            await gathering.pass(700)
            gathering.record(3)
            await gathering.pass(1000)
            await gathering.finish()
            return (try Sound.steady(gathering.heard(3)), gathering.engines)
        }
        #expect(Sound.largestStep(heard) <= 32_767)
        #expect(heard.contains { abs(Int($0)) > 28_000 })
        let levels = (0..<10).filter { $0 != 3 }.map {
            Sound.decibels(of: 300 + 100 * Double($0), in: heard, relativeTo: 11_440)
        }
        #expect(levels.allSatisfy { (-14 ... -1).contains($0) }, "\(levels)")
        #expect((levels.max() ?? 0) - (levels.min() ?? 0) < 2, "one as loud as the other: \(levels)")
    }

    @Test("A beep is heard by all who listen but the one that it is about, once where two come together")
    func beeps() async throws {
        let heard = try await onTime {
            let gathering = try await Gathering()
            for number in 0..<4 {
                await gathering.add(number)
                gathering.join(number, MixMembership(listens: number != 3))
            }
            gathering.room.engine.hear(gathering.mix, .talk)
            await gathering.pass(500)
            gathering.recordAll()
            await gathering.pass(100)
            for _ in 0..<2 { gathering.room.engine.beep(gathering.mix, except: Gathering.session(2)) }
            await gathering.pass(900)
            await gathering.finish()
            return (try (0..<4).map { try gathering.heard($0) }, gathering.engines)
        }
        for listener in [0, 1] {
            let sounding = heard[listener].indices.filter { heard[listener][$0] != 0 }
            let first = try #require(sounding.first)
            let length = try #require(sounding.last) - first + 1
            #expect((1560...1600).contains(length), "\(length)")
            let level = Sound.decibels(
                of: MixBeep.hertz, in: Array(heard[listener][(first + 200)...].prefix(1200)), relativeTo: 32_767)
            #expect(abs(level - MixBeep.decibels) < 1)
        }
        #expect(heard[2].allSatisfy { $0 == 0 })
        #expect(heard[3].allSatisfy { $0 == 0 })
    }

    @Test("Music is heard by all before the conference begins, and by nobody from then on; nobody is heard before")
    func music() async throws {
        let tones = [450.0, 650]
        let heard = try await onTime {
            let gathering = try await Gathering()
            for (number, hertz) in tones.enumerated() {
                await gathering.add(number, saying: Self.tone(hertz))
                gathering.join(number)
            }
            gathering.room.engine.hear(gathering.mix, .music(AudioClip(samples: Self.tone(1250))))
            await gathering.pass(500)
            gathering.recordAll()
            await gathering.pass(800)
            gathering.room.engine.hear(gathering.mix, .talk)
            await gathering.pass(1000)
            await gathering.finish()
            return (try tones.indices.map { try gathering.heard($0) }, gathering.engines)
        }
        for (listener, samples) in heard.enumerated() {
            let music = Sound.presence(of: 1250, in: samples, above: 1000).dropLast(5)
            let talk = Sound.presence(of: tones[1 - listener], in: samples, above: 1000).dropLast(5)
            let lastOfMusic = try #require(music.lastIndex(of: true))
            let firstOfTalk = try #require(talk.firstIndex(of: true))
            #expect(abs(firstOfTalk - lastOfMusic) <= 5, "within 100 ms")
            #expect(music[20...(lastOfMusic - 2)].allSatisfy { $0 })
            #expect(talk[(firstOfTalk + 2)...].allSatisfy { $0 })
            #expect(firstOfTalk > 30 && talk.count - firstOfTalk > 20)
            let own = Sound.presence(of: tones[listener], in: samples, above: 1000)
            #expect(!own.contains(true))
        }
    }

    @Test("A recording of the mix has everybody and the beeps, no music; a member's own has what it said and heard")
    func recordings() async throws {
        let tones = Self.tones.prefix(3)
        let (mixed, ended, heard, said, path) = try await onTime {
            let gathering = try await Gathering()
            let engine = gathering.room.engine
            for (number, hertz) in tones.enumerated() {
                await gathering.add(number, saying: Self.tone(hertz))
                gathering.join(number)
            }
            engine.hear(gathering.mix, .music(AudioClip(samples: Self.tone(1250))))
            await gathering.pass(500)
            let (path, own) = (gathering.file("mix.wav"), gathering.file("own.wav"))
            engine.recordMix(gathering.mix, path: path)
            await gathering.pass(400)
            engine.hear(gathering.mix, .talk)
            engine.beep(gathering.mix)
            await gathering.pass(1000)
            engine.record(Gathering.session(0), RecordingTarget(path: own))
            await gathering.pass(1000)
            engine.stopRecordingMix(gathering.mix)
            engine.stopRecording(Gathering.session(0), path: own)
            let ended = await gathering.room.mixLog.first { if case .recordingEnded = $0 { true } else { false } }
            _ = await gathering.room.log.first { if case .recordingEnded = $0 { true } else { false } }
            await gathering.finish()
            let result = (
                try Sound.samples(ofRecording: path), ended, try Sound.channel(0, ofRecording: own),
                try Sound.channel(1, ofRecording: own), path
            )
            return (result, gathering.engines)
        }
        guard case .recordingEnded(let id, let ofFile, let milliseconds, let failure) = ended else { return }
        #expect(id == MixID(rawValue: 1))
        #expect(ofFile == path)
        #expect(failure == nil)
        #expect(milliseconds == mixed.count / 8)
        #expect(milliseconds >= 2350)
        #expect(mixed.prefix(2400).allSatisfy { $0 == 0 }, "music is no part of it")
        #expect(!Sound.presence(of: 1250, in: mixed, above: 1000).contains(true))
        let beeps = Sound.presence(of: MixBeep.hertz, in: mixed, above: 1000).filter { $0 }.count
        #expect((8...10).contains(beeps), "200 ms: \(beeps)")
        for hertz in tones {
            #expect(abs(Sound.decibels(of: hertz, in: Sound.steady(mixed), relativeTo: Self.amplitude)) < 1)
            let isOwn = hertz == tones[0]
            for (channel, has) in [(heard, isOwn), (said, !isOwn)] {
                // At the end stands what was said and, beside it, nothing: what was heard then lay in the jitter buffer.
                let steady = Sound.steady(Array(channel.dropLast(2400)))
                let level = Sound.decibels(of: hertz, in: steady, relativeTo: Self.amplitude)
                #expect(has ? abs(level) < 1 : level < -50, "\(hertz): \(level)")
            }
        }
    }

    @Test("A member's own has left what the others hear of it, right what it hears of them, at the same time")
    func membershipRecordings() async throws {
        let tones = Array(Self.tones.prefix(3))
        let files = try await onTime {
            let gathering = try await Gathering()
            let engine = gathering.room.engine
            for (number, hertz) in tones.enumerated() {
                await gathering.add(number, saying: Self.tone(hertz))
                gathering.join(number, MixMembership(talks: number != 2))
            }
            await gathering.pass(500)
            var paths = tones.indices.map { gathering.file("own-\($0).wav") }
            for (number, path) in paths.enumerated() {
                engine.record(Gathering.session(number), RecordingTarget(path: path, content: .membership))
            }
            // Beside it, of one of them, all else that may be recorded of a call.
            for content in [RecordingTarget.Content.both, .heard] {
                paths.append(gathering.file("\(content).wav"))
                engine.record(Gathering.session(0), RecordingTarget(path: paths.last ?? "", content: content))
            }
            await gathering.pass(400)
            engine.hear(gathering.mix, .talk)
            await gathering.pass(1000)
            engine.change(Gathering.session(0), MixMembership(talks: false))
            await gathering.pass(600)
            engine.hear(gathering.mix, .silence)
            await gathering.pass(400)
            for (index, path) in paths.enumerated() {
                engine.stopRecording(Gathering.session(index < tones.count ? index : 0), path: path)
            }
            await gathering.room.log.count(paths.count) { if case .recordingEnded = $0 { true } else { false } }
            await gathering.finish()
            let whole = try (Sound.channel(0, ofRecording: paths[3]).count, Sound.samples(ofRecording: paths[4]).count)
            let channels = try tones.indices.map { number in
                try (0...1).map { try Sound.channel($0, ofRecording: paths[number]) }
            }
            return ((channels: channels, whole: whole), gathering.engines)
        }
        for (number, channels) in files.channels.enumerated() {
            #expect(channels[0].count == channels[1].count)
            #expect(channels[0].count >= 2350 * 8, "from the one order to the other")
            for (channel, says) in [(0, number == 2 ? [] : [number]), (1, [0, 1].filter { $0 != number })] {
                let samples = channels[channel]
                for (who, hertz) in tones.enumerated() {
                    let found = Sound.presence(of: hertz, in: samples, above: 1000)
                    guard says.contains(who) else {
                        #expect(!found.contains(true), "\(hertz) in channel \(channel) of \(number)")
                        continue
                    }
                    let first = try #require(found.firstIndex(of: true))
                    let last = try #require(found.lastIndex(of: true))
                    // 400 ms before the talk, then it, then 600 ms in which one is muted, 400 ms behind it.
                    #expect(first >= 18)
                    let end = found.count - (who == 0 ? 50 : 20)
                    #expect(abs(last - end) <= 5, "\(hertz) in channel \(channel) of \(number): \(last), not \(end)")
                    let steady = Array(samples[((first + 5) * 160)..<((first + 30) * 160)])
                    #expect(abs(Sound.decibels(of: hertz, in: steady, relativeTo: Self.amplitude)) < 1)
                }
            }
        }
        // As the talk begins and ends for both at once, so it does in both channels.
        for (number, other) in [(0, 1), (1, 0)] {
            let own = Sound.presence(of: tones[number], in: files.channels[number][0], above: 1000)
            let others = Sound.presence(of: tones[other], in: files.channels[number][1], above: 1000)
            let (first, firstOfOthers) = (own.firstIndex(of: true) ?? -9, others.firstIndex(of: true) ?? 99)
            #expect(abs(first - firstOfOthers) <= 1, "within 20 ms")
        }
        #expect(files.channels[2][0].allSatisfy { $0 == 0 }, "who is muted has said nothing")
        let muted = files.channels[0][0].suffix(700 * 8)
        #expect(muted.allSatisfy { $0 == 0 })
        for count in [files.whole.0, files.whole.1] { #expect(abs(count - files.channels[0][0].count) <= 320) }
    }

    @Test("Who talks is told of, and that it is quiet where it leaves")
    func talkIsTold() async throws {
        let gathering = try await Gathering()
        await gathering.add(0, saying: Self.tone(440))
        await gathering.add(1)
        for number in [0, 1] { gathering.join(number, MixMembership(observesTalk: true)) }
        gathering.room.engine.hear(gathering.mix, .talk)
        let mix = gathering.mix
        _ = await gathering.room.mixLog.first { $0 == .talk(mix, Gathering.session(0), isTalking: true) }
        gathering.room.engine.leave(Gathering.session(0))
        _ = await gathering.room.mixLog.first { $0 == .talk(mix, Gathering.session(0), isTalking: false) }
        await gathering.finish()
        let told = gathering.room.mixLog.all.compactMap { event -> MediaSessionID? in
            if case .talk(_, let session, _) = event { session } else { nil }
        }
        #expect(Set(told) == [Gathering.session(0)])
    }
}
