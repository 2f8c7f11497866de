import JSON
import SIP
import Telephony

/// What the journal says of where a call's media comes from.
extension Dossier {
    mutating func noteMove(from former: String, to present: String, _ turn: inout Turn) {
        note(
            .info, .media, "Media comes from elsewhere and goes there from now on",
            ["from": .string(former), "to": .string(present)], &turn)
    }

    /// A gateway may send from one address and listen at another. Where nothing is heard there, a NAT stands between.
    mutating func noteElsewhere(_ source: String, described: String, _ turn: inout Turn) {
        note(
            .info, .media, "Media comes from elsewhere than the far end's description says, and goes where that says",
            [
                "from": .string(source), "to": .string(described),
                "explanation": "if the far end hears nothing, it is behind a NAT: set trunk-media to follow",
            ], &turn)
    }
}
