/// One audio stream negotiated by offer and answer (RFC 3264): the codecs that this product speaks, telephone-event,
/// RTCP's port or multiplexing, and the direction.
extension LocalAudio {
    /// An offer of all codecs, telephone-event, and RTCP on the RTP port where the peer can (RFC 5761 §5.1.1). Streams
    /// that were described before stay where they are, refused (RFC 3264 §8: no m= line is ever taken away). Where all
    /// were removed, audio comes back in the place of audio (§8.1).
    public var offer: SessionDescription {
        var audio = stream(
            codecs: codecs.map { ($0, $0.payloadType) }, telephoneEventPayload: telephoneEventPayload, rtcpMux: true,
            direction: .sendrecv)
        guard let latest else { return description(of: audio, at: 0, among: []) }
        let position = position ?? latest.media.firstIndex { $0.isPlainAudio } ?? 0
        if latest.media.indices.contains(position), latest.media[position].isPlainAudio {
            audio.transport = latest.media[position].transport
        }
        return description(of: audio, at: position, among: latest.media)
    }

    /// What the peer's answer to ``offer`` comes to (RFC 3264 §6, §7).
    public func agreement(answer bytes: [UInt8]) throws(AudioDisagreement) -> AudioAgreement {
        let answer = try Self.parse(bytes)
        // The n-th m= line of the answer belongs to the n-th of the offer (RFC 3264 §6). Only one of ours is not
        // refused, so that audio in another place can mean no other.
        let position = position ?? 0
        let isInPlace = answer.media.indices.contains(position) && answer.media[position].isPlainAudio
        let candidates = isInPlace ? [position] : Array(answer.media.indices)
        return try choose(candidates, of: answer, offeredEvents: telephoneEventPayload).agreement
    }

    /// Answers the peer's offer: of its streams the one that can be taken, under its payload types, with its first codec
    /// that both speak; the others are refused with port 0, in its order (RFC 3264 §6, §6.1).
    public func answer(
        to bytes: [UInt8]
    ) throws(AudioDisagreement) -> (agreement: AudioAgreement, answer: SessionDescription) {
        let offer = try Self.parse(bytes)
        let (position, agreement) = try choose(Array(offer.media.indices), of: offer, offeredEvents: nil)
        let offered = offer.media[position]
        var audio = stream(
            codecs: [(agreement.codec, agreement.payloadType)],
            telephoneEventPayload: agreement.telephoneEventPayload, rtcpMux: offered.hasAttribute("rtcp-mux"),
            direction: agreement.direction)
        audio.media = offered.media
        audio.transport = offered.transport
        return (agreement, description(of: audio, at: position, among: offer.media))
    }

    /// Answers a later offer that removes the stream, with port 0 in every place (RFC 3264 §8.2). Nil for any other offer:
    /// also for a first one of nothing but refused streams, and for one that wants another kind of stream instead.
    public func answer(removing bytes: [UInt8]) -> SessionDescription? {
        guard latest != nil, let offer = try? SessionDescription(parsing: bytes), offer.removesAudio else { return nil }
        return description(of: Self.refused(offer.media))
    }

    /// Whether the peer's answer to a later ``offer`` refuses the stream, by which it is removed as well (RFC 3264 §6).
    public func isRemoved(answer bytes: [UInt8]) -> Bool {
        (try? SessionDescription(parsing: bytes))?.removesAudio ?? false
    }

    private static func parse(_ bytes: [UInt8]) throws(AudioDisagreement) -> SessionDescription {
        do { return try SessionDescription(parsing: bytes) } catch { throw .malformed(error) }
    }

    /// The stream to take: the one that is in use already, else RTP/AVP before RTP/AVPF, else the first. Where none can
    /// be taken, the first audio stream's fault is told.
    private func choose(
        _ positions: [Int], of description: SessionDescription, offeredEvents: UInt8?
    ) throws(AudioDisagreement) -> (position: Int, agreement: AudioAgreement) {
        let plain = positions.filter { description.media[$0].isPlainAudio }
        let inUse = plain.filter { $0 == position }
        let byTransport = plain.filter { description.media[$0].isAVP } + plain.filter { !description.media[$0].isAVP }
        var fault: AudioDisagreement?
        for candidate in inUse + byTransport {
            do {
                return (candidate, try agreement(with: description.media[candidate], in: description, offeredEvents))
            } catch { if fault == nil || fault == .refused { fault = error } }
        }
        if let fault { throw fault }
        let other = positions.first { description.media[$0].isOfAudio }
        throw other.map { .noCommonTransport(String(description.media[$0].transport.prefix(40))) } ?? .noAudioStream
    }

    private func agreement(
        with stream: MediaDescription, in description: SessionDescription, _ offeredEvents: UInt8?
    ) throws(AudioDisagreement) -> AudioAgreement {
        guard stream.port != 0 else { throw .refused }
        // A stream's own address goes before the session's (RFC 8866 §5.7).
        let connections = stream.connections.isEmpty ? description.connections : stream.connections
        let family = ConnectionAddress(host: address).family
        guard let connection = connections.first(where: { $0.family == family }) ?? connections.first else {
            throw .noAddress
        }
        let audio = AudioMedia(stream, offeredEvents: offeredEvents)
        guard let format = audio.codecs.first(where: { codecs.contains($0.codec) }) else { throw .noCommonCodec }
        let remoteDirection =
            stream.direction ?? MediaDirection.declared(in: description.attributes) ?? .sendrecv
        var direction = remoteDirection.mirrored
        if connection.isUnspecified { direction = direction.receives ? .recvonly : .inactive }
        return AudioAgreement(
            remoteAddress: connection.host, remotePort: stream.port,
            remoteRTCPPort: stream.hasAttribute("rtcp-mux") ? nil : stream.rtcpPort, codec: format.codec,
            payloadType: format.payloadType, telephoneEventPayload: audio.telephoneEventPayload, direction: direction)
    }

    /// Our `m=` line.
    private func stream(
        codecs: [(codec: AudioCodec, payload: UInt8)], telephoneEventPayload: UInt8?, rtcpMux: Bool,
        direction: MediaDirection
    ) -> MediaDescription {
        var audio = MediaDescription(
            media: "audio", port: port, transport: "RTP/AVP", formats: codecs.map { String($0.payload) })
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
        return audio
    }

    /// A description with our stream in its place, and all others refused.
    private func description(
        of audio: MediaDescription, at position: Int, among streams: [MediaDescription]
    ) -> SessionDescription {
        var media = Self.refused(streams)
        if media.indices.contains(position) { media[position] = audio } else { media = [audio] }
        return description(of: media)
    }

    private static func refused(_ streams: [MediaDescription]) -> [MediaDescription] {
        streams.map { stream in
            // At least one format has to stand there (RFC 8866 §9).
            MediaDescription(
                media: stream.media, port: 0, transport: stream.transport,
                formats: stream.formats.isEmpty ? ["0"] : stream.formats)
        }
    }

    private func description(of media: [MediaDescription]) -> SessionDescription {
        let address = ConnectionAddress(host: address)
        return SessionDescription(
            origin: .init(sessionID: sessionID, sessionVersion: sessionVersion, address: address),
            sessionName: "Belay", connection: address, media: media)
    }
}

extension SessionDescription {
    /// Audio is described, and neither that nor anything else has a port.
    fileprivate var removesAudio: Bool { media.contains { $0.isOfAudio } && media.allSatisfy { $0.port == 0 } }
}
