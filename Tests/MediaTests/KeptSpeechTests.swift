import Foundation
import RTP
import Synchronization
import Telephony
import Testing

@testable import Media

/// A disk that has so much room, and counts what is asked of it.
private final class Room: DiskRoom {
    private let state: Mutex<(left: Int, claims: [Int], givenBack: [Int])>

    init(_ bytes: Int) { state = Mutex((bytes, [], [])) }

    var claims: [Int] { state.withLock { $0.claims } }
    var givenBack: [Int] { state.withLock { $0.givenBack } }

    func claim(_ bytes: Int) -> Bool {
        state.withLock { state in
            state.claims.append(bytes)
            guard bytes <= state.left else { return false }
            state.left -= bytes
            return true
        }
    }

    func giveBack(_ bytes: Int) { state.withLock { $0.givenBack.append(bytes) } }
}

@Suite("Speech that is kept, to its limits")
struct KeptSpeechTests {
    /// Of two letters: the file of 40 samples then has 100 bytes.
    private static func key(_ number: Int) -> SpeechCache.Key {
        let letter = String(UnicodeScalar(UInt8(ascii: "0") + UInt8(number)))
        return SpeechCache.Key(text: "t\(letter)", voice: "v", wordsPerMinute: 100)
    }

    private static func clip(_ sample: Int, count: Int = 40) -> AudioClip {
        AudioClip(samples: [Int16](repeating: Int16(sample), count: count))
    }

    private func names(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    }

    @Test("A file is named by the hash of voice, speed and text, so that another release finds it")
    func name() throws {
        let scratch = try Scratch()
        let folder = scratch.file("cache")
        SpeechCache(folder: folder, maximumBytes: 1000).store(Self.clip(1), for: Self.key(0))
        #expect(try names(folder) == ["f015b41deb060ca2.speech"])
        let file = try Data(contentsOf: URL(fileURLWithPath: folder + "/f015b41deb060ca2.speech"))
        #expect(Array(file.prefix(20)) == Array("BSP1".utf8) + [8, 0, 0, 0, 40, 0, 0, 0] + Array("v\n100\nt0".utf8))
        #expect(file.count == 100)
    }

    @Test("The folder may be full to the byte; beyond that it shrinks to nine tenths, the longest unused first")
    func full() throws {
        let scratch = try Scratch()
        let cache = SpeechCache(folder: scratch.file("cache"), maximumBytes: 1000, maximumBytesInMemory: 0)
        for number in 0..<10 { cache.store(Self.clip(number), for: Self.key(number)) }
        #expect(cache.bytes == 1000)
        #expect(cache.clip(for: Self.key(1))?.samples() == Self.clip(1).samples())
        cache.store(Self.clip(10), for: Self.key(10))
        #expect(cache.bytes == 900)
        let there = (0...10).filter { cache.clip(for: Self.key($0)) != nil }
        #expect(there == [1, 3, 4, 5, 6, 7, 8, 9, 10], "1 has been used meanwhile")
        #expect(try names(scratch.file("cache")).count == 9)
    }

    @Test("What is said anew takes the former's place, and no file is larger than the folder")
    func again() throws {
        let scratch = try Scratch()
        let cache = SpeechCache(folder: scratch.file("cache"), maximumBytes: 120)
        cache.store(Self.clip(1), for: Self.key(0))
        cache.store(Self.clip(2, count: 50), for: Self.key(0))
        #expect(cache.bytes == 120 && cache.clip(for: Self.key(0))?.samples() == Self.clip(2, count: 50).samples())
        cache.store(Self.clip(3, count: 51), for: Self.key(1))
        #expect(cache.bytes == 120 && cache.clip(for: Self.key(1)) == nil)
    }

    @Test("Memory keeps what is at most a quarter of it, and the last used of that")
    func memory() throws {
        let scratch = try Scratch()
        let cache = SpeechCache(folder: scratch.file("cache"), maximumBytes: 100_000, maximumBytesInMemory: 320)
        for number in 0..<4 { cache.store(Self.clip(number), for: Self.key(number)) }
        #expect((0..<4).allSatisfy { cache.clipInMemory(for: Self.key($0)) != nil })
        _ = cache.clipInMemory(for: Self.key(0))
        cache.store(Self.clip(4), for: Self.key(4))
        #expect((0..<5).filter { cache.clipInMemory(for: Self.key($0)) != nil } == [0, 2, 3, 4])
        cache.store(Self.clip(5, count: 41), for: Self.key(5))
        #expect(cache.clipInMemory(for: Self.key(5)) == nil)
        // What is used again comes back.
        #expect(cache.clip(for: Self.key(1))?.samples() == Self.clip(1).samples())
        #expect((0..<6).filter { cache.clipInMemory(for: Self.key($0)) != nil } == [1, 2, 3, 4])
    }

    @Test("What is in memory is heard though its file is gone; what is not is forgotten then")
    func fileGone() throws {
        for (bytes, isHeard) in [(1 << 20, true), (0, false)] {
            let scratch = try Scratch()
            let folder = scratch.file("cache")
            let cache = SpeechCache(folder: folder, maximumBytes: 1000, maximumBytesInMemory: bytes)
            cache.store(Self.clip(1), for: Self.key(0))
            for name in try names(folder) { try FileManager.default.removeItem(atPath: folder + "/" + name) }
            #expect((cache.clip(for: Self.key(0)) != nil) == isHeard)
            #expect(cache.bytes == (isHeard ? 100 : 0))
        }
    }

    @Test("A disk without room for it keeps nothing; what was claimed is given back, once")
    func room() throws {
        let scratch = try Scratch()
        let room = Room(150)
        let folder = scratch.file("cache")
        let cache = SpeechCache(folder: folder, maximumBytes: 1000, room: room)
        cache.store(Self.clip(1), for: Self.key(0))
        cache.store(Self.clip(1), for: Self.key(1))
        #expect(room.claims == [100, 100] && room.givenBack == [100])
        #expect(try cache.bytes == 100 && names(folder).count == 1 && cache.clip(for: Self.key(1)) == nil)
    }

    @Test("Room for others is made of what was not used for longest")
    func makesRoom() throws {
        let scratch = try Scratch()
        let cache = SpeechCache(folder: scratch.file("cache"), maximumBytes: 1000, maximumBytesInMemory: 0)
        for number in 0..<5 { cache.store(Self.clip(number), for: Self.key(number)) }
        cache.makeRoom(101)
        #expect(cache.bytes == 300 && cache.clip(for: Self.key(1)) == nil && cache.clip(for: Self.key(2)) != nil)
        cache.makeRoom(100)
        #expect(cache.bytes == 200 && cache.clip(for: Self.key(2)) != nil && cache.clip(for: Self.key(3)) == nil)
        cache.makeRoom(5000)
        #expect(try cache.bytes == 0 && names(scratch.file("cache")).isEmpty)
    }

    @Test("The next run knows what was used when, and clears away what was half written")
    func nextRun() throws {
        let scratch = try Scratch()
        let folder = scratch.file("cache")
        let first = SpeechCache(folder: folder, maximumBytes: 1000)
        var named: [String] = []
        for number in 0..<10 {
            first.store(Self.clip(number), for: Self.key(number))
            named += try names(folder).filter { !named.contains($0) }
        }
        for (number, name) in named.enumerated() {
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: 1_700_000_000 - Double(number))],
                ofItemAtPath: folder + "/" + name)
        }
        for other in ["x.speech.17-1", "note.txt"] {
            try Data([1]).write(to: URL(fileURLWithPath: folder + "/" + other))
        }
        let second = SpeechCache(folder: folder, maximumBytes: 1000)
        #expect(second.bytes == 1000)
        #expect(try names(folder) == (named + ["note.txt"]).sorted())
        #expect((0..<10).allSatisfy { second.clipInMemory(for: Self.key($0)) == nil })
        second.store(Self.clip(10), for: Self.key(10))
        #expect((0...10).filter { second.clip(for: Self.key($0)) != nil } == [0, 1, 2, 3, 4, 5, 6, 7, 10])
    }
}

@Suite("Digits in a row, to their limits")
struct DigitLimitTests {
    private static func id(_ number: Int) -> DiallingID { DiallingID(rawValue: UInt64(number)) }

    /// The frames until everything is over, as `e` and the digit, `a`, and what was over before which.
    private func run(_ schedule: inout DigitSchedule, limit: Int = 5000) -> (
        frames: [String], over: [Int: [DiallingID]]
    ) {
        var frames: [String] = []
        var over: [Int: [DiallingID]] = [:]
        var audio = [Int16](repeating: 0, count: 160)
        while frames.count < limit {
            var sent: [DiallingID] = []
            let frame = audio.withUnsafeMutableBufferPointer {
                schedule.next(
                    timestamp: RTPTimestamp(UInt32(frames.count * 160)), asEvents: true, audio: $0, sent: &sent)
            }
            if !sent.isEmpty { over[frames.count] = sent }
            switch frame {
            case .free: return (frames, over)
            case .audio: frames.append("a")
            case .event(let event, _, _): frames.append("e\(event.digit ?? "?")")
            }
        }
        return (frames, over)
    }

    @Test("64 sequences wait, and no 65th; all are told in order when they are left out")
    func most() {
        var schedule = DigitSchedule()
        #expect(schedule.isEmpty)
        for number in 0..<64 { #expect(schedule.add(Self.id(number), [.wait(milliseconds: 20)]) == true) }
        #expect(schedule.add(Self.id(64), []) == false)
        #expect(schedule.removeAll() == (0..<64).map(Self.id) && schedule.isEmpty)
        #expect(schedule.add(Self.id(65), []) == true)
    }

    @Test("One sequence follows another, each told when it is over")
    func follow() {
        var schedule = DigitSchedule()
        _ = schedule.add(Self.id(1), [.tone("1", milliseconds: 40), .wait(milliseconds: 60)])
        _ = schedule.add(Self.id(2), [])
        _ = schedule.add(Self.id(3), [.wait(milliseconds: 20), .tone("#", milliseconds: 20)])
        let (frames, over) = run(&schedule)
        // 40 ms: one packet, and three with the end.
        #expect(frames == ["e1", "e1", "e1", "e1", "a", "a", "e#", "e#", "e#"])
        #expect(over == [5: [Self.id(1), Self.id(2)], 9: [Self.id(3)]])
    }

    @Test("What waits can be left out, what nobody knows cannot")
    func stop() {
        var schedule = DigitSchedule()
        _ = schedule.add(Self.id(1), [.tone("1", milliseconds: 20)])
        _ = schedule.add(Self.id(2), [.tone("2", milliseconds: 20), .wait(milliseconds: 5000)])
        schedule.stop(Self.id(2))
        schedule.stop(Self.id(3))
        let (frames, over) = run(&schedule)
        #expect(frames == ["e1", "e1", "e1"] && over == [3: [Self.id(1), Self.id(2)]])
    }

    @Test("4096 steps are sent, each of a minute at most and none of less than nothing")
    func steps() {
        var schedule = DigitSchedule()
        _ = schedule.add(Self.id(1), [DigitStep](repeating: .wait(milliseconds: 20), count: 5000))
        #expect(run(&schedule).frames.count == 4096)
        #expect(DigitStep.wait(milliseconds: 60_000).milliseconds == 60_000)
        #expect(DigitStep.wait(milliseconds: 60_001).milliseconds == 60_000)
        #expect(DigitStep.tone("1", milliseconds: -1).milliseconds == 0)
        #expect(DigitStep.tone("1", milliseconds: 1).milliseconds == 1)
    }
}

@Suite("What the system refuses")
struct MediaFailureTests {
    @Test("A port that another program holds is named, and no other's fault is taken for that")
    func takenPort() throws {
        let address = try #require(SocketAddress("127.0.0.1", port: 5000))
        for (number, port) in [(EADDRINUSE, 5000), (-EADDRINUSE, 5000), (EACCES, nil), (-ENFILE, nil)]
            as [(Int32, UInt16?)]
        {
            let failure = MediaFailure(binding: address, errno: Int(number))
            #expect(failure.takenPort == port, "\(number)")
            #expect(failure.description.hasPrefix("binding ") && failure.description.contains("5000: "))
        }
        #expect(MediaFailure("opening", errno: -Int(EACCES)).description == "opening: Permission denied")
        #expect(MediaFailure("opening", errno: Int(EACCES)).takenPort == nil)
    }

    @Test("A payload type names a law, or none (RFC 3551 §6)")
    func laws() {
        for number in 0..<128 as Range<UInt8> {
            #expect(G711(payloadType: number) == (number == 0 ? .pcmu : number == 8 ? .pcma : nil))
        }
        #expect(G711.pcmu.payloadType == 0 && G711.pcma.payloadType == 8)
        #expect(G711.pcmu.encode(0) == G711.pcmu.silence && G711.pcma.encode(0) == G711.pcma.silence)
    }
}
