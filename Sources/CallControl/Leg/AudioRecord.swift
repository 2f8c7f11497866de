import JSON
import SDP
import Telephony

/// What is stored of a leg's audio: our side of it, what was agreed, and the RTP stream's numbers, so that another process
/// can go on where this one was.
struct AudioRecord: Hashable, Sendable, Codable {
    /// Where the numbers of the stream that is sent began. What was sent since follows from the time: a packet each 20 ms.
    struct Stream: Hashable, Sendable, Codable {
        var synchronizationSource: UInt32
        var firstSequenceNumber: UInt16
        var firstTimestamp: UInt32
    }

    /// See ``AudioAgreement``.
    struct Agreement: Hashable, Sendable, Codable {
        var remoteAddress: String
        var remotePort: UInt16
        var remoteRTCPPort: UInt16?
        var codec: AudioCodec
        var payloadType: UInt8
        var eventPayload: UInt8?
        var direction: MediaDirection
    }

    /// See ``MediaSources``.
    struct Sources: Hashable, Sendable, Codable {
        var signallingHost: String
        var allowsAnySource: Bool
        var isFollowed: Bool
    }

    var address: String
    var port: UInt16
    var codecs: [AudioCodec]
    var eventPayload: UInt8
    /// Of `o=` (RFC 8866 §5.2): sess-id and sess-version.
    var sessionID: UInt64
    var sessionVersion: UInt64
    /// The description that was issued last; SDP.
    var issued: String?
    /// Nil before the port is being bound.
    var stream: Stream?
    var agreement: Agreement?
    var sources: Sources?

    init(
        _ local: LocalAudio, stream opening: MediaOpening?, agreement agreed: AudioAgreement? = nil,
        sources: MediaSources? = nil
    ) {
        address = local.address
        port = local.port
        codecs = local.codecs
        eventPayload = local.telephoneEventPayload
        sessionID = local.sessionID
        sessionVersion = local.sessionVersion
        issued = local.latest.map { String(decoding: $0.bytes, as: UTF8.self) }
        stream = opening.map(Stream.init)
        agreement = agreed.map(Agreement.init)
        self.sources = sources.map(Sources.init)
    }

    var local: LocalAudio {
        var local = LocalAudio(
            address: address, port: port, codecs: codecs, telephoneEventPayload: eventPayload, sessionID: sessionID,
            sessionVersion: sessionVersion)
        if let issued { local.noteIssued(Array(issued.utf8)) }
        return local
    }

    /// What the engine is to be opened with again: the numbers as they were at the beginning.
    var opening: MediaOpening? {
        stream.map { stream in
            MediaOpening(
                port: port, synchronizationSource: stream.synchronizationSource,
                firstSequenceNumber: stream.firstSequenceNumber, firstTimestamp: stream.firstTimestamp)
        }
    }

    var agreed: AudioAgreement? {
        agreement.map { agreement in
            AudioAgreement(
                remoteAddress: agreement.remoteAddress, remotePort: agreement.remotePort,
                remoteRTCPPort: agreement.remoteRTCPPort, codec: agreement.codec, payloadType: agreement.payloadType,
                telephoneEventPayload: agreement.eventPayload, direction: agreement.direction)
        }
    }

    /// Nobody but the description's address where nothing else was stored.
    var allowedSources: MediaSources {
        MediaSources(
            signallingHost: sources?.signallingHost ?? agreement?.remoteAddress ?? address,
            allowsAnySource: sources?.allowsAnySource ?? false, isFollowed: sources?.isFollowed ?? false)
    }
}

extension AudioRecord.Stream {
    init(_ opening: MediaOpening) {
        synchronizationSource = opening.synchronizationSource
        firstSequenceNumber = opening.firstSequenceNumber
        firstTimestamp = opening.firstTimestamp
    }
}

extension AudioRecord.Agreement {
    init(_ agreement: AudioAgreement) {
        remoteAddress = agreement.remoteAddress
        remotePort = agreement.remotePort
        remoteRTCPPort = agreement.remoteRTCPPort
        codec = agreement.codec
        payloadType = agreement.payloadType
        eventPayload = agreement.telephoneEventPayload
        direction = agreement.direction
    }
}

extension AudioRecord.Sources {
    init(_ sources: MediaSources) {
        signallingHost = sources.signallingHost
        allowsAnySource = sources.allowsAnySource
        isFollowed = sources.isFollowed
    }
}

// MARK: Bytes

extension AudioRecord {
    /// As ``CallRecord/bytes``.
    func write(into writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("address", address)
            if let agreement { writer.nested("agreement") { agreement.write(into: &$0) } }
            writer.array("codecs") { writer in
                for codec in codecs { writer.value(.string(codec.rawValue)) }
            }
            writer.member("eventPayload", Int(eventPayload))
            if let issued { writer.member("issued", issued) }
            writer.member("port", Int(port))
            // RFC 8866 §5.2: of 64 bits at most; ours are of 62, and of 63 whoever counts them up.
            writer.member("sessionID", Int64(clamping: sessionID))
            writer.member("sessionVersion", Int64(clamping: sessionVersion))
            if let sources { writer.nested("sources") { sources.write(into: &$0) } }
            if let stream { writer.nested("stream") { stream.write(into: &$0) } }
        }
    }
}

extension AudioRecord.Stream {
    fileprivate func write(into writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("firstSequenceNumber", Int(firstSequenceNumber))
            writer.member("firstTimestamp", Int64(firstTimestamp))
            writer.member("synchronizationSource", Int64(synchronizationSource))
        }
    }
}

extension AudioRecord.Agreement {
    fileprivate func write(into writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("codec", codec.rawValue)
            writer.member("direction", direction.rawValue)
            if let eventPayload { writer.member("eventPayload", Int(eventPayload)) }
            writer.member("payloadType", Int(payloadType))
            writer.member("remoteAddress", remoteAddress)
            writer.member("remotePort", Int(remotePort))
            if let remoteRTCPPort { writer.member("remoteRTCPPort", Int(remoteRTCPPort)) }
        }
    }
}

extension AudioRecord.Sources {
    fileprivate func write(into writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("allowsAnySource", allowsAnySource)
            writer.member("isFollowed", isFollowed)
            writer.member("signallingHost", signallingHost)
        }
    }
}
