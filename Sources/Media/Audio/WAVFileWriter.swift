internal import CMedia

/// A WAV file of 16-bit samples at 8 kHz that is valid after every append: the header's lengths are written with the
/// samples, so that what a crash leaves behind can be played but for the last block.
package final class WAVFileWriter {
    /// RIFF counts in 32 bits; 4 h of two channels are 460 MB.
    static let maximumBytes = 0x7FFF_FF00
    private static let headerBytes = 44

    private let descriptor: Int32
    private let channels: Int
    private var bytes = 0

    /// Creates the file, or empties it.
    package init(path: String, channels: Int) throws(MediaFailure) {
        // Safe, here and below: what the system reads or fills outlives the call, and its size is told with it.
        descriptor = unsafe cmedia_file_create(path, 0)
        self.channels = max(1, min(channels, 8))
        guard descriptor >= 0 else { throw MediaFailure("creating \(path)", errno: Int(descriptor)) }
        try writeHeader()
    }

    deinit {
        if descriptor >= 0 { _ = cmedia_close(descriptor) }
    }

    /// Length so far.
    package var milliseconds: Int { bytes / (channels * 2) * 1000 / AudioClip.rate }

    /// Appends samples, the channels' in turn.
    package func append(_ samples: [Int16]) throws(MediaFailure) {
        guard bytes + samples.count * 2 <= Self.maximumBytes else {
            throw MediaFailure("the recording has reached the length that its format can say")
        }
        let offset = Int64(Self.headerBytes + bytes)
        let error = unsafe samples.withUnsafeBytes { raw in
            unsafe cmedia_file_write(descriptor, raw.baseAddress, raw.count, offset)
        }
        guard error == 0 else { throw MediaFailure("writing a recording", errno: Int(error)) }
        bytes += samples.count * 2
        try writeHeader()
    }

    private func writeHeader() throws(MediaFailure) {
        var header: [UInt8] = []
        func append(_ text: String) { header.append(contentsOf: text.utf8) }
        func append<Number: FixedWidthInteger>(_ number: Number) {
            unsafe withUnsafeBytes(of: number.littleEndian) { unsafe header.append(contentsOf: $0) }
        }
        append("RIFF")
        append(UInt32(Self.headerBytes - 8 + bytes))
        append("WAVEfmt ")
        append(UInt32(16))
        append(UInt16(1))
        append(UInt16(channels))
        append(UInt32(AudioClip.rate))
        append(UInt32(AudioClip.rate * channels * 2))
        append(UInt16(channels * 2))
        append(UInt16(16))
        append("data")
        append(UInt32(bytes))
        let error = unsafe cmedia_file_write(descriptor, header, header.count, 0)
        guard error == 0 else { throw MediaFailure("writing a recording", errno: Int(error)) }
    }
}

/// What the header of a file of ours says.
package struct WAVFileHeader {
    private let channels: Int
    private let bytes: Int

    /// Nil for anything that ``WAVFileWriter`` did not write.
    package init?(path: String) {
        let descriptor = unsafe cmedia_file_open_to_read(path)
        guard descriptor >= 0 else { return nil }
        defer { _ = cmedia_close(descriptor) }
        var header = [UInt8](repeating: 0, count: 44)
        guard unsafe cmedia_file_read(descriptor, &header, header.count, 0) == header.count,
            header[0..<4].elementsEqual("RIFF".utf8), header[36..<40].elementsEqual("data".utf8)
        else { return nil }
        channels = Int(header[22])
        bytes = header[40..<44].reversed().reduce(0) { $0 << 8 | Int($1) }
        guard channels > 0 else { return nil }
    }

    package var secondsRoundedUp: Int {
        let bytesPerSecond = channels * 2 * AudioClip.rate
        return (bytes + bytesPerSecond - 1) / bytesPerSecond
    }
}
