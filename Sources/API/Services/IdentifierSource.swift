package import Telephony

/// Draws the identifiers that the REST room gives out: of requests and of applications.
package protocol IdentifierSource: Sendable {
    func draw<Kind>(_ kind: Kind.Type) -> Identifier<Kind>
}

/// Draws from the system's random source, which no client can predict.
package struct SystemIdentifierSource: IdentifierSource {
    package init() {}

    package func draw<Kind>(_ kind: Kind.Type) -> Identifier<Kind> {
        var random = SystemRandomNumberGenerator()
        return Identifier(random: &random)
    }
}
