package import Telephony

/// How the REST room is set up.
package struct APIConfiguration: Sendable {
    /// A larger body is refused with 413. The largest that a client has reason to send is a tenth of it.
    package static let maximumBodyLength = 64 * 1024

    /// An address to bind.
    package var host: String
    /// 0 lets the system choose one.
    package var port: Int
    package var compatibility: Compatibility
    /// What links in answers begin with; nil makes them relative.
    package var publicURL: WebURL?

    /// Numbers of the simulated carrier are refused: calls go out through a trunk, where nobody has them.
    package var refusesCarrierNumbers: Bool

    /// What `/AvailablePhoneNumbers` offers; where there are any, no other number can be registered over REST.
    package var offeredNumbers: [PhoneNumber]

    /// SHA-256 of the token that the operator shows; nil: nobody is the operator.
    package var operatorTokenHash: [UInt8]?

    package var connections: ConnectionLimits

    /// Where something of the server is answered that is not for everybody.
    package enum Place: Hashable, Sendable {
        /// With the REST API.
        case shared
        /// By a Unix socket with this path.
        case socket(path: String)
        case address(host: String, port: Int)
    }

    /// Of `/admin`.
    package var administration: Place
    /// Of `/metrics`; at an address of its own it needs no token.
    package var metrics: Place
    /// `/metrics` needs no token where the REST API is, either.
    package var isMetricsOpen: Bool

    /// Wrong keys from one address that are answered without delay; 0: all.
    package var wrongKeysPerMinute: Int
    /// Whose `X-Forwarded-For` is believed, by address.
    package var isTrustedProxy: @Sendable (String) -> Bool

    package init(
        host: String = "127.0.0.1", port: Int = 0, compatibility: Compatibility = .current, publicURL: WebURL? = nil,
        refusesCarrierNumbers: Bool = false, offeredNumbers: [PhoneNumber] = [],
        operatorTokenHash: [UInt8]? = nil, connections: ConnectionLimits = ConnectionLimits(),
        administration: Place = .shared, metrics: Place = .shared, isMetricsOpen: Bool = false,
        wrongKeysPerMinute: Int = 60, isTrustedProxy: @escaping @Sendable (String) -> Bool = { _ in false }
    ) {
        self.administration = administration
        self.metrics = metrics
        self.isMetricsOpen = isMetricsOpen
        self.wrongKeysPerMinute = wrongKeysPerMinute
        self.isTrustedProxy = isTrustedProxy
        self.connections = connections
        self.offeredNumbers = offeredNumbers
        self.operatorTokenHash = operatorTokenHash
        self.host = host
        self.port = port
        self.compatibility = compatibility
        self.publicURL = publicURL
        self.refusesCarrierNumbers = refusesCarrierNumbers
    }
}

/// Whose habits the answers follow where the SDKs' generations differ.
package enum Compatibility: String, Sendable, CaseIterable {
    case current
    /// SDKs before 5.4 give their caller nothing when Make a Call is answered 202, so it is answered 200
    /// (docs/contract/calls.md#success-code).
    case sdk51 = "sdk-5.1"

    /// The status of an accepted Make a Call.
    var madeCallStatus: Int {
        switch self {
        case .current: 202
        case .sdk51: 200
        }
    }
}
