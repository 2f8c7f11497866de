internal import Glibc

/// A DTMF tone (ITU-T Q.23), with edges soft enough not to click.
struct DTMFGenerator {
    static let rows: [Double] = [697, 770, 852, 941]
    static let columns: [Double] = [1209, 1336, 1477, 1633]

    /// Row and column of each RFC 4733 code: 0–9, *, #, A–D.
    static let keys: [(row: Int, column: Int)] = [
        (3, 1), (0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (2, 0), (2, 1), (2, 2), (3, 0), (3, 2),
        (0, 3), (1, 3), (2, 3), (3, 3),
    ]

    /// The lower group at about −11 dB below full scale, the higher 2 dB above it, as networks expect.
    private static let lowAmplitude = 9200.0
    private static let highAmplitude = 11_600.0
    /// 3 ms up, 3 ms down.
    private static let edge = 24

    private var low = 0.0
    private var high = 0.0
    private var total = 0
    private var position = 0

    init() {}

    /// - Parameters:
    ///   - code: RFC 4733's, below 16.
    ///   - samples: the length of the whole tone.
    init(code: UInt8, samples: Int) {
        guard Int(code) < Self.keys.count else { return }
        let key = Self.keys[Int(code)]
        low = Self.rows[key.row]
        high = Self.columns[key.column]
        total = samples
    }

    /// The next samples; silence once the tone is over.
    mutating func fill(_ output: UnsafeMutableBufferPointer<Int16>) {
        for index in output.indices {
            guard position < total else {
                // Safe, here and below: `index` is one of the buffer's own.
                unsafe output[index] = 0
                continue
            }
            let angle = 2 * Double.pi * Double(position) / Double(AudioClip.rate)
            let wave = Self.lowAmplitude * sin(low * angle) + Self.highAmplitude * sin(high * angle)
            let edge = min(1, Double(min(position, total - 1 - position) + 1) / Double(Self.edge))
            unsafe output[index] = Int16(max(-32_768, min(32_767, wave * edge)))
            position += 1
        }
    }
}
