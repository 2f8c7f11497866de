internal import Telephony

/// A beep over the talk. Each listener hears the whole of it, from its own first tick on.
struct MixBeep {
    /// 800 Hz: no tone of a key, of a line or of a fax.
    static let hertz = 800.0
    static let milliseconds = 200
    /// Relative to a full-scale sine, which G.711 has at 3.14 dBm0: −20.9 dBm0.
    static let decibels = -24.0
    /// Another one that begins within so long is this one.
    static let mergedMilliseconds: Int64 = 300

    private static let tone = AudioClip.tone(hertz: hertz, milliseconds: milliseconds, decibels: decibels).samples()

    /// The tick from which on it is heard.
    let start: Int64
    /// Who does not hear it, as it is about that one.
    let except: MediaSessionID?

    /// The place in the tone of the frame that somebody hears at a tick; nil where it is over, or not begun.
    func place(at tick: Int64) -> Int? {
        let frame = Int((tick - start) / Int64(MediaFrame.milliseconds))
        let place = frame * MediaFrame.samples
        return tick >= start && place < Self.tone.count ? place : nil
    }

    func covers(_ tick: Int64) -> Bool { tick - start < Self.mergedMilliseconds }

    static func add(from place: Int, to sum: inout MutableSpan<Int32>) {
        for index in 0..<min(sum.count, tone.count - place) { sum[index] &+= Int32(tone[place + index]) }
    }
}
