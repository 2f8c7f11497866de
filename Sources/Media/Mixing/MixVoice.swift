/// What one member adds to a mix: its latest frame, as long as it has something to say.
///
///              ┌──────────────── say: the first frame fades in ◀──────────────┐
///              ▼                                                              │
///     ┌──▶ speaking ──stop──▶ ending: its last sample runs out in 10 ms ──▶ out
///     │      │  ▲ └─lose─▶ concealing, 60 ms at most ──────────────────────▶ ▲
///     │ pause▼  │say              │ say: goes over without a step
///     └─────── quiet ◀────────────┘
///
/// Silence that the peer sends is taken as it is, and so is what follows it: it is the peer's own. What we cut off, let in,
/// or miss begins and ends without a click. Out and quiet, it is not in the total and costs nothing.
struct MixVoice {
    private enum State: Equatable {
        /// Not in the total. What comes first fades in.
        case out
        /// The peer sends silence. Not in the total.
        case quiet
        case speaking
        /// So many frames in a row did not arrive, and the last one that did is heard instead, fainter and fainter.
        case concealing(Int)
        /// It may not speak on, and its last sample runs out.
        case ending
    }

    /// Frames that are made up for in a row: 60 ms.
    static let concealedFrames = 3
    /// 10 ms.
    static let ramp = Seam.samples

    private var state = State.out
    /// What is in the total of it while `isIn`.
    private(set) var frame = [Int16](repeating: 0, count: MediaFrame.samples)

    var isIn: Bool {
        switch state {
        case .out, .quiet: false
        case .speaking, .concealing, .ending: true
        }
    }

    /// The peer's next frame.
    mutating func say(_ spoken: Span<Int16>, in total: inout MixTotal) {
        switch state {
        case .speaking:
            var own = frame.mutableSpan
            total.replace(&own, with: spoken)
        case .quiet:
            take(spoken)
            total.add(frame.span)
        case .concealing:
            let last = frame[frame.count - 1]
            total.remove(frame.span)
            take(spoken)
            var own = frame.mutableSpan
            Seam.bridge(from: last, &own)
            total.add(frame.span)
        case .ending, .out:
            if state == .ending { total.remove(frame.span) }
            take(spoken)
            for index in 0..<Self.ramp { frame[index] = Int16(Int(frame[index]) * index / Self.ramp) }
            total.add(frame.span)
        }
        state = .speaking
    }

    /// The peer says silence.
    mutating func pause(in total: inout MixTotal) {
        switch state {
        case .out, .quiet: state = .quiet
        case .speaking, .ending:
            total.remove(frame.span)
            state = .quiet
        case .concealing: runOut(in: &total)
        }
    }

    /// The peer's next frame has not come.
    mutating func lose(in total: inout MixTotal) {
        switch state {
        case .out, .quiet: state = .out
        case .speaking: conceal(1, in: &total)
        case .concealing(let frames) where frames < Self.concealedFrames: conceal(frames + 1, in: &total)
        case .concealing, .ending:
            total.remove(frame.span)
            state = .out
        }
    }

    /// It is not to be heard.
    mutating func stop(in total: inout MixTotal) {
        switch state {
        case .out, .quiet: state = .out
        case .speaking, .concealing: runOut(in: &total)
        case .ending:
            total.remove(frame.span)
            state = .out
        }
    }

    // MARK: -

    private mutating func take(_ spoken: Span<Int16>) {
        for index in 0..<min(frame.count, spoken.count) { frame[index] = spoken[index] }
    }

    private mutating func runOut(in total: inout MixTotal) {
        let last = Int(frame[frame.count - 1])
        total.remove(frame.span)
        state = .out
        guard last != 0 else { return }
        for index in frame.indices {
            frame[index] = index < Self.ramp ? Int16(last * (Self.ramp - 1 - index) / Self.ramp) : 0
        }
        total.add(frame.span)
        state = .ending
    }

    /// The former frame backwards, so that it goes on where that ended; all of them together fade evenly to nothing.
    private mutating func conceal(_ number: Int, in total: inout MixTotal) {
        total.remove(frame.span)
        let count = frame.count
        for index in 0..<(count / 2) {
            let mirrored = count - 1 - index
            let (first, last) = (Float(frame[index]), Float(frame[mirrored]))
            frame[index] = Int16(last * fading(number, index, count))
            frame[mirrored] = Int16(first * fading(number, mirrored, count))
        }
        total.add(frame.span)
        state = .concealing(number)
    }

    /// By how much a sample has to be fainter than the one that is mirrored into its place, which has faded itself.
    private func fading(_ number: Int, _ index: Int, _ count: Int) -> Float {
        let all = Float(Self.concealedFrames * count)
        let level = 1 - Float((number - 1) * count + index + 1) / all
        let former = number == 1 ? 1 : 1 - Float((number - 2) * count + count - index) / all
        return max(0, min(1, level / former))
    }
}
