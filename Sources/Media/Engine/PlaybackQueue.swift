import Telephony

/// What a session plays: one clip after another, without a gap between them.
struct PlaybackQueue {
    /// A script waits for each of its prompts; nobody has a use for more.
    static let maximumWaiting = 64

    private struct Playback {
        let id: PlaybackID
        let clip: AudioClip
        /// Nil: for ever.
        var roundsLeft: Int?
        var position = 0
    }

    private var playbacks: [Playback] = []

    var isEmpty: Bool { playbacks.isEmpty }

    /// - Parameter loop: how often; 0 for ever.
    /// - Returns: false where too many are waiting.
    mutating func add(_ id: PlaybackID, _ clip: AudioClip, loop: Int) -> Bool {
        guard playbacks.count < Self.maximumWaiting else { return false }
        playbacks.append(Playback(id: id, clip: clip, roundsLeft: loop <= 0 ? nil : loop))
        return true
    }

    /// False where no such playback is left.
    mutating func remove(_ id: PlaybackID) -> Bool {
        guard let index = playbacks.firstIndex(where: { $0.id == id }) else { return false }
        playbacks.remove(at: index)
        return true
    }

    mutating func removeAll() -> [PlaybackID] {
        defer { playbacks.removeAll() }
        return playbacks.map(\.id)
    }

    /// Fills a frame, with silence where nothing is left to play.
    ///
    /// - Parameter ended: the playbacks that came to their end before or in this frame are appended.
    mutating func fill(
        _ frame: UnsafeMutableBufferPointer<Int16>, ended: inout [(PlaybackID, PlaybackEnd)]
    ) {
        var filled = 0
        while filled < frame.count, !playbacks.isEmpty {
            // Safe: `filled` is at most the frame's count.
            let rest = unsafe UnsafeMutableBufferPointer(rebasing: frame[filled...])
            switch unsafe playbacks[0].clip.read(at: playbacks[0].position, into: rest) {
            case .samples(let count):
                filled += count
                playbacks[0].position += count
            case .notYet:
                unsafe rest.update(repeating: 0)
                return
            case .failed(let reason):
                ended.append((playbacks.removeFirst().id, .failed(reason)))
            case .end:
                if let end = endRound() { ended.append((playbacks.removeFirst().id, end)) }
            }
        }
        unsafe UnsafeMutableBufferPointer(rebasing: frame[filled...]).update(repeating: 0)
    }

    /// Begins the next round of the first playback; its end where that was the last one. An empty clip has one round,
    /// however many were asked for: it would fill no frame in all eternity.
    private mutating func endRound() -> PlaybackEnd? {
        guard playbacks[0].position > 0 else { return .completed }
        if let left = playbacks[0].roundsLeft {
            guard left > 1 else { return .completed }
            playbacks[0].roundsLeft = left - 1
        }
        playbacks[0].position = 0
        return nil
    }
}
