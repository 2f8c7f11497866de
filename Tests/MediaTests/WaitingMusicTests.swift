import Testing

@testable import Media

@Suite("The server's own music for those who wait")
struct WaitingMusicTests {
    private let samples = AudioClip.waitingMusic.samples()

    private func levels(milliseconds: Int) -> [Double] {
        let length = AudioClip.rate * milliseconds / 1000
        return stride(from: 0, to: samples.count - length + 1, by: length).map {
            SignalLevel.decibels(Array(samples[$0..<$0 + length]))
        }
    }

    @Test("Sixteen seconds, the same each time")
    func length() {
        #expect(AudioClip.waitingMusic.milliseconds == 16_000)
        #expect(AudioClip.waitingMusic.isComplete)
        #expect(WaitingMusic.samples() == samples)
    }

    @Test("About −26 dBm0, throughout: no second is louder or softer by more than 3 dB, and nothing is near clipping")
    func level() {
        // G.711 has a full-scale sine, which is −3 dB here, at 3.14 dBm0.
        #expect(abs(SignalLevel.decibels(samples) + 3.01 + 3.14 + 26) < 0.1)
        for level in levels(milliseconds: 1000) { #expect(abs(level - WaitingMusic.decibels) < 3, "\(level)") }
        #expect(samples.allSatisfy { $0.magnitude < 8_192 })
    }

    @Test("The tones ring over the loop's end: there is neither a gap nor a click where it begins anew")
    func seam() throws {
        let first = try #require(samples.first)
        let last = try #require(samples.last)
        let steps = zip(samples, samples.dropFirst()).map { abs(Int($1) - Int($0)) }
        #expect(abs(Int(first) - Int(last)) < (steps.max() ?? 0) / 2)
        // No frame of 20 ms, the first and the last among them, is silent.
        #expect(levels(milliseconds: 20).allSatisfy { $0 > -50 })
        #expect(SignalLevel.decibels(Array(samples.prefix(40))) > -50, "what was struck last is heard still")
    }

    @Test("Nobody takes it for keys: in-band detection finds none in two rounds of it")
    func keys() {
        var detector = DTMFDetector()
        var found: [DTMFDetector.Detected] = []
        (samples + samples).withUnsafeBufferPointer { detector.feed($0, into: &found) }
        #expect(found.isEmpty)
        #expect(detector.pressed == nil)
    }
}
