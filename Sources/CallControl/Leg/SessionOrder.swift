import SIP

/// What a leg wants of its SIP session.
enum SessionOrder: Equatable, Sendable {
    case invite(Invitation)
    /// CANCEL or BYE, whichever is right.
    case end
    /// 180, 183 with SDP, 200 with SDP, or a refusal: to the INVITE of a call that came in.
    case ring
    case progress([UInt8])
    case answer([UInt8])
    case reject(StatusCode)
    /// The answer to the peer's re-INVITE or UPDATE.
    case answerOffer([UInt8])
    /// 488 to it, with these header fields.
    case refuseOffer(SIPHeaders)
    /// One digit, by INFO.
    case reportKey(Character, milliseconds: Int)
}
