/// The voice of a member that has left, in its place of the wheel: its last frame has its full time in the total, then its
/// last sample runs out, then it is gone.
final class MixFarewell: SlotRider {
    private let mix: Mix
    private var voice: MixVoice

    init(_ voice: MixVoice, of mix: Mix) {
        self.voice = voice
        self.mix = mix
    }

    override var isOver: Bool { !voice.isIn }

    override func tick(_ tick: Int64, _ workspace: MediaWorkspace) {
        voice.stop(in: &mix.total)
    }
}
