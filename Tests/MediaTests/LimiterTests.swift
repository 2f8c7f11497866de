import Testing

@testable import Media

@Suite("The limiter of a listener: no clipping, no wrapping, and what is not too loud is as it is")
struct LimiterTests {
    /// Ten sines whose sum is far beyond 16 bits: at −6 dBm0 each has an amplitude of 11,440.
    private static func tones(_ count: Int, frames: Int) -> [[Int32]] {
        let tones = (0..<count).map {
            Sound.sine(300 + 110 * Double($0), milliseconds: frames * 20, amplitude: 11_440)
        }
        return (0..<frames).map { frame in
            (0..<160).map { index in tones.reduce(0) { $0 + Int32($1[frame * 160 + index]) } }
        }
    }

    private func limit(_ limiter: inout Limiter, _ frame: [Int32]) -> [Int16] {
        var output = [Int16](repeating: 77, count: 160)
        var span = output.mutableSpan
        limiter.limit(frame.span, into: &span)
        return output
    }

    @Test("A sum within 16 bits comes out sample by sample, up to full scale")
    func unity() {
        var limiter = Limiter()
        for peak in [1, 327, 20_000, 32_766, 32_767] as [Int32] {
            let frame = (0..<160).map { Int32($0) % 2 == 0 ? peak : -peak }
            #expect(limit(&limiter, frame) == frame.map { Int16($0) })
            #expect(limiter.isAtRest)
        }
    }

    @Test("Ten at once are turned down together: no sample leaves 16 bits or changes its sign, and none is wrapped")
    func many() {
        var limiter = Limiter()
        var former = 0
        var loudest = 0
        for frame in Self.tones(10, frames: 100) {
            let output = limit(&limiter, frame)
            #expect(zip(output, frame).allSatisfy { Int($0) * Int($1) >= 0 })
            #expect(zip(output, frame).allSatisfy { Int($0).magnitude <= Int($1).magnitude })
            // Only in the first millisecond is anything cut off; from there on all have the same gain, or a rising one.
            let ratios = zip(output, frame).dropFirst(Limiter.attack).filter { abs($1) > 10_000 }.map {
                Double($0) / Double($1)
            }
            #expect(zip(ratios, ratios.dropFirst()).allSatisfy { $1 - $0 > -0.001 })
            for sample in output {
                #expect(abs(Int(sample) - former) <= 32_767)
                former = Int(sample)
                loudest = max(loudest, abs(former))
            }
        }
        // Not divided by the number of talkers: as loud as there is room for.
        #expect(loudest > 30_000)
    }

    @Test("Where the gain stands, all samples have it: the shape is that of the sum")
    func shape() {
        var limiter = Limiter()
        let frame = (0..<160).map { Int32(80_000 * ($0 % 4 < 2 ? 1 : -1)) }
        _ = limit(&limiter, frame)
        let second = limit(&limiter, frame.map { $0 / 2 })
        // 40,000 by the gain of 80,000: half of full scale.
        #expect(second.allSatisfy { abs(abs(Int($0)) - 16_383) <= 1 })
    }

    @Test("After 20 ms at full scale of one the others are back at their level within 140 ms", arguments: [1, 2, 5])
    func burst(frames: Int) {
        var limiter = Limiter()
        let quiet = Sound.sine(440, milliseconds: 20, amplitude: 3000).map(Int32.init)
        for _ in 0..<frames { _ = limit(&limiter, quiet.map { $0 + 32_767 * 9 }) }
        #expect(limiter.gain < 0.2)
        var needed = 0
        while !limiter.isAtRest, needed < 100 {
            let output = limit(&limiter, quiet)
            #expect(output.allSatisfy { abs(Int($0)) <= 3000 })
            needed += 1
        }
        #expect((3...7).contains(needed), "\(needed * 20) ms")
        #expect(limit(&limiter, quiet) == quiet.map { Int16($0) })
    }

    @Test("Frames in which there is nothing to hear count for the way back")
    func rests() {
        var limiter = Limiter()
        _ = limit(&limiter, [Int32](repeating: 200_000, count: 160))
        for _ in 0..<7 { limiter.rest() }
        #expect(limiter.isAtRest)
    }

    @Test("The gain moves without a step: down within a millisecond, up over whole frames")
    func ramps() {
        var limiter = Limiter()
        let steady = [Int32](repeating: 20_000, count: 160)
        var heard = limit(&limiter, steady).map(Int.init)
        var loud = steady
        for index in 100..<160 { loud[index] = 60_000 }
        heard += limit(&limiter, loud).map(Int.init)
        for _ in 0..<10 { heard += limit(&limiter, steady).map(Int.init) }
        // Until the loud part begins: from 20,000 to 10,922 over eight samples.
        let before = heard[..<260]
        #expect(zip(before, before.dropFirst()).allSatisfy { abs($1 - $0) <= 1200 })
        #expect(before.last.map { abs($0 - 10_922) <= 2 } == true)
        // A fifth of full gain over 160 samples.
        let after = heard[320...]
        #expect(zip(after, after.dropFirst()).allSatisfy { (0...40).contains($1 - $0) })
        #expect(after.last == 20_000)
    }
}
