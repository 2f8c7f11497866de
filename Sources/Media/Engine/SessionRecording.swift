/// The side of a recording where the sound is made: collects half a second at a time and hands it to the writer.
struct SessionRecording {
    private static let framesPerBlock = 4000

    let path: String
    let content: RecordingTarget.Content
    private let channels: Int
    private let file: RecordingWriter.FileID
    /// Of both channels in turn where there are two.
    private var block: [Int16] = []
    /// What was said and is not written yet: what is heard comes out of the jitter buffer so much later, and both stand
    /// side by side in the file as they did on the line.
    private var saidBehind: [Int16] = []
    /// Of each channel, until it is as long as it may be.
    private var samplesLeft: Int

    init(_ id: MediaSessionID, _ target: RecordingTarget, _ writer: RecordingWriter) {
        self.init(of: .session(id), target, writer)
    }

    init(of owner: RecordingOwner, _ target: RecordingTarget, _ writer: RecordingWriter) {
        path = target.path
        content = target.content
        channels = target.channels
        samplesLeft = target.longestMilliseconds.map { $0 * AudioClip.rate / 1000 } ?? .max
        file = writer.begin(owner, target)
        block.reserveCapacity(Self.framesPerBlock * channels)
    }

    /// - Parameters:
    ///   - voice: what it says to its mix in this frame; nil where that is nothing.
    ///   - lag: samples by which what is heard now is older than what is said now.
    mutating func append(
        heard: UnsafeMutableBufferPointer<Int16>, said: UnsafeMutableBufferPointer<Int16>, voice: [Int16]? = nil,
        lag: Int, _ writer: RecordingWriter
    ) {
        let before = block.count
        switch content {
        case .both:
            // Safe: both frames are copied; `rows` is at most the count of either.
            unsafe saidBehind.append(contentsOf: said)
            // What is heard at first is older than the recording; and while the jitter buffer lets its delay grow, it
            // gives silence that nobody sent.
            let rows = min(heard.count, max(0, saidBehind.count - lag))
            saidBehind.removeFirst(max(0, saidBehind.count - lag - rows))
            for index in 0..<rows {
                unsafe block.append(heard[heard.count - rows + index])
                block.append(saidBehind[index])
            }
            saidBehind.removeFirst(rows)
        case .heard:
            unsafe block.append(contentsOf: heard)
        case .membership:
            let voice = voice ?? []
            for index in 0..<said.count {
                block.append(index < voice.count ? voice[index] : 0)
                unsafe block.append(said[index])
            }
        }
        let added = (block.count - before) / channels
        if added > samplesLeft { block.removeLast((added - samplesLeft) * channels) }
        samplesLeft = max(0, samplesLeft - added)
        guard block.count >= Self.framesPerBlock * channels else { return }
        writer.append(block, to: file)
        block = []
        block.reserveCapacity(Self.framesPerBlock * channels)
    }

    /// - Parameter last: events that are to be told after the recording's end.
    func finish(_ writer: RecordingWriter, last: [MediaEvent] = []) {
        writer.append(block + saidBehind.prefix(samplesLeft).flatMap { [0, $0] }, to: file)
        writer.finish(file, last: last)
    }
}
