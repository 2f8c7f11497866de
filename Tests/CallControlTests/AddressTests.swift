import SIP
import Telephony
import Testing

@testable import CallControl

/// docs/contract/calls.md#sip-addresses.
@Suite("Calls to SIP addresses")
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
            ("sip:1&2@127.0.0.1", "sipUriNumber"), ("sip:.911@pbx.example", "emergency"),
            ("sip:+112@pbx.example", "emergency"), ("sip:9911@pbx.example", "emergency"),
            ("sip:*67911@pbx.example", "emergency"), ("sip:-19005551234@pbx.example", "sipUriNumber"),
            ("sip:-+19005550123@pbx.example", "premium"), ("sip:!00442079460123@pbx.example", "sipUriNumber"),
            ("sip:911,,1@pbx.example", "emergency"), ("sip:911p1@pbx.example", "emergency"),
            ("sip:*911@pbx.example", "emergency"), ("sip:91*1@pbx.example", "emergency"),
            ("sip:011833@pbx.example", "sipUriNumber"), ("sip:tel19005550123@pbx.example", "sipUriNumber"),
            ("sip:-@pbx.example", "sipUriNumber"), ("sip:*72@pbx.example", "sipUriNumber"),
            ("sip:+252612345678@pbx.example", "allowsInternational"),
        ])
    func refused(_ to: String, _ name: String) throws {
        var bench = Self.bench()
        try bench.makeCall(to: to)
        #expect(rule(bench) == name)
        #expect(bench.invites == 0)
    }

    @Test(
        "Letters left out, by the keypad, and behind an outside line: each reading is judged",
        arguments: [
            ("n911", "emergency"), ("tel911", "emergency"), ("e9-1-1", "emergency"), ("n9n1n1", "emergency"),
            ("call911now", "emergency"), ("f911x2", "emergency"), ("agent112", "emergency"), ("w11", "emergency"),
            ("n9911", "emergency"), ("9110", "emergency"), ("9119", "emergency"), ("9000", "emergency"),
            ("9.110", "emergency"), ("9+110", "emergency"), ("9x110", "emergency"), ("8110", "emergency"),
            ("99110", "emergency"), ("1-900-FLOWERS", "sipUriNumber"), ("900FLOWERS", "sipUriNumber"),
            ("w00FLOWERS1", "sipUriNumber"), ("dfw976love", "sipUriNumber"),
        ])
    func readings(_ user: String, _ name: String) throws {
        var bench = Self.bench()
        try bench.makeCall(to: "sip:\(user)@pbx.example")
        #expect(rule(bench) == name)
        #expect(bench.invites == 0)
    }

    @Test(
        "Ordinary names and extensions stay",
        arguments: [
            "alice", "room42", "conf-2041", "room101", "agent7", "www", "jonathan.smith", "x42", "42x", "8101", "9200",
        ])
    func ordinary(_ user: String) throws {
        var bench = Self.bench()
        try bench.makeCall(to: "sip:\(user)@pbx.example")
        #expect(bench.refusal == nil)
        #expect(bench.sent("INVITE sip:\(user)@pbx.example SIP/2.0") == 1)
    }

    @Test("Letters among an emergency number, wherever they stand", arguments: 11...12 as ClosedRange<UInt64>)
    func lettersAmongDigits(seed: UInt64) throws {
        var random = RandomSource(seed: seed)
        var bench = Self.bench()
        for number in ["911", "112", "999", "000", "110", "119", "9110", "9000"] {
            for _ in 0..<30 {
                let spelling = Spelling.sprinkled(number, with: ["n", "tel", "E", "o", "-", "."], &random)
                try bench.makeCall(to: "sip:\(spelling)@pbx.example")
                #expect(rule(bench) == "emergency", "\(spelling)")
            }
        }
        #expect(bench.invites == 0)
    }

    @Test(
        "An extension of another host, and a number in E.164 form, may be called",
        arguments: ["1001", "+15555550123"])
    func allowed(_ user: String) throws {
        var bench = Self.bench()
        try bench.makeCall(to: "sip:\(user)@pbx.example")
        #expect(bench.refusal == nil)
        #expect(bench.invites == 1)
    }

    @Test("What is dialled is the number that was judged, in one spelling")
    func spelling() throws {
        var bench = Self.bench()
        try bench.makeCall(to: "sip:(+1)-555-555.0123@pbx.example")
        #expect(bench.sent("INVITE sip:+15555550123@pbx.example SIP/2.0") == 1)
        #expect(bench.call?.to == "sip:(+1)-555-555.0123@pbx.example")
    }

    @Test("Where the trunk's own host is named by its address, a short number is no extension either")
    func trunkByAddress() throws {
        var bench = Bench {
            $0.trunk.host = "trunk.example"
            $0.trunk.addressHosts = ["127.0.0.1", "trunk.example"]
        }
        for host in ["127.0.0.1", "trunk.example"] {
            try bench.makeCall(to: "sip:118118@\(host)")
            #expect(rule(bench) == "sipUriNumber")
        }
    }

    @Test(
        "A thousand spellings of what may not be called: each is refused, and nothing is sent",
        arguments: 1...4 as ClosedRange<UInt64>)
    func spellings(seed: UInt64) throws {
        var random = RandomSource(seed: seed)
        var bench = Self.bench()
        for _ in 0..<250 {
            let spelling = Spelling.draw(&random)
            bench.effects.removeAll()
            try bench.makeCall(to: "sip:\(spelling)@pbx.example")
            #expect(rule(bench) != nil, "\(spelling)")
            #expect(bench.invites == 0, "\(spelling)")
        }
        #expect(bench.rows.isEmpty)
    }

    @Test(
        "With escapes, parameters, passwords and digits of other scripts they are refused as well",
        arguments: 9...10 as ClosedRange<UInt64>)
    func foreignSpellings(seed: UInt64) throws {
        var random = RandomSource(seed: seed)
        var bench = Self.bench()
        for _ in 0..<250 {
            let spelling = Spelling.draw(&random, isWithinGrammar: false)
            bench.effects.removeAll()
            guard let destination = CallDestination("sip:\(spelling)@pbx.example") else { continue }
            try bench.makeCall(to: destination.text)
            #expect(rule(bench) != nil, "\(spelling)")
        }
        #expect(bench.invites == 0)
        #expect(bench.rows.isEmpty)
    }

    @Test(
        "Spellings of a plain number are no numbers, or that number", arguments: 5...6 as ClosedRange<UInt64>)
    func plainSpellings(seed: UInt64) throws {
        var random = RandomSource(seed: seed)
        var bench = Self.bench()
        for _ in 0..<250 {
            let spelling = Spelling.draw(&random, isWithinGrammar: false)
            bench.effects.removeAll()
            guard CallDestination(spelling) != nil else { continue }
            try bench.makeCall(to: spelling)
            #expect(rule(bench) != nil, "\(spelling)")
        }
        #expect(bench.invites == 0)
    }

    @Test(
        "Spellings of a number at home with visual separators are called, each as that number",
        arguments: 7...8 as ClosedRange<UInt64>)
    func spellingsAtHome(seed: UInt64) throws {
        var random = RandomSource(seed: seed)
        for _ in 0..<25 {
            var bench = Self.bench()
            let spelling = Spelling.sprinkled("+13125550142", with: Spelling.separators, &random)
            try bench.makeCall(to: "sip:\(spelling)@pbx.example")
            #expect(bench.refusal == nil, "\(spelling)")
            #expect(bench.sent("INVITE sip:+13125550142@pbx.example SIP/2.0") == 1, "\(spelling)")
        }
    }

    @Test("A far end that redirects a call is not followed", arguments: [300, 301, 302, 305, 380])
    func redirected(_ status: Int) throws {
        var bench = Self.bench()
        try bench.makeCall()
        bench.farReject(try #require(StatusCode(status)))
        #expect(bench.invites == 1)
        #expect(bench.call?.status == .failed)
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
