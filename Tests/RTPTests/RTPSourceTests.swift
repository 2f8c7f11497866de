import RTP
import Testing

@Suite("RTP source, RFC 3550 A.1, A.3, A.8")
struct RTPSourceTests {
    /// A source that has passed its probation with the sequence numbers `first` and `first + 1`.
    func valid(from first: UInt16) -> RTPSource {
        var source = RTPSource(ssrc: 1, first: SequenceNumber(first))
        _ = source.receive(SequenceNumber(first))
        _ = source.receive(SequenceNumber(first &+ 1))
        return source
    }

    @Test("Distances go the shorter way around")
    func distances() {
        #expect(SequenceNumber(65_535).distance(to: SequenceNumber(0)) == 1)
        #expect(SequenceNumber(0).distance(to: SequenceNumber(65_535)) == -1)
        #expect(SequenceNumber(65_535).next == SequenceNumber(0))
        #expect(RTPTimestamp(.max).distance(to: RTPTimestamp(159)) == 160)
        #expect(RTPTimestamp(5).advanced(by: -10).rawValue == UInt32.max - 4)
    }

    @Test("Two packets in a row make a source valid, one does not")
    func probation() {
        var source = RTPSource(ssrc: 1, first: SequenceNumber(10))
        #expect(source.receive(SequenceNumber(10)) == .onProbation)
        #expect(!source.isValid)
        #expect(source.receive(SequenceNumber(11)) == .becameValid)
        #expect(source.isValid)
        #expect(source.received == 2, "the first one was kept")
        #expect(source.lost == 0)
    }

    @Test("As many packets in a row as are asked for make a source valid", arguments: [1, 2, 5, 64])
    func longProbation(sequential: Int) {
        var source = RTPSource(ssrc: 1, first: SequenceNumber(65_530), sequential: sequential)
        for number in 1..<sequential {
            #expect(source.receive(SequenceNumber(65_529).advanced(by: number)) == .onProbation)
        }
        #expect(source.receive(SequenceNumber(65_529).advanced(by: sequential)) == .becameValid)
        #expect(source.received == UInt64(sequential))
        #expect(source.lost == 0)
        #expect(source.receive(SequenceNumber(65_529).advanced(by: sequential)) == .duplicate)
    }

    @Test("A network that doubles every packet does not put them out of order")
    func doubledProbation() {
        var source = RTPSource(ssrc: 1, first: SequenceNumber(10), sequential: 3)
        let verdicts = [10, 10, 11, 11, 12, 12].map { source.receive(SequenceNumber($0)) }
        #expect(verdicts == [.onProbation, .duplicate, .onProbation, .duplicate, .becameValid, .duplicate])
    }

    @Test("A sender that steps its numbers back while its clock goes on is no duplicate", arguments: [10, 50, 99])
    func steppedBack(by step: Int) {
        var source = RTPSource(ssrc: 1, first: SequenceNumber(1000))
        for number in 0..<200 {
            _ = source.receive(
                SequenceNumber(1000).advanced(by: number), timestamp: RTPTimestamp(UInt32(number * 160)))
        }
        for number in 200..<300 {
            let verdict = source.receive(
                SequenceNumber(1000).advanced(by: number - step), timestamp: RTPTimestamp(UInt32(number * 160)))
            #expect(verdict == .accepted)
        }
        #expect(source.lost == 0)
        #expect(source.received == 300)
        let again = source.receive(
            SequenceNumber(1000).advanced(by: 299 - step), timestamp: RTPTimestamp(299 * 160))
        #expect(again == .duplicate)
    }

    @Test("A gap on probation begins it anew")
    func brokenProbation() {
        var source = RTPSource(ssrc: 1, first: SequenceNumber(10))
        #expect(source.receive(SequenceNumber(10)) == .onProbation)
        #expect(source.receive(SequenceNumber(13)) == .onProbation)
        #expect(source.receive(SequenceNumber(7)) == .onProbation)
        #expect(source.receive(SequenceNumber(8)) == .becameValid)
    }

    @Test("The extended sequence number counts the cycles")
    func cycles() {
        var source = valid(from: 65_533)
        for number: UInt16 in [65_535, 0, 1] { #expect(source.receive(SequenceNumber(number)) == .accepted) }
        #expect(source.extendedHighestSequence == 0x1_0001)
        #expect(source.received == 5)
        #expect(source.expected == 5)
    }

    @Test("What is missing is lost, and found again when it was only late")
    func lossAndReordering() {
        var source = valid(from: 100)
        #expect(source.receive(SequenceNumber(105)) == .accepted)
        #expect(source.lost == 3)
        #expect(source.receive(SequenceNumber(103)) == .accepted)
        #expect(source.lost == 2)
        #expect(source.extendedHighestSequence == 105)
    }

    @Test("A duplicate is told apart and makes up for no loss")
    func duplicates() {
        var source = valid(from: 100)
        #expect(source.receive(SequenceNumber(101)) == .duplicate)
        #expect(source.receive(SequenceNumber(104)) == .accepted)
        #expect(source.receive(SequenceNumber(104)) == .duplicate)
        #expect(source.duplicates == 2)
        #expect(source.lost == 2)
    }

    @Test("Numbers that another source of the sender has used are not missing, and all others are")
    func sharedNumbers() {
        var source = valid(from: 65_533)
        for number: UInt16 in [65_535, 0, 1, 700] { source.passOver(SequenceNumber(number)) }
        #expect(source.receive(SequenceNumber(2)) == .accepted)
        #expect(source.lost == 0)
        #expect(source.received == 3)
        #expect(source.receive(SequenceNumber(5)) == .accepted)
        #expect(source.lost == 2)
    }

    @Test("A leap is not followed until a second packet confirms it")
    func leap() {
        var source = valid(from: 100)
        #expect(source.receive(SequenceNumber(40_000)) == .leapt)
        #expect(source.extendedHighestSequence == 101)
        #expect(source.receive(SequenceNumber(102)) == .accepted)
        #expect(source.receive(SequenceNumber(20_000)) == .leapt)
        #expect(source.receive(SequenceNumber(20_001)) == .becameValid)
        #expect(source.extendedHighestSequence == 20_001)
        #expect(source.received == 5, "the first one after the leap was kept")
        #expect(source.lost == 0)
    }

    @Test("A gap at the limit is loss, one beyond it a leap")
    func dropoutLimit() {
        var source = valid(from: 0)
        #expect(source.receive(SequenceNumber(1 + 3000)) == .accepted)
        #expect(source.lost == 2999)
        #expect(source.receive(SequenceNumber(3001 + 3001)) == .leapt)
    }

    @Test("The fraction lost covers the time since the last report")
    func fraction() {
        var source = valid(from: 0)
        _ = source.receive(SequenceNumber(2))
        _ = source.receive(SequenceNumber(4))
        let first = source.report()
        #expect(first.fractionLost == 51)  // one of five
        #expect(first.cumulativeLost == 1)
        for number: UInt16 in 5...8 { _ = source.receive(SequenceNumber(number)) }
        let second = source.report()
        #expect(second.fractionLost == 0)
        #expect(second.cumulativeLost == 1)
    }

    @Test("Even spacing has no jitter; alternating delays of 80 units approach 80")
    func jitter() {
        var even = valid(from: 0)
        var uneven = valid(from: 0)
        for packet: UInt32 in 0..<400 {
            let timestamp = RTPTimestamp(packet &* 160)
            even.measureJitter(timestamp: timestamp, arrival: RTPTimestamp(packet &* 160 &+ 12_345))
            uneven.measureJitter(timestamp: timestamp, arrival: RTPTimestamp(packet &* 160 &+ packet % 2 * 80))
        }
        #expect(even.jitter == 0)
        #expect((78...80).contains(uneven.jitter))
    }

    @Test("Any sequence of numbers keeps the counters sensible")
    func randomSequences() {
        for seed: UInt64 in 0..<50 {
            var random = Seeded(seed)
            var source = RTPSource(ssrc: 1, first: SequenceNumber(0))
            var number: UInt16 = 0
            for _ in 0..<2000 {
                switch Int.random(in: 0..<10, using: &random) {
                case 0: number = UInt16.random(in: 0 ... .max, using: &random)
                case 1: number &-= UInt16.random(in: 0...200, using: &random)
                default: number &+= 1
                }
                _ = source.receive(SequenceNumber(number))
                source.measureJitter(
                    timestamp: RTPTimestamp(UInt32.random(in: 0 ... .max, using: &random)), arrival: RTPTimestamp(0))
                #expect(source.received <= source.expected)
                #expect(source.lost == source.expected - source.received)
            }
            #expect(source.isValid)
        }
    }
}
