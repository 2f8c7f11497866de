import Testing

@testable import Media

@Suite("A recording's two channels stand side by side as they did on the line")
struct SessionRecordingTests {
    private static let id = MediaSessionID(rawValue: 1, epoch: 1)
    private static let frame = 160

    /// What is in the file once all frames have been given, each pair with its lag.
    private func record(
        _ content: RecordingTarget.Content, longest: Int? = nil, heard: [[Int16]], said: [[Int16]], lag: (Int) -> Int
    ) throws -> (heard: [Int16], said: [Int16]) {
        let scratch = try Scratch()
        let path = scratch.file("a.wav")
        let writer = RecordingWriter { _ in }
        try writer.start()
        let target = RecordingTarget(path: path, content: content, longestMilliseconds: longest)
        var recording = SessionRecording(Self.id, target, writer)
        for number in heard.indices {
            var heard = heard[number], said = said[number]
            heard.withUnsafeMutableBufferPointer { heard in
                said.withUnsafeMutableBufferPointer { said in
                    recording.append(heard: heard, said: said, lag: lag(number), writer)
                }
            }
        }
        recording.finish(writer)
        writer.stop()
        guard content == .both else { return (try Sound.samples(ofRecording: path), []) }
        return (try Sound.channel(0, ofRecording: path), try Sound.channel(1, ofRecording: path))
    }

    /// Samples that are all different from their neighbours, those of each channel its own.
    private func frames(_ count: Int, from start: Int) -> [[Int16]] {
        (0..<count).map { number in
            (0..<Self.frame).map { Int16(truncatingIfNeeded: start + number * Self.frame + $0) | 1 }
        }
    }

    @Test(
        "All that was said is written, and beside it what was heard so much later; at the end silence",
        arguments: [1, 3, 10, 24, 25, 26, 49, 50, 51, 120], [0, 1, 159, 160, 200, 480, 1600])
    func lag(count: Int, lag: Int) throws {
        let heard = frames(count, from: 1), said = frames(count, from: 20_000)
        let file = try record(.both, heard: heard, said: said) { _ in lag }
        #expect(file.said == said.flatMap(\.self))
        #expect(file.heard.count == file.said.count)
        let late = heard.flatMap(\.self).dropFirst(lag)
        #expect(file.heard.prefix(late.count).elementsEqual(late))
        #expect(file.heard.dropFirst(late.count).allSatisfy { $0 == 0 })
    }

    @Test("While the delay grows, the silence that nobody sent is left out, and both go on side by side")
    func growth() throws {
        let said = frames(60, from: 20_000)
        var heard = frames(59, from: 1)
        heard.insert([Int16](repeating: 0, count: Self.frame), at: 30)
        let file = try record(.both, heard: heard, said: said) { $0 < 30 ? 320 : 480 }
        #expect(file.said == said.flatMap(\.self))
        let late = frames(59, from: 1).flatMap(\.self).dropFirst(320)
        #expect(file.heard.prefix(late.count).elementsEqual(late))
        #expect(file.heard.dropFirst(late.count).allSatisfy { $0 == 0 })
    }

    @Test("A member's own has what the others hear of it beside what it hears, frame by frame, whatever the delay")
    func membership() throws {
        let scratch = try Scratch()
        let path = scratch.file("a.wav")
        let writer = RecordingWriter { _ in }
        try writer.start()
        var recording = SessionRecording(Self.id, RecordingTarget(path: path, content: .membership), writer)
        let heard = frames(70, from: 1), said = frames(70, from: 20_000), voice = frames(70, from: 9000)
        for number in heard.indices {
            var heard = heard[number], said = said[number]
            heard.withUnsafeMutableBufferPointer { heard in
                said.withUnsafeMutableBufferPointer { said in
                    recording.append(
                        heard: heard, said: said, voice: number % 3 == 0 ? nil : voice[number], lag: 480, writer)
                }
            }
        }
        recording.finish(writer)
        writer.stop()
        let silence = [Int16](repeating: 0, count: Self.frame)
        let expected = voice.indices.flatMap { $0 % 3 == 0 ? silence : voice[$0] }
        #expect(try Sound.channel(0, ofRecording: path) == expected)
        #expect(try Sound.channel(1, ofRecording: path) == said.flatMap(\.self))
    }

    @Test(
        "A recording of what is heard alone has all of it, and nothing else", arguments: [1, 24, 25, 49, 50, 51, 120])
    func heardAlone(count: Int) throws {
        let heard = frames(count, from: 1)
        let file = try record(.heard, heard: heard, said: frames(count, from: 20_000)) { _ in 480 }
        #expect(file.heard == heard.flatMap(\.self))
    }

    @Test(
        "No file is longer than it may be, however late its end is told: what came until then is whole",
        arguments: [RecordingTarget.Content.heard, .both], [20, 30, 480, 500, 520, 1010])
    func longest(content: RecordingTarget.Content, milliseconds: Int) throws {
        let heard = frames(120, from: 1), said = frames(120, from: 20_000)
        let file = try record(content, longest: milliseconds, heard: heard, said: said) { _ in 0 }
        #expect(file.heard == heard.flatMap(\.self).dropLast(120 * Self.frame - milliseconds * 8))
        if content == .both { #expect(file.said == said.flatMap(\.self).prefix(milliseconds * 8).map(\.self)) }
    }

    @Test("What was said and waits for what is heard beside it counts as well")
    func longestWithLag() throws {
        let heard = frames(10, from: 1), said = frames(10, from: 20_000)
        let file = try record(.both, longest: 150, heard: heard, said: said) { _ in 1600 }
        #expect(file.said == said.flatMap(\.self).prefix(1200).map(\.self))
        #expect(file.heard == [Int16](repeating: 0, count: 1200))
    }
}
