import CallControl
import NameResolution
import Runtime
import SIP
import SIPTransport

extension TrunkSources {
    /// Whose calls are taken as the server starts: the trunk's, from every address that its name has, and from what
    /// `trunk-addresses` adds.
    ///
    /// Names are asked for where `name-servers` says, and of the system where these do not know them: it may have other
    /// ways to find one.
    static func atStart(
        _ configuration: ServerConfiguration, _ trunk: ExchangeConfiguration.Trunk, _ lookup: any NameLookup
    ) async throws -> TrunkSources {
        func addresses(of name: String) async -> [IPAddress] {
            if let found = try? await lookup.addresses(of: name)?.get(), !found.isEmpty { return found }
            return LocalAddress.all(of: name)
        }
        var given = [IPAddressRange(trunk.address.address)]
        var names: [String] = []
        if let host = configuration.trunk?.host {
            if let address = IPAddress(host) { given.append(IPAddressRange(address)) } else { names.append(host) }
        }
        for address in configuration.trunkAddresses {
            switch address {
            case .range(let range): given.append(range)
            case .name(let name): names.append(name)
            }
        }
        var sources = TrunkSources(given)
        for name in names {
            let found = await addresses(of: name)
            guard !found.isEmpty || name == configuration.trunk?.host else {
                throw ConfigurationError(description: "\(name) in trunk-addresses cannot be resolved")
            }
            sources.add(name, found)
        }
        return sources
    }
}
