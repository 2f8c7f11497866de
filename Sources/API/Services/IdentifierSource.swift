package import Telephony

/// Draws what the REST room gives out: identifiers, keys and secrets.
package protocol IdentifierSource: Sendable {
    func draw<Kind>(_ kind: Kind.Type) -> Identifier<Kind>

    /// Hexadecimal digits in lower case.
    func drawDigits(_ count: Int) -> String
}

/// Draws from the system's random source, which no client can predict.
package struct SystemIdentifierSource: IdentifierSource {
    package init() {}

    package func draw<Kind>(_ kind: Kind.Type) -> Identifier<Kind> {
        var random = SystemRandomNumberGenerator()
        return Identifier(random: &random)
    }

    package func drawDigits(_ count: Int) -> String {
        var random = SystemRandomNumberGenerator()
        return Hexadecimal.draw(digits: count, from: &random)
    }
}
