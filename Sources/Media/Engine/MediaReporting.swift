internal import RTP

/// A session's RTCP: when to report, what, and what the peer reports of us.
struct MediaReporting {
    private let ssrc: UInt32
    private let interval: RTCPInterval
    /// Random, and the same for the whole session (RFC 7022 §4.2).
    private let canonicalName: [UInt8]

    private var dueAt: Int64 = .max
    private var hasReported = false
    private var packetsAtLastReport: UInt64 = 0

    /// The peer's last sender report: whose, the middle of its time, when it came.
    private var lastSenderReport: (ssrc: UInt32, middle: UInt32, arrival: NTPTimestamp)?
    /// The peer's last block about us.
    private var remoteBlock: RTCPReportBlock?
    private var roundTripMilliseconds: Double?

    init(ssrc: UInt32, interval: RTCPInterval, random: inout SystemRandomNumberGenerator) {
        self.ssrc = ssrc
        self.interval = interval
        canonicalName = Array("\(String(random.next(), radix: 36))\(String(random.next(), radix: 36))".utf8)
    }

    func isDue(_ now: Int64) -> Bool { now >= dueAt }

    mutating func schedule(from now: Int64, random: inout SystemRandomNumberGenerator) {
        let seconds = interval.seconds(isFirst: !hasReported, random: Double.random(in: 0..<1, using: &random))
        dueAt = now + Int64(max(0.001, min(seconds, 3600)) * 1_000_000_000)
    }

    /// RFC 3550 §6.4: a sender report where packets were sent since the last one, with what is known of the peer's.
    mutating func compound(
        sending: MediaSending, at now: Int64, loss: (fractionLost: UInt8, cumulativeLost: Int32)?, source: RTPSource?,
        isGoodbye: Bool
    ) -> RTCPCompound {
        let time = NTPTimestamp(unixNanoseconds: now)
        var blocks: [RTCPReportBlock] = []
        if let source, let loss {
            let known = lastSenderReport.flatMap { $0.ssrc == source.ssrc ? $0 : nil }
            blocks = [
                RTCPReportBlock(
                    ssrc: source.ssrc, fractionLost: loss.fractionLost, cumulativeLost: loss.cumulativeLost,
                    extendedHighestSequence: source.extendedHighestSequence, jitter: source.jitter,
                    lastSenderReport: known?.middle ?? 0,
                    delaySinceLastSenderReport: known.map { time.middle &- $0.arrival.middle } ?? 0)
            ]
        }
        let information = RTCPSenderInformation(
            time: time, timestamp: sending.timestamp, packets: UInt32(truncatingIfNeeded: sending.packets),
            octets: UInt32(truncatingIfNeeded: sending.bytes))
        let report: RTCPPacket =
            sending.packets == packetsAtLastReport
            ? .receiverReport(ssrc: ssrc, blocks) : .senderReport(ssrc: ssrc, information, blocks)
        packetsAtLastReport = sending.packets
        hasReported = true
        var packets = [report, .sourceDescription([RTCPCanonicalName(ssrc: ssrc, name: canonicalName)])]
        if isGoodbye { packets.append(.goodbye([ssrc])) }
        return RTCPCompound(packets)
    }

    mutating func receive(_ compound: RTCPCompound, arrival: NTPTimestamp) {
        for packet in compound.packets {
            switch packet {
            case .senderReport(let peer, let information, let blocks):
                lastSenderReport = (peer, information.time.middle, arrival)
                receive(blocks, arrival)
            case .receiverReport(_, let blocks):
                receive(blocks, arrival)
            case .sourceDescription, .goodbye, .other:
                // The call's end is told by its signalling, not here.
                break
            }
        }
    }

    private mutating func receive(_ blocks: [RTCPReportBlock], _ arrival: NTPTimestamp) {
        guard let block = blocks.first(where: { $0.ssrc == ssrc }) else { return }
        remoteBlock = block
        let measured = RoundTrip.milliseconds(
            arrival: arrival, lastReport: block.lastSenderReport, delay: block.delaySinceLastSenderReport)
        if let measured { roundTripMilliseconds = measured }
    }

    func complete(_ report: inout MediaReport) {
        report.roundTripMilliseconds = roundTripMilliseconds
        report.remotePacketsLost = remoteBlock.map { Int($0.cumulativeLost) }
        report.remoteJitterMilliseconds = remoteBlock.map { Double($0.jitter) * 1000 / Double(AudioClip.rate) }
    }
}
