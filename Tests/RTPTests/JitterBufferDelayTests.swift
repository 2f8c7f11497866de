import RTP
import Testing

@Suite("What a jitter buffer forgets: its delay in a pause, and what was read")
struct JitterBufferDelayTests {
    private static let silence: UInt8 = 0xFF
    private static let step = 160

    private func frame(_ value: UInt8) -> [UInt8] { [UInt8](repeating: value, count: Self.step) }

    @discardableResult
    private func read(_ buffer: inout JitterBuffer, count: Int = Self.step) -> (bytes: [UInt8], absent: Int) {
        var bytes = [UInt8](repeating: 0, count: count)
        var span = bytes.mutableSpan
        let absent = buffer.read(into: &span, silence: Self.silence)
        return (bytes, absent)
    }

    /// A buffer whose delay has grown, as packets came late; the number of the next packet.
    private func grown(to delay: Int) -> (JitterBuffer, next: Int) {
        var buffer = JitterBuffer(minimumDelay: 160, maximumDelay: 640)
        buffer.insert(frame(1), timestamp: RTPTimestamp(0))
        var number = 0
        while buffer.delay < delay, number < 12 {
            number += 1
            // It comes when its time is over by a frame.
            while !buffer.isPast(RTPTimestamp(UInt32(number * Self.step)), count: Self.step) { read(&buffer) }
            buffer.insert(frame(1), timestamp: RTPTimestamp(UInt32(number * Self.step)))
        }
        return (buffer, number + 1)
    }

    @Test("After a pause of half a second the delay is the least again, and not before", arguments: [320, 480, 640])
    func pause(delay: Int) {
        var (buffer, _) = grown(to: delay)
        #expect(buffer.delay == delay)
        var reads = 0
        while buffer.delay == delay, reads < 100 {
            let absent = read(&buffer).absent
            #expect(absent == Self.step)
            reads += 1
        }
        #expect((20...25).contains(reads), "25 reads without a sample, some of which have been")
        #expect(buffer.delay == buffer.minimumDelay)
        // What comes next is heard after the least delay.
        buffer.insert(frame(9), timestamp: RTPTimestamp(1_000_000))
        #expect(read(&buffer).absent == Self.step)
        #expect(read(&buffer).bytes == frame(9))
    }

    @Test("A pause that is shorter leaves it as it is")
    func shortPause() {
        var (buffer, next) = grown(to: 480)
        for _ in 0..<15 { read(&buffer) }
        #expect(buffer.delay == 480)
        buffer.insert(frame(9), timestamp: RTPTimestamp(UInt32((next + 20) * Self.step)))
        var reads = 0
        while read(&buffer).absent == Self.step, reads < 100 { reads += 1 }
        #expect(buffer.delay == 480)
    }

    @Test("It grows by a step at a time, and no further than its maximum")
    func steps() {
        for delay in stride(from: 160, through: 640, by: 160) { #expect(grown(to: delay).0.delay == delay) }
        #expect(grown(to: 10_000).0.delay == 640)
    }

    @Test("Another source begins with the least delay, and hears nothing of the one before")
    func reset() {
        var (buffer, _) = grown(to: 640)
        buffer.insert(frame(7), timestamp: RTPTimestamp(100_000))
        buffer.reset()
        #expect(buffer.delay == 160)
        #expect(read(&buffer).absent == Self.step)
        buffer.insert(frame(9), timestamp: RTPTimestamp(100_160))
        #expect([read(&buffer).bytes, read(&buffer).bytes, read(&buffer).bytes] == [frame(255), frame(9), frame(255)])
    }

    @Test(
        "A lost packet is silence however long the stream has been, and never what stood in its place before",
        arguments: [80, 160, 240], [2, 3, 7])
    func lostAfterTheWrap(length: Int, period: Int) {
        var buffer = JitterBuffer(minimumDelay: 480, maximumDelay: 480)
        let start: UInt32 = .max - 30_000
        var sent: [UInt8] = []
        var heard: [UInt8] = []
        var number = 0
        // Five seconds: the strip is gone through ten times, and the timestamps begin anew.
        while heard.count < 40_000 {
            while sent.count < heard.count + Self.step {
                let value = UInt8(1 + number % 250)
                let isLost = number % period == 1
                if !isLost {
                    buffer.insert(
                        [UInt8](repeating: value, count: length), timestamp: RTPTimestamp(start &+ UInt32(sent.count)))
                }
                sent += [UInt8](repeating: isLost ? Self.silence : value, count: length)
                number += 1
            }
            heard += read(&buffer).bytes
        }
        #expect(heard.dropFirst(480).elementsEqual(sent.prefix(heard.count - 480)))
    }

    @Test("What was skipped to catch up is not heard later either")
    func skipped() {
        var buffer = JitterBuffer(minimumDelay: 160, maximumDelay: 320)
        for number in 0..<20 { buffer.insert(frame(5), timestamp: RTPTimestamp(UInt32(number * 160))) }
        // All of it is too much: the reader leaps, and what it leapt over lies where later samples come to lie.
        read(&buffer)
        #expect(read(&buffer).bytes == frame(5))
        for number in 20..<52 {
            if number % 4 == 0 { buffer.insert(frame(255), timestamp: RTPTimestamp(UInt32(number * 160))) }
            #expect(read(&buffer).bytes == frame(255), "\(number)")
        }
    }
}
