/// One packet of an RTCP compound (RFC 3550 §6).
public enum RTCPPacket: Equatable, Sendable {
    /// The packet type's octet.
    enum Kind {
        static let senderReport: UInt8 = 200
        static let receiverReport: UInt8 = 201
        static let sourceDescription: UInt8 = 202
        static let goodbye: UInt8 = 203
    }

    /// RFC 3550 §6.4.1: what was sent, and when that was.
    case senderReport(ssrc: UInt32, RTCPSenderInformation, [RTCPReportBlock])
    /// RFC 3550 §6.4.2: reports from one who sends nothing itself.
    case receiverReport(ssrc: UInt32, [RTCPReportBlock])
    /// RFC 3550 §6.5. Of its items the canonical name alone is kept.
    case sourceDescription([RTCPCanonicalName])
    /// RFC 3550 §6.6: the sources that leave.
    case goodbye([UInt32])
    /// A type that this package does not read, such as APP (RFC 3550 §6.7).
    case other(type: UInt8)
}

/// A sender report's own part (RFC 3550 §6.4.1).
public struct RTCPSenderInformation: Equatable, Sendable {
    public var time: NTPTimestamp
    /// The same instant on the media's clock.
    public var timestamp: RTPTimestamp
    /// Since the start, wrapping.
    public var packets: UInt32
    /// Octets of payload since the start, wrapping.
    public var octets: UInt32

    public init(time: NTPTimestamp, timestamp: RTPTimestamp, packets: UInt32, octets: UInt32) {
        self.time = time
        self.timestamp = timestamp
        self.packets = packets
        self.octets = octets
    }
}

/// A source's name that outlasts a change of its SSRC (RFC 3550 §6.5.1). Bytes, as a peer may send anything.
public struct RTCPCanonicalName: Equatable, Sendable {
    public var ssrc: UInt32
    public var name: [UInt8]

    public init(ssrc: UInt32, name: [UInt8]) {
        self.ssrc = ssrc
        self.name = name
    }
}
