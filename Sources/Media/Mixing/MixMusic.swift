/// The music of a mix by one clock: at each moment everybody hears the same place of it, whoever comes when.
struct MixMusic {
    let clip: AudioClip
    /// The tick at which the clip begins.
    let start: Int64

    /// 20 ms from a tick on, over the clip's end into its beginning where it comes to that.
    func fill(_ output: UnsafeMutableBufferPointer<Int16>, at tick: Int64) {
        var position = max(0, Int(tick - start)) * (AudioClip.rate / 1000)
        var filled = 0
        while filled < output.count {
            if clip.isComplete {
                guard clip.count > 0 else { break }
                position %= clip.count
            }
            // Safe, here and below: `filled` is at most the output's count.
            let rest = unsafe UnsafeMutableBufferPointer(rebasing: output[filled...])
            guard case .samples(let count) = unsafe clip.read(at: position, into: rest), count > 0 else { break }
            filled += count
            position += count
        }
        unsafe UnsafeMutableBufferPointer(rebasing: output[filled...]).update(repeating: 0)
    }
}
