internal import RTP
internal import Telephony

/// The digits that a session sends, in time: each tone begins in the 20 ms frame into which the sum of all steps before
/// it falls, so that roundings never add up.
struct DigitSchedule {
    /// What a frame is filled with.
    enum Frame: Equatable {
        /// No digits are being sent: the frame is the playback's.
        case free
        /// An RFC 4733 packet in the place of audio.
        case event(TelephoneEvent, timestamp: RTPTimestamp, isMarked: Bool)
        /// Audio: tones, or the quiet between digits.
        case audio
    }

    /// Steps of one sequence; sendDigits' grammar allows far fewer.
    static let maximumSteps = 4096
    static let maximumWaiting = 64

    private struct Tone {
        let code: UInt8
        let onset: Int
        let milliseconds: Int
    }

    private struct Sequence {
        let id: DiallingID
        var tones: [Tone] = []
        var milliseconds = 0
        /// Frames since its beginning.
        var frame = 0
        var nextTone = 0
        var sender: TelephoneEventSender?
    }

    private var waiting: [Sequence] = []
    private var generator = DTMFGenerator()

    var isEmpty: Bool { waiting.isEmpty }

    /// False where too many sequences are waiting.
    mutating func add(_ id: DiallingID, _ steps: [DigitStep]) -> Bool {
        guard waiting.count < Self.maximumWaiting else { return false }
        var sequence = Sequence(id: id)
        for step in steps.prefix(Self.maximumSteps) {
            if case .tone(let digit, _) = step, let code = TelephoneEvent.code(of: digit) {
                sequence.tones.append(
                    Tone(code: code, onset: sequence.milliseconds, milliseconds: step.milliseconds))
            }
            sequence.milliseconds += step.milliseconds
        }
        waiting.append(sequence)
        return true
    }

    /// Leaves out what has not begun: a digit that is being sent lasts as long as it was to, and its end is
    /// sent three times (RFC 4733 §2.5.1). The end of the sequence is told as ever.
    mutating func stop(_ id: DiallingID) {
        guard let index = waiting.firstIndex(where: { $0.id == id }) else { return }
        let now = waiting[index].frame * MediaFrame.milliseconds
        let begun = waiting[index].tones.filter { $0.onset < now }
        waiting[index].tones = begun
        waiting[index].milliseconds =
            begun.last.map { min(waiting[index].milliseconds, $0.onset + $0.milliseconds) } ?? 0
    }

    mutating func removeAll() -> [DiallingID] {
        defer { waiting.removeAll() }
        return waiting.map(\.id)
    }

    /// The next frame.
    ///
    /// - Parameters:
    ///   - timestamp: the frame's, which an event that begins here will carry.
    ///   - asEvents: RFC 4733, rather than tones in the audio.
    ///   - audio: filled where the result is `.audio`.
    ///   - sent: the sequences that were over before this frame are appended.
    mutating func next(
        timestamp: RTPTimestamp, asEvents: Bool, audio: UnsafeMutableBufferPointer<Int16>, sent: inout [DiallingID]
    ) -> Frame {
        while !waiting.isEmpty {
            // Safe, here and below: the frame is written within its bounds and not kept.
            if let frame = unsafe nextFrame(timestamp: timestamp, asEvents: asEvents, audio: audio) { return frame }
            sent.append(waiting.removeFirst().id)
        }
        return .free
    }

    /// Nil where the first sequence is over.
    private mutating func nextFrame(
        timestamp: RTPTimestamp, asEvents: Bool, audio: UnsafeMutableBufferPointer<Int16>
    ) -> Frame? {
        let start = waiting[0].frame * MediaFrame.milliseconds
        let mayFinish = waiting[0].sender?.isFinished ?? true
        if start >= waiting[0].milliseconds, waiting[0].nextTone >= waiting[0].tones.count, mayFinish { return nil }
        waiting[0].frame += 1

        guard asEvents else {
            unsafe fillWithTones(audio, from: start)
            return .audio
        }
        let nextTone = waiting[0].nextTone
        let isInterruptible = waiting[0].sender?.hasEnded ?? true
        if isInterruptible, nextTone < waiting[0].tones.count {
            let tone = waiting[0].tones[nextTone]
            if tone.onset < start + MediaFrame.milliseconds {
                waiting[0].nextTone += 1
                waiting[0].sender = TelephoneEventSender(
                    event: tone.code, duration: tone.milliseconds * AudioClip.rate / 1000, timestamp: timestamp,
                    unitsPerTick: MediaFrame.samples)
            }
        }
        if let packet = waiting[0].sender?.next() {
            return .event(packet.event, timestamp: waiting[0].sender?.timestamp ?? timestamp, isMarked: packet.isMarked)
        }
        unsafe audio.update(repeating: 0)
        return .audio
    }

    private mutating func fillWithTones(_ audio: UnsafeMutableBufferPointer<Int16>, from start: Int) {
        unsafe audio.update(repeating: 0)
        let perMillisecond = AudioClip.rate / 1000
        while waiting[0].nextTone < waiting[0].tones.count {
            let tone = waiting[0].tones[waiting[0].nextTone]
            let begin = (tone.onset - start) * perMillisecond
            let end = begin + tone.milliseconds * perMillisecond
            guard begin < audio.count else { return }
            if begin >= 0 { generator = DTMFGenerator(code: tone.code, samples: end - begin) }
            let part = max(0, begin)..<max(0, min(end, audio.count))
            if !part.isEmpty { unsafe generator.fill(UnsafeMutableBufferPointer(rebasing: audio[part])) }
            guard end <= audio.count else { return }
            waiting[0].nextTone += 1
        }
    }
}
