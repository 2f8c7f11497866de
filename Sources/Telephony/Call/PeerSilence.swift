/// Why nothing is heard of a far end.
package enum PeerSilence: Hashable, Sendable {
    /// It was heard before.
    case fellSilent
    case neverHeard
    /// Its description names an address that no packet can reach.
    case unreachable
}
