internal import CMedia
package import Telephony

/// Decodes sound files to what a telephone plays: WAV of G.711, 8 to 32 bits or floats, any rate and number of
/// channels, and whatever else libsndfile reads, to 8 kHz, one channel, 16 bits.
///
/// A file is read in pieces of a tenth of a second or so, and never as a whole.
package struct AudioDecoder: Sendable {
    package struct Limits: Equatable, Sendable {
        /// Of the file.
        package var bytes: Int64 = 100 * 1024 * 1024
        /// Of what it plays.
        package var seconds = 4 * 3600
        package var channels = 64
        /// Samples a second; 1 to 96 kHz are promised (docs/contract/percl.md#play), and 192 is what recorders offer.
        package var rates = 1000...192_000

        package init() {}
    }

    /// Frames that are read at once.
    private static let chunk = 4096

    package let limits: Limits

    private let room: any DiskRoom

    /// - Parameter room: of the disk that long audio is decoded to.
    package init(limits: Limits = Limits(), room: any DiskRoom = UnboundedDiskRoom()) {
        self.limits = limits
        self.room = room
    }

    /// Decodes a file that is known to be short into memory; the calling thread works meanwhile.
    package func decode(_ path: String) throws(MediaFailure) -> AudioClip {
        try AudioClip(samples: samples(of: path))
    }

    /// The samples of a file.
    package func samples(of path: String) throws(MediaFailure) -> [Int16] {
        var samples: [Int16] = []
        let file = try SoundFile(descriptor: openToRead(path), limits: limits)
        try run(file) { (chunk) throws(MediaFailure) in samples.append(contentsOf: chunk) }
        return samples
    }

    /// Begins to decode a file into an unnamed file in `folder`, on a thread of its own, and returns as soon as the
    /// header is read: the clip can be played at once. A fault further on is the clip's `failureReason`. What nobody has
    /// any more is not decoded on.
    ///
    /// - Parameter account: takes turns with others.
    /// - Throws: where the file cannot be opened, is no sound, or is beyond the limits.
    package func open(_ path: String, decodingInto folder: String, of account: AccountID? = nil) throws(MediaFailure)
        -> AudioClip
    {
        let input = try openToRead(path)
        let kilobytes = Int(cmedia_file_size(input) / 1024)
        let file = try SoundFile(descriptor: input, limits: limits)
        // Safe: the path outlives the call.
        let descriptor = unsafe cmedia_file_anonymous(folder)
        guard descriptor >= 0 else { throw MediaFailure("decoding into \(folder)", errno: Int(descriptor)) }
        let clip = AudioClip(growingIn: descriptor)
        WorkQueue.decoding.run(of: account, cost: kilobytes) { [weak clip] in
            do throws(MediaFailure) {
                try run(file) { (chunk) throws(MediaFailure) in
                    guard let clip else { throw MediaFailure("nobody has it any more") }
                    let bytes = chunk.count * MemoryLayout<Int16>.size
                    guard room.claim(bytes) else { throw MediaFailure("decoding: \(noDiskRoom)") }
                    defer { room.giveBack(bytes) }
                    try clip.append(chunk)
                }
                clip?.finish()
            } catch {
                clip?.fail(error.description)
            }
        }
        return clip
    }

    /// Decodes an open file, such as a program's output in memory; the descriptor is closed.
    func samples(ofDescriptor descriptor: Int32) throws(MediaFailure) -> [Int16] {
        var samples: [Int16] = []
        let file = try SoundFile(descriptor: descriptor, limits: limits)
        try run(file) { (chunk) throws(MediaFailure) in samples.append(contentsOf: chunk) }
        return samples
    }

    private func openToRead(_ path: String) throws(MediaFailure) -> Int32 {
        // Safe: the path outlives the call.
        let descriptor = unsafe cmedia_file_open_to_read(path)
        guard descriptor >= 0 else { throw MediaFailure("opening \(path)", errno: Int(descriptor)) }
        return descriptor
    }

    private func run(
        _ file: SoundFile, _ append: ([Int16]) throws(MediaFailure) -> Void
    ) throws(MediaFailure) {
        let resampler = file.rate == AudioClip.rate ? nil : try Resampler(from: file.rate)
        let most = limits.seconds * AudioClip.rate
        var made = 0
        var mono = [Float](repeating: 0, count: Self.chunk)
        var resampled: [Float] = []
        var samples: [Int16] = []
        var isOver = false
        while !isOver {
            var count = try file.readMono(into: &mono)
            if count == 0 {
                isOver = true
                guard let resampler else { break }
                count = min(resampler.tail, mono.count)
                for index in 0..<count { mono[index] = 0 }
            }
            resampled.removeAll(keepingCapacity: true)
            if let resampler {
                try resampler.process(mono, count, into: &resampled)
            } else {
                resampled.append(contentsOf: mono[..<count])
            }
            samples.removeAll(keepingCapacity: true)
            for value in resampled { samples.append(Self.linear(value)) }
            made += samples.count
            guard made <= most else { throw MediaFailure("longer than \(limits.seconds) s") }
            try append(samples)
        }
    }

    /// A float of ±1 as a sample; what is beyond is clipped, what is no number is silence.
    private static func linear(_ value: Float) -> Int16 {
        guard value.isFinite else { return 0 }
        return Int16(max(-32_768, min(32_767, (value * 32_768).rounded())))
    }
}
