package import Telephony

/// How the REST room is set up.
package struct APIConfiguration: Sendable {
    /// A larger body is refused with 413. The largest that a client has reason to send is a tenth of it.
    package static let maximumBodyLength = 64 * 1024
    /// A connection that asks nothing for so long is closed; so is one that stops within a request.
    package static let idleTimeoutSeconds = 60
    /// Connections open at once; more wait in the listening socket's queue.
    package static let maximumConnections = 8192

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

    package init(
        host: String = "127.0.0.1", port: Int = 0, compatibility: Compatibility = .current, publicURL: WebURL? = nil,
        refusesCarrierNumbers: Bool = false, offeredNumbers: [PhoneNumber] = [],
        operatorTokenHash: [UInt8]? = nil
    ) {
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
    /// SDKs before 5.4 give their caller nothing when Make a Call is answered 202, so it is answered 200 (decision 1).
    case sdk51 = "sdk-5.1"

    /// The status of an accepted Make a Call.
    var madeCallStatus: Int {
        switch self {
        case .current: 202
        case .sdk51: 200
        }
    }
}
