import SDP

/// What an RTP payload type's number means on a call.
///
/// Each side chooses the numbers that it wants to be sent (RFC 3264 §5.1, §6.1), and gear in use sends by its own, or
/// goes on with those of an earlier description: every number that was ever agreed on is understood, as the newest
/// description that names it means it. A number is never guessed.
struct PayloadTypes {
    enum Meaning: Equatable {
        case audio(G711)
        case events
        /// RFC 3389: there is nothing to hear. 19 is what it had before it had 13 (RFC 3551 §6).
        case comfortNoise
        case unknown
    }

    private var meanings = [Meaning](repeating: .unknown, count: 128)

    init() {
        for codec in AudioCodec.allCases { meanings[Int(codec.payloadType)] = .audio(G711(codec)) }
        meanings[13] = .comfortNoise
        meanings[19] = .comfortNoise
    }

    mutating func learn(_ route: MediaRoute) {
        if let sent = route.telephoneEventPayload {
            for number in [route.offeredEventPayload, sent] { learn(number, .events) }
        }
        learn(route.payloadType, .audio(route.payload))
    }

    subscript(number: UInt8) -> Meaning { meanings[Int(number & 0x7F)] }

    private mutating func learn(_ number: UInt8?, _ meaning: Meaning) {
        if let number, number < 128 { meanings[Int(number)] = meaning }
    }
}
