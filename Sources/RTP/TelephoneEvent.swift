/// The payload of a telephone-event packet (RFC 4733 §2.3).
///
///      0                   1                   2                   3
///      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
///     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
///     |     event     |E|R| volume    |          duration             |
///     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
public struct TelephoneEvent: Equatable, Sendable {
    public static let length = 4

    /// RFC 4733 §3.2: 0 to 9, 10 `*`, 11 `#`, 12 to 15 A to D. Others are not DTMF.
    public var event: UInt8
    public var isEnd: Bool
    /// Power below 0 dBm0, 0 to 63.
    public var volume: UInt8
    /// From the event's beginning, in timestamp units.
    public var duration: UInt16

    public init(event: UInt8, isEnd: Bool, volume: UInt8 = 10, duration: UInt16) {
        self.event = event
        self.isEnd = isEnd
        self.volume = min(volume, 63)
        self.duration = duration
    }

    /// Reads a payload; nil where it is too short. Of several events in one payload (RFC 4733 §2.5.1.5) the first is
    /// read, the one that the packet's timestamp belongs to.
    public init?(_ payload: Span<UInt8>) {
        guard let event = payload.byte(at: 0), let flags = payload.byte(at: 1), let duration = payload.uint16(at: 2)
        else { return nil }
        self.init(event: event, isEnd: flags & 0x80 != 0, volume: flags & 0x3F, duration: duration)
    }

    /// Writes the payload at an offset; false, and nothing written, where there is no room.
    @discardableResult
    public func print(into bytes: inout MutableSpan<UInt8>, at offset: Int) -> Bool {
        guard offset >= 0, offset <= bytes.count - Self.length else { return false }
        bytes[offset] = event
        bytes[offset + 1] = (isEnd ? 0x80 : 0) | volume & 0x3F
        bytes.store(duration, at: offset + 2)
        return true
    }

    /// `0`–`9`, `*`, `#`, `A`–`D`; nil for an event that is no DTMF digit.
    public var digit: Character? {
        event < 16 ? Self.digits[Int(event)] : nil
    }

    /// The code of a digit (a–d too); nil where the character is none.
    public static func code(of digit: Character) -> UInt8? {
        switch digit {
        case "a"..."d" where digit.isASCII: code(of: Character(digit.uppercased()))
        default: digits.firstIndex(of: digit).map { UInt8($0) }
        }
    }

    private static let digits: [Character] = [
        "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "#", "A", "B", "C", "D",
    ]
}
