internal import CMedia
internal import CSndFile

/// A file that libsndfile reads.
///
/// Unchecked: the decoding thread alone uses it once it is handed over.
///
/// Safe: the library's handle is opened and closed with this, and is never handed out.
@safe final class SoundFile: @unchecked Sendable {
    let rate: Int
    private let channels: Int
    private let handle: OpaquePointer
    /// What the handle reads through, where it does not read the descriptor itself.
    private let streamed: StreamedWAV?
    private var interleaved: [Float] = []

    /// Takes the descriptor over, whether it succeeds or not.
    init(descriptor: Int32, limits: AudioDecoder.Limits) throws(MediaFailure) {
        let size = cmedia_file_size(descriptor)
        guard size >= 0, size <= limits.bytes else {
            _ = cmedia_close(descriptor)
            throw MediaFailure("the file has more than \(limits.bytes) bytes; a shorter one is needed")
        }
        var info = SF_INFO()
        streamed = StreamedWAV(descriptor: descriptor, size: size)
        guard let opened = unsafe Self.open(descriptor, streamed, &info) else {
            // libsndfile closes the descriptor itself where it was told to.
            let reason = unsafe String(cString: sf_strerror(nil))
            throw MediaFailure(
                "it is no sound file that can be read (\(reason)); WAV of G.711, or of 8 to 32 bits, is taken")
        }
        unsafe handle = opened
        rate = Int(info.samplerate)
        channels = Int(info.channels)
        guard limits.rates.contains(rate), (1...limits.channels).contains(channels) else {
            unsafe sf_close(opened)
            throw MediaFailure(
                "\(rate) Hz and \(channels) channels are not supported; 8000 Hz and one channel are what a telephone has"
            )
        }
    }

    deinit {
        unsafe sf_close(handle)
    }

    private static func open(_ descriptor: Int32, _ streamed: StreamedWAV?, _ info: inout SF_INFO) -> OpaquePointer? {
        if let streamed { return unsafe streamed.open(&info) }
        return unsafe sf_open_fd(descriptor, Int32(SFM_READ), &info, 1)
    }

    /// Fills the beginning of `mono` with the mean of the channels; 0 at the end.
    func readMono(into mono: inout [Float]) throws(MediaFailure) -> Int {
        let wanted = mono.count
        if interleaved.count != wanted * channels {
            interleaved = [Float](repeating: 0, count: wanted * channels)
        }
        let frames = unsafe Int(sf_readf_float(handle, &interleaved, sf_count_t(wanted)))
        guard frames >= 0, frames <= wanted else { throw MediaFailure("reading the sound file failed") }
        let share = 1 / Float(channels)
        for frame in 0..<frames {
            var sum: Float = 0
            for channel in 0..<channels { sum += interleaved[frame * channels + channel] }
            mono[frame] = sum * share
        }
        return frames
    }
}
