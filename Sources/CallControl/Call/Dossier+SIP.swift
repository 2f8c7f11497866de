import JSON
import SIP
import Telephony

/// What the journal says of the SIP messages of a call.
extension Dossier {
    mutating func note(_ trace: SIPTrace, isSent: Bool, _ turn: inout Turn) {
        var metadata: [String: JSONValue] = [
            "direction": isSent ? "sent" : "received", "peer": .string(trace.peer.description),
            "text": .string(trace.text),
        ]
        if trace.isRetransmission { metadata["isRetransmission"] = true }
        note(
            within: .messages, .info, .sip, (isSent ? "SIP sent : " : "SIP received : ") + trace.startLine, metadata,
            &turn)
    }

    /// A message that plainly belongs to this call, and could not be taken.
    mutating func note(refused trace: SIPTrace, _ error: SIPParseError, _ turn: inout Turn) {
        let isResponse = trace.startLine.utf8.starts(with: "SIP/".utf8)
        note(
            within: .messages, .warning, .sip, (isResponse ? "SIP dropped : " : "SIP refused : ") + trace.startLine,
            [
                "direction": "received", "peer": .string(trace.peer.description), "text": .string(trace.text),
                "explanation": .string("a message that belongs to this call was not taken: \(error.explanation)"),
            ], &turn)
    }
}
