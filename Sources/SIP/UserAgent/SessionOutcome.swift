/// Why a session was never answered. Emitted exactly once for such a session.
public enum SessionFailure: Hashable, Codable, Sendable {
    /// The peer's final response, 300 to 699.
    case response(StatusCode, reason: String)
    /// Not even a provisional response came within 64·T1 (timer B, RFC 3261 §17.1.1.2).
    case timedOut
    /// The INVITE could not be sent; why, in words.
    case transportFailed(String)
    /// We ended it before it was answered, whatever the peer said to that.
    case canceled
    /// An incoming session: the peer took it back, by CANCEL or BYE. An outgoing one: the callee hung up what it held to
    /// be answered, and its answer never came.
    case canceledByPeer
    /// An incoming session: the time that its INVITE gave, by Expires, was over (RFC 3261 §13.3.1).
    case expired
    /// An incoming session that we refused.
    case rejected(StatusCode)
    /// The peer answered with something that makes no dialog (no tag, no Contact), or an INVITE that cannot be
    /// answered; it was ended where it could be.
    case protocolError(String)
}

/// Why an answered session is over. Emitted exactly once for such a session.
public enum SessionEnd: Hashable, Codable, Sendable {
    /// The peer sent BYE.
    case remoteHangUp
    /// We sent BYE. `confirmed` is true where the peer answered it with 2xx or sent its own BYE meanwhile.
    case localHangUp(confirmed: Bool)
    /// An incoming session whose 2xx was never acknowledged within 64·T1 (RFC 3261 §13.3.1.4); BYE was sent.
    case neverAcknowledged
    /// The peer broke the dialog's rules such that it cannot go on; BYE was sent.
    case protocolError(String)
}
