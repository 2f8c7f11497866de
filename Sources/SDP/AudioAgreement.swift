/// What both sides have agreed upon, seen from this side.
public struct AudioAgreement: Hashable, Sendable {
    /// Of `c=`: an address or a name, as it was written.
    public var remoteAddress: String
    public var remotePort: UInt16
    /// Nil where RTCP shares RTP's port (RFC 5761).
    public var remoteRTCPPort: UInt16?
    /// What this side sends.
    public var codec: AudioCodec
    /// The number that this side sends the codec under: the peer's, which need not be the static one (RFC 3264 §6.1).
    public var payloadType: UInt8
    /// What this side sends events with; nil: in-band tones.
    public var telephoneEventPayload: UInt8?
    /// From this side's point of view.
    public var direction: MediaDirection

    package init(
        remoteAddress: String, remotePort: UInt16, remoteRTCPPort: UInt16? = nil, codec: AudioCodec, payloadType: UInt8,
        telephoneEventPayload: UInt8? = nil, direction: MediaDirection
    ) {
        self.remoteAddress = remoteAddress
        self.remotePort = remotePort
        self.remoteRTCPPort = remoteRTCPPort
        self.codec = codec
        self.payloadType = payloadType
        self.telephoneEventPayload = telephoneEventPayload
        self.direction = direction
    }
}

/// Why no audio stream came about.
public enum AudioDisagreement: Error, Hashable, Sendable {
    case malformed(SDPParseError)
    case noAudioStream
    /// There is audio, but only by a transport that is not spoken here, such as RTP/SAVP.
    case noCommonTransport(String)
    /// The peer refused the stream (port 0).
    case refused
    case noCommonCodec
    case noAddress

    /// In words, for the log.
    public var explanation: String {
        switch self {
        case .malformed(let error): "the SDP is malformed: \(error)"
        case .noAudioStream: "the SDP has no audio stream"
        case .noCommonTransport(let transport): "audio by \(transport); RTP/AVP is spoken here"
        case .refused: "the audio stream is refused (port 0)"
        case .noCommonCodec: "no common codec; PCMU and PCMA are spoken here"
        case .noAddress: "the SDP has no connection address"
        }
    }

    /// The warn-code of a Warning that tells the peer (RFC 3261 §20.43).
    public var warningCode: Int {
        switch self {
        case .malformed: 399
        case .noAudioStream, .refused: 304
        case .noCommonTransport: 302
        case .noCommonCodec: 305
        case .noAddress: 301
        }
    }
}
