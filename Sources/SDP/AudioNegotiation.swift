/// One audio stream negotiated by offer and answer (RFC 3264): the codecs that this product speaks, telephone-event,
/// RTCP's port or multiplexing, and the direction.
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

/// What this side puts into its offers and answers.
public struct LocalAudio: Hashable, Sendable {
    public var address: String
    public var port: UInt16
    /// In order of preference.
    public var codecs: [AudioCodec]
    /// The payload type offered for telephone-event (RFC 4733); dynamic, 96 to 127.
    public var telephoneEventPayload: UInt8
    public var sessionID: UInt64
    public var sessionVersion: UInt64

    public init(
        address: String, port: UInt16, codecs: [AudioCodec] = [.pcmu, .pcma], telephoneEventPayload: UInt8 = 101,
        sessionID: UInt64, sessionVersion: UInt64
    ) {
        self.address = address
        self.port = port
        self.codecs = codecs
        self.telephoneEventPayload = telephoneEventPayload
        self.sessionID = sessionID
        self.sessionVersion = sessionVersion
    }
}

/// What both sides have agreed upon, seen from this side.
public struct AudioAgreement: Hashable, Sendable {
    public var remoteAddress: String
    public var remotePort: UInt16
    /// Nil where RTCP shares RTP's port (RFC 5761).
    public var remoteRTCPPort: UInt16?
    /// What this side sends.
    public var codec: AudioCodec
    /// What this side sends events with; nil: in-band tones.
    public var telephoneEventPayload: UInt8?
    /// From this side's point of view.
    public var direction: MediaDirection
}

/// Why no audio stream came about.
public enum AudioDisagreement: Error, Hashable, Sendable {
    case malformed(SDPParseError)
    case noAudioStream
    /// The peer refused the stream (port 0).
    case refused
    case noCommonCodec
    case noAddress

    /// In words, for the log.
    public var explanation: String {
        switch self {
        case .malformed(let error): "the SDP is malformed: \(error)"
        case .noAudioStream: "the SDP has no RTP/AVP audio stream"
        case .refused: "the peer refused the audio stream (port 0)"
        case .noCommonCodec: "no common codec; PCMU and PCMA are spoken here"
        case .noAddress: "the SDP has no connection address"
        }
    }
}

extension LocalAudio {
    /// An offer of all codecs, telephone-event, and RTCP on the RTP port where the peer can (RFC 5761 §5.1.1).
    public var offer: SessionDescription {
        description(
            codecs: codecs.map { ($0, $0.payloadType) }, telephoneEventPayload: telephoneEventPayload, rtcpMux: true,
            direction: .sendrecv, position: 0, streams: [])
    }

    /// What the peer's answer to ``offer`` comes to (RFC 3264 §6, §7).
    public func agreement(answer bytes: [UInt8]) throws(AudioDisagreement) -> AudioAgreement {
        let answer = try Self.parse(bytes)
        // The n-th m= line of the answer belongs to the n-th of the offer (RFC 3264 §6), and ours has one.
        guard let stream = answer.media.first, stream.isAudio else { throw .noAudioStream }
        return try agreement(with: stream, in: answer, rtcpMuxAllowed: true)
    }

    /// Answers the peer's offer; the answer repeats its payload types and takes its first codec that both speak
    /// (RFC 3264 §6.1). Streams other than the first fitting audio stream are refused with port 0.
    public func answer(
        to bytes: [UInt8]
    ) throws(AudioDisagreement) -> (agreement: AudioAgreement, answer: SessionDescription) {
        let offer = try Self.parse(bytes)
        guard let position = offer.media.firstIndex(where: { $0.isAudio && $0.port != 0 }) else {
            throw offer.media.contains { $0.isAudio } ? .refused : .noAudioStream
        }
        let stream = offer.media[position]
        let agreement = try agreement(with: stream, in: offer, rtcpMuxAllowed: true)
        let payload = stream.payloadType(of: agreement.codec) ?? agreement.codec.payloadType
        let answer = description(
            codecs: [(agreement.codec, payload)], telephoneEventPayload: agreement.telephoneEventPayload,
            rtcpMux: stream.hasAttribute("rtcp-mux"), direction: agreement.direction, position: position,
            streams: offer.media)
        return (agreement, answer)
    }

    private static func parse(_ bytes: [UInt8]) throws(AudioDisagreement) -> SessionDescription {
        do { return try SessionDescription(parsing: bytes) } catch { throw .malformed(error) }
    }

    private func agreement(
        with stream: MediaDescription, in description: SessionDescription, rtcpMuxAllowed: Bool
    ) throws(AudioDisagreement) -> AudioAgreement {
        guard stream.port != 0 else { throw .refused }
        guard let connection = stream.connection ?? description.connection else { throw .noAddress }
        guard let codec = stream.formats.lazy.compactMap({ stream.codec(ofFormat: $0) }).first(where: codecs.contains)
        else { throw .noCommonCodec }
        let remoteDirection =
            stream.direction ?? MediaDirection.declared(in: description.attributes) ?? .sendrecv
        var direction = remoteDirection.mirrored
        if connection.isUnspecified { direction = direction.receives ? .recvonly : .inactive }
        let isMultiplexed = rtcpMuxAllowed && stream.hasAttribute("rtcp-mux")
        return AudioAgreement(
            remoteAddress: connection.host, remotePort: stream.port,
            remoteRTCPPort: isMultiplexed ? nil : stream.rtcpPort, codec: codec,
            telephoneEventPayload: stream.telephoneEventPayload, direction: direction)
    }

    private func description(
        codecs: [(codec: AudioCodec, payload: UInt8)], telephoneEventPayload: UInt8?, rtcpMux: Bool,
        direction: MediaDirection, position: Int, streams: [MediaDescription]
    ) -> SessionDescription {
        var audio = MediaDescription(
            media: "audio", port: port, transport: streams.isEmpty ? "RTP/AVP" : streams[position].transport,
            formats: codecs.map { String($0.payload) })
        for (codec, payload) in codecs {
            audio.attributes.append(Attribute("rtpmap", "\(payload) \(codec.rawValue)/8000"))
        }
        if let telephoneEventPayload {
            audio.formats.append(String(telephoneEventPayload))
            audio.attributes.append(Attribute("rtpmap", "\(telephoneEventPayload) telephone-event/8000"))
            audio.attributes.append(Attribute("fmtp", "\(telephoneEventPayload) 0-15"))
        }
        audio.attributes.append(Attribute("ptime", "20"))
        audio.attributes.append(Attribute(direction.rawValue))
        if rtcpMux { audio.attributes.append(Attribute("rtcp-mux")) }
        var media: [MediaDescription] = streams.map { stream in
            MediaDescription(media: stream.media, port: 0, transport: stream.transport, formats: stream.formats)
        }
        if media.isEmpty { media = [audio] } else { media[position] = audio }
        let address = ConnectionAddress(host: address)
        return SessionDescription(
            origin: .init(sessionID: sessionID, sessionVersion: sessionVersion, address: address),
            sessionName: "Belay", connection: address, media: media)
    }
}

extension MediaDescription {
    /// Plain RTP only: an SAVP stream would be answered with keys (RFC 4568), which this version does not speak.
    /// RTP/AVPF is the same stream with more RTCP feedback, and is not offered by telephony trunks without SAVP.
    fileprivate var isAudio: Bool { media == "audio" && transport == "RTP/AVP" }

    fileprivate var direction: MediaDirection? { MediaDirection.declared(in: attributes) }

    /// `a=rtcp:` (RFC 3605), else the next port (RFC 3550 §11).
    fileprivate var rtcpPort: UInt16? {
        if let value = value(of: "rtcp"), let port = UInt16(value.split(separator: " ").first ?? "") { return port }
        return port == UInt16.max ? nil : port + 1
    }

    fileprivate var telephoneEventPayload: UInt8? {
        formats.lazy.compactMap { format in
            self.encoding(ofFormat: format).flatMap {
                $0.lowercased().hasPrefix("telephone-event/8000") ? UInt8(format) : nil
            }
        }.first { $0 >= 96 && $0 <= 127 }
    }

    fileprivate func payloadType(of codec: AudioCodec) -> UInt8? {
        formats.lazy.filter { self.codec(ofFormat: $0) == codec }.compactMap { UInt8($0) }.first
    }

    fileprivate func codec(ofFormat format: String) -> AudioCodec? {
        guard let encoding = encoding(ofFormat: format)?.uppercased() else {
            return AudioCodec.allCases.first { String($0.payloadType) == format }
        }
        // Only the static types are sent by the media engine: a G.711 codec under a dynamic number is legal and
        // unheard of. Deviation: such a format counts as unknown.
        return AudioCodec.allCases.first {
            String($0.payloadType) == format
                && (encoding == "\($0.rawValue)/8000" || encoding == "\($0.rawValue)/8000/1")
        }
    }

    /// `PCMU/8000` for a format with an `a=rtpmap`.
    private func encoding(ofFormat format: String) -> String? {
        for attribute in attributes where attribute.name == "rtpmap" {
            guard let value = attribute.value else { continue }
            let parts = value.split(separator: " ", maxSplits: 1)
            if parts.count == 2, parts[0] == format { return String(parts[1]) }
        }
        return nil
    }
}

extension MediaDirection {
    fileprivate static func declared(in attributes: [Attribute]) -> MediaDirection? {
        attributes.lazy.filter { $0.value == nil }.compactMap { MediaDirection(rawValue: $0.name) }.first
    }
}
