import NameResolution
import Runtime
import SIP
import SIPTransport

extension NameLookup {
    /// Every address of a name that the operator gave, or the address that it is; none where the name is not known.
    ///
    /// It is asked for where `name-servers` says, and of the system where these do not know it: that may have other ways
    /// to find one.
    func addressesAtStart(of name: String) async -> [IPAddress] {
        if let address = IPAddress(name) { return [address] }
        if let found = try? await addresses(of: name)?.get(), !found.isEmpty { return found }
        return LocalAddress.all(of: name)
    }

    /// Where calls to a trunk go: of its addresses the first that can be reached from where SIP listens; nil where it has
    /// none.
    func address(of trunk: ServerConfiguration.TrunkTarget, from sip: TransportAddress) async -> TransportAddress? {
        let addresses = await addressesAtStart(of: trunk.host)
        let family = sip.address.bytes.count
        let first = addresses.first { $0.bytes.count == family } ?? addresses.first
        return first.map { TransportAddress(address: $0, port: trunk.port) }
    }
}
