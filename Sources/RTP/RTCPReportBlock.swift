/// What a receiver tells a sender about its packets (RFC 3550 §6.4.1).
public struct RTCPReportBlock: Equatable, Sendable {
    public static let length = 24

    /// Whom it is about.
    public var ssrc: UInt32
    /// Since the last report, in 256ths.
    public var fractionLost: UInt8
    /// 24 bits with a sign: negative where duplicates outnumber losses.
    public var cumulativeLost: Int32
    public var extendedHighestSequence: UInt32
    /// In timestamp units.
    public var jitter: UInt32
    /// LSR: the middle of the last sender report's time, 0 where there was none.
    public var lastSenderReport: UInt32
    /// DLSR: since that report came, in 1/65,536 s.
    public var delaySinceLastSenderReport: UInt32

    public init(
        ssrc: UInt32, fractionLost: UInt8, cumulativeLost: Int32, extendedHighestSequence: UInt32, jitter: UInt32,
        lastSenderReport: UInt32, delaySinceLastSenderReport: UInt32
    ) {
        self.ssrc = ssrc
        self.fractionLost = fractionLost
        self.cumulativeLost = cumulativeLost
        self.extendedHighestSequence = extendedHighestSequence
        self.jitter = jitter
        self.lastSenderReport = lastSenderReport
        self.delaySinceLastSenderReport = delaySinceLastSenderReport
    }

    init?(_ bytes: Span<UInt8>, at offset: Int) {
        guard let ssrc = bytes.uint32(at: offset), let loss = bytes.uint32(at: offset + 4),
            let highest = bytes.uint32(at: offset + 8), let jitter = bytes.uint32(at: offset + 12),
            let lastReport = bytes.uint32(at: offset + 16), let delay = bytes.uint32(at: offset + 20)
        else { return nil }
        self.init(
            ssrc: ssrc, fractionLost: UInt8(truncatingIfNeeded: loss >> 24),
            // Shifted up and down again, so that bit 23 becomes the sign.
            cumulativeLost: Int32(bitPattern: loss << 8) >> 8,
            extendedHighestSequence: highest, jitter: jitter, lastSenderReport: lastReport,
            delaySinceLastSenderReport: delay)
    }

    func print(into bytes: inout [UInt8]) {
        let loss = max(-0x80_0000, min(0x7F_FFFF, cumulativeLost))
        bytes.append(bigEndian: ssrc)
        bytes.append(bigEndian: UInt32(fractionLost) << 24 | UInt32(bitPattern: loss) & 0xFF_FFFF)
        bytes.append(bigEndian: extendedHighestSequence)
        bytes.append(bigEndian: jitter)
        bytes.append(bigEndian: lastSenderReport)
        bytes.append(bigEndian: delaySinceLastSenderReport)
    }
}
