/// A session's side of its recording: collects half a second at a time and hands it to the writer.
struct SessionRecording {
    private static let framesPerBlock = 4000

    let path: String
    private let content: RecordingTarget.Content
    private let channels: Int
    private let file: RecordingWriter.FileID
    /// Of both channels in turn where there are two: heard, said.
    private var block: [Int16] = []

    init(_ id: MediaSessionID, _ target: RecordingTarget, _ writer: RecordingWriter) {
        path = target.path
        content = target.content
        channels = target.channels
        file = writer.begin(id, target)
        block.reserveCapacity(Self.framesPerBlock * channels)
    }

    mutating func append(
        heard: UnsafeMutableBufferPointer<Int16>, said: UnsafeMutableBufferPointer<Int16>, _ writer: RecordingWriter
    ) {
        switch content {
        case .both:
            for index in 0..<min(heard.count, said.count) {
                block.append(heard[index])
                block.append(said[index])
            }
        case .heard:
            block.append(contentsOf: heard)
        }
        guard block.count >= Self.framesPerBlock * channels else { return }
        writer.append(block, to: file)
        block = []
        block.reserveCapacity(Self.framesPerBlock * channels)
    }

    /// - Parameter last: events that are to be told after the recording's end.
    func finish(_ writer: RecordingWriter, last: [MediaEvent] = []) {
        writer.append(block, to: file)
        writer.finish(file, last: last)
    }
}
