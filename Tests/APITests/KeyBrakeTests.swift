import NIOCore
import Telephony
import Testing

@testable import API

@Suite("Wrong keys are answered the later, the more there are")
struct KeyBrakeTests {
    private static let start = NIODeadline.uptimeNanoseconds(0)

    private static func source(_ number: Int) throws -> ConnectionSource {
        try #require(ConnectionSource(text: "10.\(number >> 16).\(number >> 8 & 255).\(number & 255)"))
    }

    private static func account() -> AccountID {
        var random = SystemRandomNumberGenerator()
        return AccountID(random: &random)
    }

    @Test("Twenty are answered at once; then each waits as long as the pace demands, and no longer than five seconds")
    func pace() throws {
        var brake = KeyBrake(perMinute: 60)
        let source = try Self.source(1)
        for _ in 0..<20 { #expect(brake.wrongKey(from: source, for: nil, now: Self.start) == .zero) }
        for count in 1...5 {
            #expect(brake.wrongKey(from: source, for: nil, now: Self.start) == .seconds(Int64(count)))
        }
        for _ in 0..<1000 { #expect(brake.wrongKey(from: source, for: nil, now: Self.start) == .seconds(5)) }
        #expect(brake.wrongKey(from: source, for: nil, now: Self.start + .seconds(10)) == .zero)
    }

    @Test("Another address is not slowed")
    func otherAddress() throws {
        var brake = KeyBrake(perMinute: 60)
        for _ in 0..<1000 { _ = brake.wrongKey(from: try Self.source(1), for: nil, now: Self.start) }
        #expect(brake.wrongKey(from: try Self.source(2), for: nil, now: Self.start) == .zero)
    }

    @Test("One account is not guessed at from many addresses without delay, and others are not slowed by that")
    func account() throws {
        var brake = KeyBrake(perMinute: 60)
        let (guessed, other) = (Self.account(), Self.account())
        for number in 0..<200 {
            #expect(brake.wrongKey(from: try Self.source(number), for: guessed, now: Self.start) == .zero)
        }
        #expect(brake.wrongKey(from: try Self.source(200), for: guessed, now: Self.start) > .zero)
        #expect(brake.wrongKey(from: try Self.source(201), for: other, now: Self.start) == .zero)
        #expect(brake.wrongKey(from: try Self.source(202), for: nil, now: Self.start) == .zero)
    }

    @Test("Whoever has more addresses than are remembered is slowed all the same, until there is room again")
    func manyAddresses() throws {
        var brake = KeyBrake(perMinute: 60)
        for number in 0..<4096 {
            #expect(brake.wrongKey(from: try Self.source(number), for: nil, now: Self.start) == .zero)
        }
        let delays = try (5000..<5100).map { brake.wrongKey(from: try Self.source($0), for: nil, now: Self.start) }
        #expect(delays.prefix(20).allSatisfy { $0 == .zero })
        #expect(delays.suffix(80).allSatisfy { $0 > .zero })
        #expect(brake.wrongKey(from: try Self.source(6000), for: nil, now: Self.start + .seconds(2)) == .zero)
    }

    @Test("Where fewer than twenty a minute are let through, so many are at once, and one in a minute's part later")
    func few() throws {
        var brake = KeyBrake(perMinute: 15)
        let source = try Self.source(1)
        for _ in 0..<15 { #expect(brake.wrongKey(from: source, for: nil, now: Self.start) == .zero) }
        #expect(brake.wrongKey(from: source, for: nil, now: Self.start) == .seconds(4))
        // What came late is let through late: a quarter of a minute's fifteenth for each second.
        #expect(brake.wrongKey(from: source, for: nil, now: Self.start + .seconds(8)) == .zero)
        #expect(brake.wrongKey(from: source, for: nil, now: Self.start + .seconds(10)) == .seconds(2))
    }

    @Test("Of the address's delay and the account's the longer counts")
    func longer() throws {
        var brake = KeyBrake(perMinute: 60)
        let guessed = Self.account()
        for number in 0..<200 { _ = brake.wrongKey(from: try Self.source(number), for: guessed, now: Self.start) }
        let source = try Self.source(300)
        for _ in 0..<22 { _ = brake.wrongKey(from: source, for: nil, now: Self.start) }
        // The address's 23rd waits 3 s; the account's 201st a tenth of a second.
        #expect(brake.wrongKey(from: source, for: guessed, now: Self.start) == .seconds(3))
        #expect(brake.wrongKey(from: try Self.source(301), for: guessed, now: Self.start) == .milliseconds(200))
    }

    @Test("A server without the brake delays nothing")
    func off() throws {
        var brake = KeyBrake(perMinute: 0)
        for _ in 0..<1000 {
            #expect(brake.wrongKey(from: try Self.source(1), for: Self.account(), now: Self.start) == .zero)
        }
    }
}
