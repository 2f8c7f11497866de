import CMedia
import RTP
import Telephony
import Testing

@testable import Media

@Suite("Slots of the wheel")
struct SlotWheelTests {
    final class Member {}

    @Test("A new session's first tick comes within ten slots, and no slot has two more than another")
    func spread() {
        var wheel = SlotWheel<Member>()
        var random = Seeded(8)
        for _ in 0..<200 {
            let tick = Int64.random(in: 0..<1_000_000, using: &random)
            let slot = wheel.add(Member(), next: tick)
            let wait = (slot - Int(tick % 20) + 20) % 20
            #expect(wait <= 10)
        }
        let loads = (0..<20).map { wheel[Int64($0)].count }
        #expect(wheel.count == 200)
        #expect((loads.max() ?? 0) - (loads.min() ?? 0) <= 4)
    }

    @Test("An empty wheel takes a session at once, and lets it go")
    func empty() {
        var wheel = SlotWheel<Member>()
        let member = Member()
        let slot = wheel.add(member, next: 47)
        #expect(slot == 7)
        wheel.remove(member, from: slot)
        #expect(wheel.count == 0)
        #expect(wheel[7].isEmpty)
    }
}

@Suite("Datagrams")
struct DatagramTests {
    @Test("A datagram arrived when it came, on the clock that nobody sets, however late it is read")
    func arrival() throws {
        let socket = try UDPSocket(boundTo: try #require(SocketAddress("127.0.0.1", port: 0)))
        let address = try #require(SocketAddress("127.0.0.1", port: socket.port))
        let inbox = try DatagramInbox()
        let before = cmedia_monotonic_nanoseconds()
        #expect([UInt8](repeating: 1, count: 12).withUnsafeBytes { socket.send($0, to: address) })
        var arrivals: [Int64] = []
        while arrivals.isEmpty {
            let taken = socket.receive(into: inbox)
            arrivals = (0..<taken).map { inbox[$0].arrivalNanoseconds }
        }
        // Two clocks were read, one after the other.
        let slack: Int64 = 1_000_000
        #expect(arrivals[0] >= before - slack && arrivals[0] <= cmedia_monotonic_nanoseconds())
    }
}

@Suite("Digits in time")
struct DigitScheduleTests {
    struct Sent: Equatable {
        var digit: Character
        var onsetMilliseconds: Int
        var duration: Int
    }

    /// The digits as a receiver understands them, and when the sequence was over.
    ///
    /// - Parameter stop: the tick at which the rest is left out.
    func send(_ steps: [DigitStep], stop: Int? = nil) -> (digits: [Sent], over: Int?) {
        var schedule = DigitSchedule()
        _ = schedule.add(DiallingID(rawValue: 1), steps)
        var digits: [Sent] = []
        var sent: [DiallingID] = []
        var frame = [Int16](repeating: 0, count: 160)
        for tick in 0..<2000 {
            if tick == stop { schedule.stop(DiallingID(rawValue: 1)) }
            let timestamp = RTPTimestamp(UInt32(tick * 160))
            let result = frame.withUnsafeMutableBufferPointer {
                schedule.next(timestamp: timestamp, asEvents: true, audio: $0, sent: &sent)
            }
            if case .event(let event, let start, let isMarked) = result {
                if isMarked {
                    digits.append(
                        Sent(digit: event.digit ?? "?", onsetMilliseconds: Int(start.rawValue) / 8, duration: 0))
                }
                digits[digits.count - 1].duration = Int(event.duration)
            }
            if !sent.isEmpty { return (digits, tick * 20) }
        }
        return (digits, nil)
    }

    func standard(_ text: String, pause: Int) -> [DigitStep] {
        let on = min(100, pause / 2)
        return text.flatMap { [DigitStep.tone($0, milliseconds: on), .wait(milliseconds: pause - on)] }
    }

    @Test("1234# has 2.000 s from first to last onset, each digit 100 ms")
    func standardPause() {
        let (digits, over) = send(standard("1234#", pause: 500))
        #expect(digits.map(\.digit) == Array("1234#"))
        #expect(digits.map(\.onsetMilliseconds) == [0, 500, 1000, 1500, 2000])
        #expect(digits.allSatisfy { $0.duration == 800 })
        #expect(over == 2500)
    }

    @Test("Pauses that are no multiple of the frame do not add up to an error", arguments: [100, 110, 133, 477, 999])
    func unevenPause(pause: Int) {
        let digits = send(standard("12345678901234567890", pause: pause)).digits
        #expect(digits.count == 20)
        for (index, digit) in digits.enumerated() {
            #expect(digit.onsetMilliseconds == index * pause / 20 * 20)
            #expect(digit.duration == min(100, pause / 2) * 8)
        }
    }

    @Test("A leading wait delays the first digit")
    func leadingWait() {
        let digits = send([.wait(milliseconds: 1500), .tone("7", milliseconds: 100)]).digits
        #expect(digits == [Sent(digit: "7", onsetMilliseconds: 1500, duration: 800)])
    }

    @Test("A sequence is over when its last end packet has been sent")
    func lastEnd() {
        #expect(send([.tone("7", milliseconds: 100)]).over == 140)
        #expect(send([]).over == 0)
        #expect(send([.tone("x", milliseconds: 100)]).over == 100)
    }

    @Test(
        "A sequence that is stopped ends with the digit that sounds, whole; before the first there is none",
        arguments: [(0, "", 0), (2, "1", 100), (5, "1", 100), (20, "1", 400), (26, "12", 600), (27, "12", 600)])
    func stopped(tick: Int, digits: String, over: Int) {
        let (sent, end) = send(standard("1234", pause: 500), stop: tick)
        #expect(String(sent.map(\.digit)) == digits)
        #expect(sent.allSatisfy { $0.duration == 800 }, "100 ms each")
        // The packets with the end of a digit are three.
        #expect((over...over + 60).contains(end ?? -1))
    }

    @Test("Tones in the audio are the digits, at the sample")
    func inBand() {
        var schedule = DigitSchedule()
        _ = schedule.add(DiallingID(rawValue: 1), standard("19*D", pause: 133))
        var line: [Int16] = []
        var sent: [DiallingID] = []
        var frame = [Int16](repeating: 0, count: 160)
        while sent.isEmpty {
            _ = frame.withUnsafeMutableBufferPointer {
                schedule.next(timestamp: RTPTimestamp(0), asEvents: false, audio: $0, sent: &sent)
            }
            line += frame
        }
        for index in 0..<4 {
            let onset = index * 133 * 8
            #expect(line[onset + 5] != 0)
            if index > 0 { #expect(line[(onset - 300)..<onset].allSatisfy { $0 == 0 }) }
        }
        var detector = DTMFDetector()
        var detected: [DTMFDetector.Detected] = []
        line.withUnsafeBufferPointer { detector.feed($0, into: &detected) }
        #expect(detected.map(\.digit) == Array("19*D"))
    }
}

@Suite("Playbacks in a row")
struct PlaybackQueueTests {
    func fill(_ queue: inout PlaybackQueue, _ ended: inout [(PlaybackID, PlaybackEnd)]) -> [Int16] {
        var frame = [Int16](repeating: 77, count: 160)
        frame.withUnsafeMutableBufferPointer { queue.fill($0, ended: &ended) }
        return frame
    }

    @Test("Clips follow each other within a frame, and the rest is silence")
    func noGap() {
        var queue = PlaybackQueue()
        _ = queue.add(PlaybackID(rawValue: 1), AudioClip(samples: [Int16](repeating: 1, count: 100)), loop: 1)
        _ = queue.add(PlaybackID(rawValue: 2), AudioClip(samples: [Int16](repeating: 2, count: 20)), loop: 2)
        var ended: [(PlaybackID, PlaybackEnd)] = []
        let frame = fill(&queue, &ended)
        #expect(
            frame == [Int16](repeating: 1, count: 100) + [Int16](repeating: 2, count: 40)
                + [Int16](repeating: 0, count: 20))
        #expect(ended.map(\.0) == [PlaybackID(rawValue: 1), PlaybackID(rawValue: 2)])
        #expect(ended.allSatisfy { $0.1 == .completed })
        #expect(queue.isEmpty)
    }

    @Test("An empty clip that loops for ever is over at once")
    func emptyForEver() {
        var queue = PlaybackQueue()
        _ = queue.add(PlaybackID(rawValue: 1), AudioClip(samples: []), loop: 0)
        var ended: [(PlaybackID, PlaybackEnd)] = []
        #expect(fill(&queue, &ended) == [Int16](repeating: 0, count: 160))
        #expect(ended.map(\.0) == [PlaybackID(rawValue: 1)])
    }

    @Test("A loop for ever goes on until it is removed")
    func forEver() {
        var queue = PlaybackQueue()
        _ = queue.add(PlaybackID(rawValue: 1), AudioClip(samples: [5, 6, 7]), loop: 0)
        var ended: [(PlaybackID, PlaybackEnd)] = []
        for _ in 0..<100 { #expect(!fill(&queue, &ended).contains(0)) }
        #expect(ended.isEmpty)
        let removals = [queue.remove(PlaybackID(rawValue: 1)), queue.remove(PlaybackID(rawValue: 1))]
        #expect(removals == [true, false])
    }

    @Test("A clip that failed plays what came before, and says why it ended")
    func failed() throws {
        let scratch = try Scratch()
        let path = try scratch.write(
            Sound.wav(format: 1, rate: 8000, channels: 1, bits: 16, data: Sound.bytes(Sound.noise(milliseconds: 3000))),
            to: "a.wav")
        var limits = AudioDecoder.Limits()
        limits.seconds = 2
        let clip = try AudioDecoder(limits: limits).open(path, decodingInto: scratch.path)
        var queue = PlaybackQueue()
        _ = queue.add(PlaybackID(rawValue: 1), clip, loop: 1)
        var ended: [(PlaybackID, PlaybackEnd)] = []
        var heard = 0
        while ended.isEmpty {
            if fill(&queue, &ended).contains(where: { $0 != 0 }) { heard += 1 }
        }
        #expect(ended.first?.1 == .failed("longer than 2 s"))
        #expect(heard > 50)
    }
}
