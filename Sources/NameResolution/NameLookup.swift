/// What a name led to.
package struct NameAnswer: Hashable, Sendable {
    /// In the order in which they are to be tried (RFC 6724); at least one.
    package var addresses: [HostAddress]
    /// How long they hold, in seconds: the shortest time to live of the records; nil where nothing tells.
    package var lifetimeSeconds: Int?

    package init(addresses: [HostAddress], lifetimeSeconds: Int? = nil) {
        self.addresses = addresses
        self.lifetimeSeconds = lifetimeSeconds
    }
}

package enum NameFailure: Error, Hashable, Sendable {
    /// The name servers say that there is no such name, or that it has no address.
    case noSuchName
    /// The name servers could not be asked or did not answer to the point; in words.
    case notResolved(String)
    /// So many of this asker's look-ups are under way or wait, altogether or below this name's domain, that no further
    /// one was begun.
    case overloaded
}

/// Asks for a name's addresses without holding up whoever asks.
package protocol NameLookup: Sendable {
    /// - Parameter completion: runs once, on a thread of the look-up's own, and must not block.
    func lookUp(_ name: String, completion: @escaping @Sendable (Result<NameAnswer, NameFailure>) -> Void)

    /// Ends what runs; what is under way fails.
    func close()
}
