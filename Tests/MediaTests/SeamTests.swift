import Testing

@testable import Media

@Suite("From one source into another without a step")
struct SeamTests {
    @Test(
        "The next frame begins at the last sample of the former one, and is itself after 10 ms",
        arguments: [-32_768, -500, 0, 500, 32_767] as [Int16])
    func bridges(last: Int16) {
        var seam = Seam(from: .talk)
        seam.pass(.talk, last: last)
        let next = [Int16](repeating: 10_000, count: 160)
        var frame = next
        var span = frame.mutableSpan
        seam.close(&span)
        #expect(frame[0] == last)
        #expect(frame[80...].elementsEqual(next[80...]))
        #expect(Sound.largestStep(frame) <= 540)
    }

    @Test("Only another source is bridged, and silence only where it would be a step")
    func isOpen() {
        var seam = Seam(from: .nothing)
        #expect(!seam.isOpen(to: .nothing))
        #expect(seam.isOpen(to: .talk))
        #expect(!seam.isStep(to: .talk))
        seam.pass(.talk, last: 5)
        #expect(!seam.isOpen(to: .talk))
        #expect(!seam.isStep(to: .talk))
        #expect(seam.isStep(to: .nothing))
    }
}
