internal import CSpeexDSP

/// Brings one channel from any rate to 8 kHz.
///
/// Safe: the library's state is made and destroyed with this, and is never handed out; what it reads and writes is told
/// with its size.
@safe final class Resampler {
    /// Speex' scale of 0 to 10: 5 is inaudible in a telephone's band and cheap.
    private static let quality: Int32 = 5

    private let state: OpaquePointer
    private let inputRate: Int

    /// - Throws: where the library refuses the rate or has no memory.
    init(from rate: Int) throws(MediaFailure) {
        var error: Int32 = 0
        guard rate > 0, rate <= Int(UInt32.max),
            let state = unsafe speex_resampler_init(1, UInt32(rate), UInt32(AudioClip.rate), Self.quality, &error)
        else { throw MediaFailure("no resampler from \(rate) Hz") }
        // Without the filter's latency, so that nothing is shifted in time.
        _ = unsafe speex_resampler_skip_zeros(state)
        unsafe self.state = state
        inputRate = rate
    }

    deinit {
        unsafe speex_resampler_destroy(state)
    }

    /// What is still in the filter when the input is over, as input to be followed by silence.
    var tail: Int { unsafe Int(speex_resampler_get_input_latency(state)) }

    /// Resamples the first `count` samples and appends the result.
    func process(_ input: [Float], _ count: Int, into output: inout [Float]) throws(MediaFailure) {
        var consumed = 0
        while consumed < count {
            let capacity = (count - consumed) * AudioClip.rate / inputRate + 64
            var used = UInt32(clamping: count - consumed)
            var made = UInt32(clamping: capacity)
            let start = output.count
            output.append(contentsOf: repeatElement(0, count: capacity))
            let error = unsafe input.withUnsafeBufferPointer { from in
                unsafe output.withUnsafeMutableBufferPointer { to -> Int32 in
                    guard let from = from.baseAddress, let to = to.baseAddress else { return 0 }
                    return unsafe speex_resampler_process_float(state, 0, from + consumed, &used, to + start, &made)
                }
            }
            output.removeLast(capacity - Int(made))
            guard error == 0 else { throw MediaFailure("resampling failed") }
            guard used > 0 || made > 0 else { return }
            consumed += Int(used)
        }
    }
}
