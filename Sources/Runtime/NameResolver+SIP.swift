package import NameResolution
package import SIP

extension NameResolver {
    /// The addresses of a host that a far end names, as SIP has them, in the order in which they are to be tried; none
    /// where it has no address or its zone cannot be asked. The completion runs once, perhaps at once, on any thread.
    package func resolve(_ host: String, _ completion: @escaping @Sendable ([IPAddress]) -> Void) {
        resolve(host, for: .signalling) { (result: Result<[HostAddress], NameFailure>) in
            completion(((try? result.get()) ?? []).map(IPAddress.init))
        }
    }
}

extension IPAddress {
    init(_ address: HostAddress) {
        switch address {
        case .v4(let value): self = .v4(value)
        case .v6(let high, let low): self = .v6(high: high, low: low)
        }
    }
}
