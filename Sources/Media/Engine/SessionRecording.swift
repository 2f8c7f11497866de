/// A session's side of its recording: collects half a second at a time and hands it to the writer.
struct SessionRecording {
    private static let framesPerBlock = 4000

    private let id: MediaSessionID
    private let file: RecordingWriter.FileID
    /// Pairs of samples: heard, said.
    private var block: [Int16] = []

    init(_ id: MediaSessionID, _ target: RecordingTarget, _ writer: RecordingWriter) {
        self.id = id
        file = writer.begin(id, target)
        block.reserveCapacity(Self.framesPerBlock * 2)
    }

    mutating func append(
        heard: UnsafeMutableBufferPointer<Int16>, said: UnsafeMutableBufferPointer<Int16>, _ writer: RecordingWriter
    ) {
        for index in 0..<min(heard.count, said.count) {
            block.append(heard[index])
            block.append(said[index])
        }
        guard block.count >= Self.framesPerBlock * 2 else { return }
        writer.append(block, to: file)
        block = []
        block.reserveCapacity(Self.framesPerBlock * 2)
    }

    /// - Parameter last: events that are to be told after the recording's end.
    func finish(_ writer: RecordingWriter, last: [MediaEvent] = []) {
        writer.append(block, to: file)
        writer.finish(file, last: last)
    }
}
