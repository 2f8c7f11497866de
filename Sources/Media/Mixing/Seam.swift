/// Where what a member hears goes over from one source into another: the step between the last sample of the one and the
/// first of the other is spread over 10 ms, so that nothing clicks.
struct Seam {
    enum Source: Equatable {
        /// Silence that nobody makes.
        case nothing
        /// A prompt of its own call.
        case own
        case music
        case talk
        /// A key, of its own call or passed by another member: that one begins and ends as it is.
        case key
    }

    /// 10 ms.
    static let samples = 80

    private var source: Source
    private var last: Int16 = 0

    init(from source: Source) {
        self.source = source
    }

    /// Another source follows.
    func isOpen(to next: Source) -> Bool { next != source }

    /// Silence from this source would be a step.
    func isStep(to next: Source) -> Bool { next != source && last != 0 }

    func close(_ frame: inout MutableSpan<Int16>) {
        Self.bridge(from: last, &frame)
    }

    /// - Parameter last: sample of the frame that was sent.
    mutating func pass(_ source: Source, last: Int16) {
        self.source = source
        self.last = last
    }

    /// Lets a frame begin where another sound left off.
    static func bridge(from last: Int16, _ frame: inout MutableSpan<Int16>) {
        guard let first = frame.isEmpty ? nil : frame[0] else { return }
        let step = Int32(last) - Int32(first)
        guard step != 0 else { return }
        for index in 0..<min(samples, frame.count) {
            let bridged = Int32(frame[index]) + step * Int32(samples - index) / Int32(samples)
            frame[index] = Int16(clamping: bridged)
        }
    }
}
