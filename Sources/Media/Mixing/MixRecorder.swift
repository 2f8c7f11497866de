internal import Telephony

/// Records a mix, in a slot of its own as a listener that says nothing: the talk with its beeps, and silence where there is
/// no talk.
final class MixRecorder: SlotRider {
    private let mix: Mix
    private var recording: SessionRecording
    private var limiter = Limiter()

    init(_ mix: Mix, path: String, _ writer: RecordingWriter) {
        self.mix = mix
        recording = SessionRecording(of: .mix(mix.id), RecordingTarget(path: path, content: .heard), writer)
    }

    override func tick(_ tick: Int64, _ workspace: MediaWorkspace) {
        let beep = mix.beep?.place(at: tick)
        if beep == nil, mix.total.voices == 0 {
            limiter.rest()
            // Safe, here and below: the workspace outlives the turn, and one thread alone uses it.
            unsafe workspace.said.update(repeating: 0)
        } else {
            var sum = unsafe workspace.sum.mutableSpan
            mix.total.copy(into: &sum)
            if let beep { MixBeep.add(from: beep, to: &sum) }
            var said = unsafe workspace.said.mutableSpan
            limiter.limit(sum.span, into: &said)
        }
        unsafe recording.append(heard: workspace.said, said: workspace.said, lag: 0, workspace.writer)
    }

    func finish(_ writer: RecordingWriter) {
        recording.finish(writer)
    }
}
