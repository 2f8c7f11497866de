// swift-format-ignore-file: NeverForceUnwrap
// Constants of the tests: one that is malformed fails every test at once.

import Telephony
import Testing

/// docs/accounts.md
@Suite("A rule that is broken says which, who may change it, whom it is about and what is allowed instead")
struct DialRuleTests {
    private static let number = PhoneNumber("+15555550123")!
    private static let address = SIPAddress("sip:9911@pbx.example")!
    private static let home = HomeCountries([Country("DE")!])
    private static let country = Country("GB")!

    private static let all: [(rule: DialRule, name: String, number: String?, words: String, allowed: String)] = [
        (.diallingStopped, "diallingStopped", nil, "belay start-dialling", "nothing now"),
        (.accountNotActive(.suspended), "accountStatus", nil, "is suspended", "nothing now"),
        (.accountNotActive(.closed), "accountStatus", nil, "is closed", "nothing now"),
        (.emergency("911"), "emergency", "911", "911 is an emergency number", "an emergency service's"),
        (
            .emergency("911", in: address), "emergency", address.text, "\(address) may be dialled as 911",
            "no emergency number"
        ),
        (.noSuchNumber(number), "noSuchNumber", number.text, "no number that any country has", "that a country has"),
        (.carrierNumber(number), "carrierNumber", number.text, "simulated carrier's", "+15005550000 to +15005559999"),
        (.premium(number), "premium", number.text, "premium-rate", "no more than a call"),
        (
            .refusedPrefix(number, prefix: "+1555"), "refusedPrefixes", number.text, "begins with +1555",
            "does not begin with +1555"
        ),
        (
            .noAllowedPrefix(.number(number)), "allowedPrefixes", number.text, "begins with nothing",
            "begins as the account's rules say"
        ),
        (
            .noAllowedPrefix(.address(address)), "allowedPrefixes", address.text, "\(address) begins with nothing",
            "begins as the account's rules say"
        ),
        (
            .international(number, home: home, to: country), "allowsInternational", number.text,
            "is in GB, and at home is DE",
            "a number in DE"
        ),
        (
            .international(number, home: HomeCountries([]), to: country), "allowsInternational", number.text,
            "is in GB",
            "nothing now"
        ),
        (
            .network(number, country), "noCountry", number.text, "is in no country; numbers that begin with GB",
            "that a country has"
        ),
        (.notVerified(.number(number)), "verifiedNumbers", number.text, "\(number) is none", "was verified"),
        (
            .foreignHost(address, hosts: []), "sipUriHosts", address.text, "calls telephone numbers only",
            "a telephone number"
        ),
        (
            .foreignHost(address, hosts: ["a.example", "b.example"]), "sipUriHosts", address.text,
            "is none of the SIP addresses", "or an address at a.example, b.example"
        ),
        (
            .ambiguousNumber(address), "sipUriNumber", address.text, "no rule can tell", "an extension of at most 6"
        ),
        (.callsPerDay(limit: 7), "callsPerDay", nil, "its 7 calls of this day", "nothing now"),
        (.minutesPerDay(limit: 7), "minutesPerDay", nil, "its 7 minutes of this day", "nothing now"),
        (
            .callsAtOnceByPrefix(prefix: "+44", limit: 7), "callsAtOnceByPrefix", nil, "7 calls at once to +44",
            "nothing now"
        ),
    ]

    @Test("Each in its own words", arguments: all.indices)
    func words(_ index: Int) {
        let (rule, name, number, words, allowed) = Self.all[index]
        #expect(rule.name == name)
        #expect(rule.number == number)
        #expect(rule.explanation.contains(words), "\(rule.explanation)")
        #expect(rule.allowed.contains(allowed), "\(rule.allowed)")
    }
}
