/// The codecs that this product speaks.
public enum AudioCodec: String, Sendable, Hashable, Codable, CaseIterable {
    case pcmu = "PCMU"
    case pcma = "PCMA"

    /// The static payload type (RFC 3551 §6).
    public var payloadType: UInt8 {
        switch self {
        case .pcmu: 0
        case .pcma: 8
        }
    }
}
