/// What one `m=` line of the peer offers or answers of what is spoken here, read once: G.711 under whatever number, and
/// telephone-event (RFC 4733).
struct AudioMedia {
    struct Format {
        let payloadType: UInt8
        let codec: AudioCodec
    }

    /// In the peer's order.
    let codecs: [Format]
    let telephoneEventPayload: UInt8?

    /// - Parameter offeredEvents: our number for telephone-event, where this is the answer to an offer of ours. An
    ///   answer that takes it over and forgets its `a=rtpmap` means it all the same.
    init(_ stream: MediaDescription, offeredEvents: UInt8?) {
        let encodings = Self.encodings(of: stream)
        var codecs: [Format] = []
        var events: UInt8?
        for format in stream.formats {
            guard let payloadType = UInt8(format), payloadType <= 127 else { continue }
            if let codec = Self.codec(payloadType, encodings[payloadType]) {
                codecs.append(Format(payloadType: payloadType, codec: codec))
            } else if events == nil, Self.isDynamic(payloadType),
                encodings[payloadType]?.isTelephoneEvent ?? (payloadType == offeredEvents),
                Self.holdsDigits(stream, payloadType)
            {
                events = payloadType
            }
        }
        self.codecs = codecs
        telephoneEventPayload = events
    }

    /// `a=rtpmap` (RFC 8866 §6.6), the first of each number.
    private static func encodings(of stream: MediaDescription) -> [UInt8: Encoding] {
        var encodings: [UInt8: Encoding] = [:]
        for attribute in stream.attributes where attribute.isNamed("rtpmap") {
            guard let parts = attribute.value?.split(maxSplits: 1, whereSeparator: { $0 == " " || $0 == "\t" }),
                parts.count == 2, let number = UInt8(parts[0]), encodings[number] == nil
            else { continue }
            encodings[number] = Encoding(parts[1])
        }
        return encodings
    }

    /// G.711 under its static number, or under any by name (RFC 3551 §6). A static number that is said to be something
    /// else is something else.
    private static func codec(_ payloadType: UInt8, _ encoding: Encoding?) -> AudioCodec? {
        guard let encoding else { return AudioCodec.allCases.first { $0.payloadType == payloadType } }
        return AudioCodec.allCases.first { encoding.isMono8000(named: $0.rawValue) }
    }

    /// RFC 3551 §6 and RFC 5761 §4: 96 to 127, and 35 to 63 where these do not suffice.
    private static func isDynamic(_ payloadType: UInt8) -> Bool {
        payloadType >= 96 || (35...63).contains(payloadType)
    }

    /// RFC 4733 §2.4.1: `a=fmtp` lists the events that can be received; without one it is 0 to 15. A list that cannot
    /// be read is taken for that, one without the ten digits is none of keys.
    private static func holdsDigits(_ stream: MediaDescription, _ payloadType: UInt8) -> Bool {
        for attribute in stream.attributes where attribute.isNamed("fmtp") {
            guard let parts = attribute.value?.split(maxSplits: 1, whereSeparator: { $0 == " " || $0 == "\t" }),
                parts.count == 2, UInt8(parts[0]) == payloadType
            else { continue }
            var digits = Set<Int>()
            for range in parts[1].split(separator: ",") {
                let ends = range.split(separator: "-").map { Int($0.filter { $0 != " " }) }
                guard let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2 else { return true }
                digits.formUnion((0...9).filter { first <= $0 && $0 <= last })
            }
            return digits.count == 10
        }
        return true
    }
}

/// `PCMU/8000/1`: a name, a clock rate, for audio a number of channels; the last two may be missing.
private struct Encoding {
    private let name: String
    private let clockRate: Int?
    private let channels: Int?

    init(_ text: Substring) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { part in
            part.split { $0 == " " || $0 == "\t" }.first.map(String.init) ?? ""
        }
        name = parts.first?.uppercased() ?? ""
        clockRate = Self.number(parts.dropFirst().first, otherwise: 8000)
        channels = Self.number(parts.dropFirst(2).first, otherwise: 1)
    }

    /// Nil for what is no number.
    private static func number(_ text: String?, otherwise: Int) -> Int? {
        guard let text, !text.isEmpty else { return otherwise }
        return Int(text)
    }

    func isMono8000(named other: String) -> Bool { name == other && clockRate == 8000 && channels == 1 }

    var isTelephoneEvent: Bool { name == "TELEPHONE-EVENT" && clockRate == 8000 }
}

extension MediaDescription {
    var isOfAudio: Bool { media.lowercased() == "audio" }

    /// Audio as plain RTP. RTP/AVPF (RFC 4585) is the same stream with more RTCP feedback, which nobody has to send.
    /// RTP/SAVP would be answered with keys (RFC 4568), which this version does not speak.
    var isPlainAudio: Bool { isOfAudio && (isAVP || transport.uppercased() == "RTP/AVPF") }

    var isAVP: Bool { transport.uppercased() == "RTP/AVP" }

    var direction: MediaDirection? { MediaDirection.declared(in: attributes) }

    /// `a=rtcp:` (RFC 3605), else the next port (RFC 3550 §11).
    var rtcpPort: UInt16? {
        if let port = value(of: "rtcp")?.blankSeparated.first.flatMap({ UInt16($0) }), port != 0 { return port }
        return port == UInt16.max ? nil : port + 1
    }
}

extension MediaDirection {
    static func declared(in attributes: [Attribute]) -> MediaDirection? {
        attributes.lazy.filter { $0.value == nil }.compactMap { MediaDirection(rawValue: $0.name.lowercased()) }.first
    }
}
