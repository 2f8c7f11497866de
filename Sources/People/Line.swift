/// What somebody's telephone line does to signalling and media, whoever picks up.
package enum Line: Hashable, Sendable {
    case sound
    /// So many ACKs of a 2xx do not arrive, so that the 200 comes again (RFC 3261 §13.3.1.4).
    case losesACKs(Int)
    /// Every message leaves twice.
    case doubles
    /// The SDP names another port than the one that media comes from, as behind a NAT.
    case mediaFromAnotherPort
    /// The INVITE reaches two telephones (RFC 3261 §16.6); both ring, and both may pick up.
    case forks
}
