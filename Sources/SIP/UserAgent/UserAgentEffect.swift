/// What the user agent wants done or known. The shell carries out `send`, the owner of the sessions hears the rest.
public enum UserAgentEffect: Equatable, Sendable {
    case send([UInt8], to: TransportAddress)

    // MARK: Outgoing sessions

    /// A provisional response above 100; `body` is SDP, if it has any (early media). Repeated ones are told again.
    case progressed(SessionID, StatusCode, body: [UInt8]?)
    /// A 2xx; its ACK has been emitted already, or waits for its record. `body` is the answer: the 2xx's own, else that of an earlier response
    /// of the same dialog; empty where the peer forgot it.
    case answered(SessionID, body: [UInt8])

    // MARK: Both

    /// The session was not answered: exactly once for each such session.
    case failed(SessionID, SessionFailure)
    /// The answered session is over: exactly once for each such session.
    case ended(SessionID, SessionEnd)
    /// A re-INVITE or UPDATE of the peer with its offer, or a re-INVITE without one (nil): `answerOffer` is due.
    case offerReceived(SessionID, body: [UInt8]?)
    /// The offer that was told of is off: taken back by its CANCEL, or left unanswered for 64·T1. No `answerOffer` is
    /// due any more.
    case offerWithdrawn(SessionID)
    /// The peer reported a key by INFO; it has been answered 200. Whether it also came as media is not known here.
    case keyReported(SessionID, Character, milliseconds: Int)
    /// The final answer to an `info` of ours; nil where none came, or the session cannot send one (any more).
    case infoAnswered(SessionID, StatusCode?)
    /// A request of the session waits for its next hop, which is a name: `resolved` is owed.
    case resolve(SessionID, host: String)
    /// The record of the session is worth storing again: INVITE repeated with credentials, early dialog, answer,
    /// target refreshed. Not emitted at the end, where the record may be deleted.
    case recordChanged(SessionID)
    /// The record must be stored now: a message that binds the peer waits for `recordStored`, for 16·T1 at most. It is
    /// the ACK of a 2xx, or a 2xx of ours that makes a dialog or takes the peer's new target. A peer that has not got it
    /// repeats itself, so that a crash before loses nothing; one that has got it waits for our BYE, which after a crash
    /// only the record can tell how to send.
    case recordDue(SessionID, RecordHold)

    // MARK: Incoming sessions

    /// A new INVITE; 100 has been sent. The owner owes `reject` or `answer`.
    case invited(SessionID, IncomingInvitation)
    /// CANCEL or BYE came before the answer, or its time ran out; 487 has been sent. `failed` follows.
    case canceledByPeer(SessionID)
    /// The ACK for our 2xx came, of the first INVITE or of a later one. `body` is the peer's answer where we offered.
    case acknowledged(SessionID, body: [UInt8]?)

    // MARK: To be read afterwards

    case messageSent(SessionID, SIPTrace)
    case messageReceived(SessionID, SIPTrace)
    /// A message that plainly belongs to the session, and could not be taken: a response was dropped, a request was
    /// answered 400 or 505.
    case messageRefused(SessionID, SIPTrace, SIPParseError)
    case discarded(reason: DiscardReason, from: TransportAddress)
    /// Before it `discarded`, with `peerNotAllowed`.
    case turnedAway(TurnedAway)
}
