import RTP
import Testing

@Suite("Jitter buffer")
struct JitterBufferTests {
    let silence: UInt8 = 0xFF

    func frame(_ number: Int) -> [UInt8] { [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 160) }

    func read(_ buffer: inout JitterBuffer) -> (bytes: [UInt8], absent: Int) {
        var bytes = [UInt8](repeating: 0, count: 160)
        var span = bytes.mutableSpan
        let absent = buffer.read(into: &span, silence: silence)
        return (bytes, absent)
    }

    @Test("What is written comes out in order after the delay")
    func delay() {
        var buffer = JitterBuffer(minimumDelay: 320, maximumDelay: 320)
        var heard: [[UInt8]] = []
        for number in 0..<6 {
            #expect(buffer.insert(frame(number), timestamp: RTPTimestamp(UInt32(number) &* 160)) == .stored)
            heard.append(read(&buffer).bytes)
        }
        #expect(heard == [frame(255), frame(255), frame(0), frame(1), frame(2), frame(3)])
    }

    @Test("Packets out of order and doubled come out in order and once, across the timestamp's end")
    func reordering() {
        var buffer = JitterBuffer(minimumDelay: 480, maximumDelay: 480)
        let start = UInt32.max - 200
        for number in [0, 2, 1, 1, 0] {
            buffer.insert(frame(number), timestamp: RTPTimestamp(start &+ UInt32(number * 160)))
        }
        var heard: [[UInt8]] = []
        for _ in 0..<6 { heard.append(read(&buffer).bytes) }
        #expect(heard == [frame(255), frame(255), frame(255), frame(0), frame(1), frame(2)])
        #expect(buffer.lateDropped == 0)
    }

    @Test("A late packet is dropped and counted, and a lost one is silence and counted")
    func late() {
        var buffer = JitterBuffer(minimumDelay: 0, maximumDelay: 0)
        buffer.insert(frame(1), timestamp: RTPTimestamp(0))
        #expect(read(&buffer).absent == 0)
        buffer.insert(frame(3), timestamp: RTPTimestamp(320))
        #expect(read(&buffer).absent == 160)
        #expect(buffer.insert(frame(2), timestamp: RTPTimestamp(160)) == .late)
        #expect(read(&buffer).bytes == frame(3))
        #expect(buffer.lateDropped == 1)
        #expect(buffer.absentSamples == 160)
    }

    @Test("Late packets make an adaptive delay grow up to its maximum")
    func growth() {
        var buffer = JitterBuffer(minimumDelay: 160, maximumDelay: 480)
        for number in 0..<60 {
            // Every packet comes two frames after its time.
            _ = read(&buffer)
            if number == 0 || number >= 3 {
                let sent = number == 0 ? 0 : number - 2
                buffer.insert(frame(sent), timestamp: RTPTimestamp(UInt32(sent * 160)))
            }
        }
        #expect(buffer.delay > 160)
        #expect(buffer.delay <= 480)
        #expect(read(&buffer).absent == 0)
    }

    @Test("Packets of 10 and of 30 ms fill frames of 20 ms", arguments: [80, 240, 160, 1600])
    func otherLengths(length: Int) {
        var buffer = JitterBuffer(minimumDelay: 160, maximumDelay: 160)
        let signal = (0..<9600).map { UInt8(truncatingIfNeeded: $0 % 251) }
        var heard: [UInt8] = []
        var sent = 0
        while heard.count < 6400 {
            while sent < heard.count + 160, sent + length <= signal.count {
                buffer.insert(Array(signal[sent..<(sent + length)]), timestamp: RTPTimestamp(UInt32(sent)))
                sent += length
            }
            heard += read(&buffer).bytes
        }
        #expect(heard[160...].elementsEqual(signal[..<(6400 - 160)]))
    }

    @Test("A sender whose clock leaps in either direction is heard again", arguments: [1_000_000, -1_000_000, -3200])
    func leaps(distance: Int) {
        var buffer = JitterBuffer(minimumDelay: 160, maximumDelay: 160)
        var heard = 0
        for number in 0..<100 {
            let leap = number < 40 ? 0 : distance
            let timestamp = RTPTimestamp(UInt32(truncatingIfNeeded: number * 160 + leap))
            buffer.insert(frame(number), timestamp: timestamp)
            if read(&buffer).absent == 0 { heard += 1 }
        }
        #expect(heard >= 85)
    }

    @Test("A burst after a stall does not delay everything after it")
    func burst() {
        var buffer = JitterBuffer(minimumDelay: 160, maximumDelay: 320)
        for number in 0..<20 {
            buffer.insert(frame(number), timestamp: RTPTimestamp(UInt32(number * 160)))
        }
        _ = read(&buffer)
        let next = read(&buffer).bytes
        #expect(next[0] >= 18)
    }

    @Test("An empty packet and one that is too long are refused")
    func unusable() {
        var buffer = JitterBuffer()
        #expect(buffer.insert([UInt8](), timestamp: RTPTimestamp(0)) == .unusable)
        #expect(buffer.insert([UInt8](repeating: 0, count: 1601), timestamp: RTPTimestamp(0)) == .unusable)
        #expect(read(&buffer).absent == 160)
    }

    @Test("Any packets at all leave a buffer that works")
    func randomPackets() {
        var random = Seeded(5)
        var buffer = JitterBuffer()
        for _ in 0..<20_000 {
            let length = Int.random(in: 0...1700, using: &random)
            let timestamp = UInt32.random(in: 0 ... .max, using: &random)
            let near = UInt32.random(in: 0..<20_000, using: &random)
            buffer.insert(
                [UInt8](repeating: 1, count: length),
                timestamp: RTPTimestamp(Bool.random(using: &random) ? timestamp : near))
            _ = read(&buffer)
        }
        buffer.reset()
        buffer.insert(frame(9), timestamp: RTPTimestamp(0))
        for _ in 0..<3 { #expect(read(&buffer).absent == 160) }
        #expect(read(&buffer).bytes == frame(9))
    }
}
