import SDP
import SIP

/// Why a session description cannot be taken: in words for the log, and as the Warning that tells the peer.
struct DescriptionFault: Error, Hashable, Sendable {
    let explanation: String
    /// RFC 3261 §20.43
    let warningCode: Int

    init(_ explanation: String, warningCode: Int) {
        self.explanation = explanation
        self.warningCode = warningCode
    }

    init(_ disagreement: AudioDisagreement) {
        self.init(disagreement.explanation, warningCode: disagreement.warningCode)
    }

    /// What goes with a 488: `Warning: 305 Belay "no common codec"` (RFC 3261 §20.43). Of what the peer wrote only what
    /// a quoted string may hold comes back to it.
    var headers: SIPHeaders {
        let words = explanation.unicodeScalars.prefix(Self.longestWarning).map { scalar -> Character in
            switch scalar {
            case "\"", "\\": "'"
            case " "..."~": Character(scalar)
            default: "?"
            }
        }
        return SIPHeaders([.init(.warning, "\(warningCode) Belay \"\(String(words))\"")])
    }

    /// A header field that fits on a screen.
    private static let longestWarning = 200
}
