import JSON
import SIP

/// What a leg needs to go on in another process (ARCHITECTURE.md#records): versioned by itself. Today one that waits goes
/// on by it, and any other is ended.
struct LegRecord: Hashable, Sendable, Codable {
    /// The version that this code writes, and the only one that it reads.
    static let currentVersion = 1

    enum Phase: String, Hashable, Sendable, Codable {
        /// No INVITE has left.
        case waiting
        /// An INVITE may have left.
        case opening
        /// It came in, and has not been answered.
        case incoming
        case ringing
        case answered
        /// The far end has still to be told.
        case over
    }

    var version = LegRecord.currentVersion
    var phase: Phase
    /// Nil while no INVITE may have left, and of a call that came in while it has no dialog.
    var session: SessionRecord?
    /// Nil where there is no port.
    var audio: AudioRecord?
    /// Of a call that came in, until it is answered.
    var ringing: RingingRecord?

    /// What a call that came in has been told.
    struct RingingRecord: Hashable, Sendable, Codable {
        /// The caller's offer and the answer to it, or our offer; SDP.
        var offer: String?
        var answer: String
        var longestCallSeconds: Int
        /// 180 and 183 have been sent.
        var rings: Bool
        var hasEarlyMedia: Bool
    }

    init(_ phase: Phase, session: SessionRecord? = nil, audio: AudioRecord? = nil, ringing: RingingRecord? = nil) {
        self.phase = phase
        self.session = session
        self.audio = audio
        self.ringing = ringing
    }

    /// As ``CallRecord/bytes``.
    func write(into writer: inout JSONWriter) {
        writer.object { writer in
            if let audio { writer.nested("audio") { audio.write(into: &$0) } }
            writer.member("phase", phase.rawValue)
            if let ringing { writer.nested("ringing") { ringing.write(into: &$0) } }
            if let session { writer.nested("session") { session.write(into: &$0) } }
            writer.member("version", version)
        }
    }
}

extension LegRecord.RingingRecord {
    fileprivate func write(into writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("answer", answer)
            writer.member("hasEarlyMedia", hasEarlyMedia)
            writer.member("longestCallSeconds", longestCallSeconds)
            if let offer { writer.member("offer", offer) }
            writer.member("rings", rings)
        }
    }
}
