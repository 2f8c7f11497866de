import SIP
import Telephony
import Testing

@testable import CallControl

@Suite("Calls to SIP addresses (decision 36)")
struct AddressTests {
    private static func bench(_ hosts: [String] = ["pbx.example", "127.0.0.1"]) -> Bench {
        Bench { $0.trunk.addressHosts = hosts }
    }

    private func rule(_ bench: Bench) -> String? {
        if case .notAllowed(let rule)? = bench.refusal { rule.name } else { nil }
    }

    @Test("The INVITE names the address and goes to the trunk")
    func invite() throws {
        var bench = Self.bench()
        try bench.makeCall(to: "sip:alice@PBX.example:5080")
        #expect(bench.refusal == nil)
        #expect(bench.sent("INVITE sip:alice@pbx.example:5080 SIP/2.0") == 1)
        #expect(bench.call?.to == "sip:alice@pbx.example:5080")
    }

    @Test(
        "What an address may not be",
        arguments: [
            ("sip:alice@elsewhere.example", "sipUriHosts"), ("sip:+19005550123@pbx.example", "premium"),
            ("sip:+1-900-555-0123@pbx.example", "premium"), ("sip:+442079460123@pbx.example", "allowsInternational"),
            ("sip:911@pbx.example", "emergency"), ("sip:9-1-1@pbx.example", "emergency"),
            ("sip:19005550123@pbx.example", "sipUriNumber"), ("sip:0019005550123@127.0.0.1", "sipUriNumber"),
            ("sip:1001@127.0.0.1", "sipUriNumber"), ("sip:+19005550123,1@pbx.example", "sipUriNumber"),
            ("sip:1&2@127.0.0.1", "sipUriNumber"),
        ])
    func refused(_ to: String, _ name: String) throws {
        var bench = Self.bench()
        try bench.makeCall(to: to)
        #expect(rule(bench) == name)
        #expect(bench.invites == 0)
    }

    @Test(
        "An extension of another host, and a number in E.164 form, may be called", arguments: ["1001", "+15555550123"])
    func allowed(_ user: String) throws {
        var bench = Self.bench()
        try bench.makeCall(to: "sip:\(user)@pbx.example")
        #expect(bench.refusal == nil)
        #expect(bench.invites == 1)
    }

    @Test("Without a setting no address is called; a trial account and one with allowed prefixes call none either")
    func byAccount() throws {
        var bench = Self.bench([])
        try bench.makeCall(to: "sip:alice@pbx.example")
        #expect(rule(bench) == "sipUriHosts")
        bench = Self.bench()
        try bench.setRules(kind: .trial)
        try bench.makeCall(to: "sip:alice@pbx.example")
        #expect(rule(bench) == "verifiedNumbers")
        try bench.setRules { $0.allowedPrefixes = ["+1"] }
        try bench.makeCall(to: "sip:alice@pbx.example")
        #expect(rule(bench) == "allowedPrefixes")
        try bench.makeCall(to: "sip:+15555550123@pbx.example")
        #expect(bench.refusal == nil)
    }
}
