/// What a message may have at most. Each limit is far beyond what real peers send and close enough to keep one
/// datagram from costing more than a few microseconds or kilobytes.
public enum SIPLimits {
    /// The whole message: a UDP datagram cannot be longer, and offsets fit in 16 bits (see `SIPMessageView`).
    public static let messageBytes = 65_535
    /// Header fields of one message. Real ones have 10 to 30.
    public static let headerFields = 256
    /// One header field with its folded lines. Long ones are Identity and Proxy-Authorization, about 2 KiB.
    public static let fieldBytes = 8_192
    /// The first line.
    public static let firstLineBytes = 4_096
    /// Via values, that is hops: Max-Forwards starts at 70 (RFC 3261 §8.1.1.6).
    public static let viaHops = 70
    /// Values of any other list (Route, Record-Route, Contact).
    public static let listValues = 70
    /// Parameters of one URI, Via or address.
    public static let parameters = 64
    /// CSeq numbers are below 2^31 (RFC 3261 §8.1.1.5).
    public static let sequenceNumber: UInt64 = 0x7fff_ffff
    /// Max-Forwards is one byte (RFC 3261 §20.22).
    public static let maxForwards: UInt64 = 255
}
