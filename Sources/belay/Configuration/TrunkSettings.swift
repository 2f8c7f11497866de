import Foundation
import SIP
import Telephony

/// An entry of `trunk-addresses`.
enum TrunkAddress {
    case range(IPAddressRange)
    /// Resolved at the start, and then again and again.
    case name(String)

    init?(_ text: String) {
        if let range = IPAddressRange(text) {
            self = .range(range)
        } else if !text.contains("/"), SIPAddress.isHost(text), text.contains(where: \.isLetter) {
            self = .name(text)
        } else {
            return nil
        }
    }
}

/// What is said of the trunk.
extension SettingReader {
    /// `sip:HOST` or `sip:HOST:PORT`, over UDP. Whatever else such a URI may say would be passed over, and calls would go
    /// out otherwise than they were meant to.
    func trunk() throws -> ServerConfiguration.TrunkTarget? {
        guard let value = source.values["trunk"] else { return nil }
        func refusal(_ why: String) -> ConfigurationError {
            ConfigurationError(description: "\(value.origin) is \"\(value.text)\"; \(why)")
        }
        guard let uri = try? SIPURI(value.text) else { throw refusal("sip:HOST or sip:HOST:PORT is needed") }
        let transport = uri.parameters["transport"]?.lowercased() ?? "udp"
        guard !uri.isSecure, transport == "udp" else {
            let wanted = uri.isSecure || transport == "tls" ? "TLS" : transport.uppercased()
            throw refusal(
                "SIP over \(wanted) is not in this version, which speaks UDP only: sip:HOST or sip:HOST:PORT is needed")
        }
        if let other = uri.parameters.list.first(where: { $0.name.lowercased() != "transport" }) {
            throw refusal("the parameter \(other.name) means nothing here: sip:HOST or sip:HOST:PORT is needed")
        }
        guard uri.escapedUser == nil, uri.escapedHeaders == nil else {
            throw refusal(
                "sip:HOST or sip:HOST:PORT is needed; a name and a password go into trunk-username and trunk-password")
        }
        return ServerConfiguration.TrunkTarget(host: uri.host, port: uri.effectivePort, uri: uri)
    }

    func trunkAddresses() throws -> [TrunkAddress] {
        try list("trunk-addresses", "an IP address, a CIDR such as 203.0.113.0/24, or a host name") { TrunkAddress($0) }
    }

    func numberForms() throws -> NumberForms {
        func digits(_ text: String) -> String? {
            !text.isEmpty && text.utf8.allSatisfy { (48...57).contains($0) } ? text : nil
        }
        let country = try parse("trunk-country", "a calling code such as 49 or 1") { (text: String) -> String? in
            let code = text.hasPrefix("+") ? String(text.dropFirst()) : text
            // The plan knows whose code it is by a number of it.
            guard let code = digits(code), let number = PhoneNumber("+" + code + String(repeating: "2", count: 8)),
                NumberingPlan.origin(of: number)?.callingCode == code
            else { return nil }
            return code
        }
        let international = try list("trunk-international-prefix", "digits such as 00 or 011") { digits($0) }
        let national = try parse("trunk-national-prefix", "digits such as 0") { digits($0) }
        if country == nil, national != nil {
            throw ConfigurationError(description: "trunk-national-prefix needs trunk-country beside it")
        }
        return NumberForms(
            callingCode: country, internationalPrefixes: international.isEmpty ? nil : international,
            nationalPrefix: national)
    }

    /// As set, else the trunk's country, else that of all offered numbers. What accounts register is not asked: whoever
    /// has a key may register any number.
    func homeCountries(of forms: NumberForms, offered: [PhoneNumber]) throws -> HomeCountries? {
        let countries = try list("home-countries", "countries such as US or DE, or calling codes such as +49") {
            Country($0)
        }
        if !countries.isEmpty { return HomeCountries(countries) }
        if let country = forms.callingCode.flatMap({ Country($0) }) { return HomeCountries([country]) }
        return HomeCountries(of: offered)
    }
}
