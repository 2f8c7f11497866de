/// A rule that a call would break, so that it is not made.
package enum DialRule: Hashable, Sendable {
    /// The operator has stopped all dialling.
    case diallingStopped
    /// The account is suspended or closed.
    case accountNotActive(Account.Status)
    /// Never dialled, whoever asks.
    /// - Parameter in: the address that a switch may dial as this number.
    case emergency(String, in: SIPAddress? = nil)
    case noSuchNumber(PhoneNumber)
    /// One of the simulated carrier's, where calls go out through a trunk.
    case carrierNumber(PhoneNumber)
    case premium(PhoneNumber)
    case refusedPrefix(PhoneNumber, prefix: String)
    case noAllowedPrefix(CallDestination)
    case international(PhoneNumber, home: HomeCountries, to: Country)
    /// Of no country: a satellite's and the like, which cost dollars a minute.
    case network(PhoneNumber, Country)
    /// A trial account may call verified numbers only.
    case notVerified(CallDestination)
    /// The trunk takes SIP addresses at these hosts only.
    case foreignHost(SIPAddress, hosts: [String])
    /// A SIP address whose user is a telephone number for whoever gets it, in a form that no rule could judge.
    case ambiguousNumber(SIPAddress)
    case callsPerDay(limit: Int)
    case minutesPerDay(limit: Int)
    case callsAtOnceByPrefix(prefix: String, limit: Int)

    /// The rule as documents and the log call it.
    package var name: String {
        switch self {
        case .diallingStopped: "diallingStopped"
        case .accountNotActive: "accountStatus"
        case .emergency: "emergency"
        case .noSuchNumber: "noSuchNumber"
        case .carrierNumber: "carrierNumber"
        case .premium: "premium"
        case .refusedPrefix: "refusedPrefixes"
        case .noAllowedPrefix: "allowedPrefixes"
        case .international: "allowsInternational"
        case .network: "noCountry"
        case .notVerified: "verifiedNumbers"
        case .foreignHost: "sipUriHosts"
        case .ambiguousNumber: "sipUriNumber"
        case .callsPerDay: "callsPerDay"
        case .minutesPerDay: "minutesPerDay"
        case .callsAtOnceByPrefix: "callsAtOnceByPrefix"
        }
    }

    /// A sentence that says what is not allowed and who may change it.
    package var explanation: String {
        switch self {
        case .diallingStopped:
            "Dialling is stopped on this server; its operator starts it again with `belay start-dialling`."
        case .accountNotActive(let status): "The account is \(status.rawValue)."
        case .emergency(let number, nil): "\(number) is an emergency number; this server never dials one."
        case .emergency(let number, let address?):
            "\(address) may be dialled as \(number), which reaches an emergency service; this server never dials one."
        case .noSuchNumber(let number): "\(number) is no number that any country has."
        case .carrierNumber(let number):
            "\(number) is the simulated carrier's, which answers only where no trunk is configured."
        case .premium(let number): "\(number) is a premium-rate number; those are not called."
        case .refusedPrefix(let number, let prefix):
            "\(number) begins with \(prefix), which this account may not call (refusedPrefixes)."
        case .noAllowedPrefix(let number):
            "\(number) begins with nothing that this account may call (allowedPrefixes)."
        case .international(let number, let home, let to):
            "\(number) is in \(to), and at home is \(home); this account may not call other countries "
                + "(allowsInternational, homeCountries)."
        case .network(let number, let network):
            "\(number) is in no country; numbers that begin with \(network) are called only where homeCountries names "
                + "\(network)."
        case .notVerified(let number):
            "A trial account calls verified numbers only, and \(number) is none (verifiedNumbers)."
        case .foreignHost(let address, let hosts):
            hosts.isEmpty
                ? "\(address) is a SIP address, and this server's trunk calls telephone numbers only (sip-uri-hosts)."
                : "\(address) is none of the SIP addresses that this server's trunk calls (sip-uri-hosts)."
        case .ambiguousNumber(let address):
            "\(address) may be dialled as a telephone number that is not in E.164 form (letters left out, or as the keypad "
                + "has them), so that no rule can tell where it leads."
        case .callsPerDay(let limit): "The account has begun its \(limit) calls of this day of UTC (callsPerDay)."
        case .minutesPerDay(let limit):
            "The account has talked its \(limit) minutes of this day of UTC (minutesPerDay)."
        case .callsAtOnceByPrefix(let prefix, let limit):
            "The account has \(limit) calls at once to \(prefix), as many as it may (callsAtOnceByPrefix)."
        }
    }

    /// The number or address that may not be called; nil where that is not to blame.
    package var number: String? {
        switch self {
        case .noSuchNumber(let number), .carrierNumber(let number), .premium(let number), .refusedPrefix(let number, _),
            .international(let number, _, _), .network(let number, _):
            number.text
        case .noAllowedPrefix(let destination), .notVerified(let destination): destination.text
        case .foreignHost(let address, _), .ambiguousNumber(let address): address.text
        case .emergency(let number, let address): address?.text ?? number
        case .diallingStopped, .accountNotActive, .callsPerDay, .minutesPerDay, .callsAtOnceByPrefix: nil
        }
    }

    /// What may be called instead, in words that go on from "allowed:".
    package var allowed: String {
        switch self {
        case .emergency(_, nil): "any number but an emergency service's"
        case .emergency: "a user part that is no emergency number, with its letters, with them left out, or behind a 9"
        case .noSuchNumber: "a number that a country has"
        case .carrierNumber: "any number but \(CarrierNumber.range)"
        case .premium: "a number that costs no more than a call"
        case .refusedPrefix(_, let prefix): "a number that does not begin with \(prefix)"
        case .noAllowedPrefix: "a number that begins as the account's rules say"
        case .international(_, let home, _): home.countries.isEmpty ? "nothing now" : "a number in \(home)"
        case .network: "a number that a country has"
        case .notVerified: "a number that was verified for the account"
        case .foreignHost(_, let hosts):
            hosts.isEmpty
                ? "a telephone number" : "a telephone number, or an address at \(hosts.joined(separator: ", "))"
        case .ambiguousNumber:
            "+ and 7 to 15 digits before the @, an extension of at most 6, or a name that begins with a letter and has at "
                + "most 6 digits"
        case .diallingStopped, .accountNotActive, .callsPerDay, .minutesPerDay, .callsAtOnceByPrefix: "nothing now"
        }
    }
}
