import CallControl
import NameResolution
import Runtime
import SIP

extension TrunkSources {
    /// Whose calls are taken as the server starts: the trunk's, from every address that its name has, and from what
    /// `trunk-addresses` adds.
    static func atStart(
        _ configuration: ServerConfiguration, _ trunk: ExchangeConfiguration.Trunk, _ lookup: any NameLookup
    ) async throws -> TrunkSources {
        var given: [IPAddressRange] = []
        var names: [String] = []
        if let host = configuration.trunk?.host, IPAddress(host) == nil {
            names.append(host)
        } else {
            given.append(IPAddressRange(trunk.address.address))
        }
        for address in configuration.trunkAddresses {
            switch address {
            case .range(let range): given.append(range)
            case .name(let name): names.append(name)
            }
        }
        var sources = TrunkSources(given)
        for name in names {
            var found = await lookup.addressesAtStart(of: name)
            // Where the name has some of its addresses at a time, these may be others than those of a moment ago.
            if name == configuration.trunk?.host, !found.contains(trunk.address.address) {
                found.append(trunk.address.address)
            }
            guard !found.isEmpty else {
                throw ConfigurationError(description: "\(name) in trunk-addresses cannot be resolved")
            }
            sources.add(name, found)
        }
        return sources
    }
}
