package import SIP

/// Where the trunk's calls may come from: what was given as addresses and ranges, and what names have at the time
/// (docs/decisions/0015-calls-that-come-in.md).
package struct TrunkSources: Sendable {
    /// What a look-up has told that was not known.
    package enum News: Hashable, Sendable {
        case changed(from: [IPAddress], to: [IPAddress])
        /// It could not be looked up, for the first time since it could: what it had holds.
        case failed(keeping: [IPAddress])
        /// It can be looked up again, and has what it had.
        case recovered
    }

    private struct Name: Sendable {
        let host: String
        var addresses: [IPAddress]
        var hasFailed = false
    }

    private let given: [IPAddressRange]
    private var names: [Name] = []

    package init(_ given: [IPAddressRange]) { self.given = given }

    /// In the order in which they were added.
    package var hosts: [String] { names.map(\.host) }

    /// All of it, each once.
    package var ranges: [IPAddressRange] {
        var seen: Set<IPAddressRange> = []
        return (given + names.flatMap(\.addresses).map { IPAddressRange($0) }).filter { seen.insert($0).inserted }
    }

    /// Where calls to a host that has been looked up anew go.
    package enum Destination: Hashable, Sendable {
        /// The host still has the address that they went to.
        case stays
        case moves(to: IPAddress)
        /// The host has addresses of the other family alone, and SIP listens in one: calls go where they went.
        case otherFamilyAlone
    }

    /// - Parameter address: where calls went.
    package func destination(at host: String, insteadOf address: IPAddress) -> Destination {
        let addresses = names.first { $0.host == host }?.addresses ?? []
        guard !addresses.isEmpty, !addresses.contains(address) else { return .stays }
        guard let other = addresses.first(where: { $0.bytes.count == address.bytes.count }) else {
            return .otherFamilyAlone
        }
        return .moves(to: other)
    }

    /// A name that has been looked up; one that is there already stays as it is.
    package mutating func add(_ host: String, _ addresses: [IPAddress]) {
        guard !names.contains(where: { $0.host == host }) else { return }
        names.append(Name(host: host, addresses: addresses))
    }

    /// A name has been looked up anew.
    ///
    /// - Parameter addresses: in any order; none where it could not be looked up.
    package mutating func take(_ addresses: [IPAddress], of host: String) -> News? {
        guard let index = names.firstIndex(where: { $0.host == host }) else { return nil }
        let former = names[index]
        guard !addresses.isEmpty else {
            names[index].hasFailed = true
            return former.hasFailed ? nil : .failed(keeping: former.addresses)
        }
        names[index].hasFailed = false
        guard Set(addresses) != Set(former.addresses) else { return former.hasFailed ? .recovered : nil }
        names[index].addresses = addresses
        return .changed(from: former.addresses, to: addresses)
    }
}
