import JSON
import SIP
import Telephony
import Testing

@testable import CallControl

/// A call comes in as networks write it, byte for byte.
@Suite("Who calls whom, in the forms that networks write")
struct InboundFormsTests {
    private static let called = "sip:+15555550100@127.0.0.1:5060"

    private static func invite(
        _ bench: inout Bench, uri: String = called, from: String = "<sip:+13125550142@192.0.2.9>", to: String? = nil,
        headers: [String] = [], callID: String = "c1"
    ) {
        let sdp = String(decoding: bench.answer, as: UTF8.self)
        let lines =
            [
                "INVITE \(uri) SIP/2.0", "Via: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK\(callID);rport",
                "Max-Forwards: 70", "From: \(from);tag=f", "To: \(to ?? "<\(uri)>")", "Call-ID: \(callID)",
                "CSeq: 1 INVITE", "Contact: <sip:c@127.0.0.1:5070>",
            ] + headers + ["Content-Type: application/sdp", "Content-Length: \(sdp.utf8.count)", "", sdp]
        bench.give(.datagramReceived(Array(lines.joined(separator: "\r\n").utf8), from: Bench.remote))
    }

    private static func asked(_ bench: Bench) -> String? {
        bench.effects.lazy.compactMap { if case .routeInbound(_, let number) = $0 { number.text } else { nil } }.last
    }

    private static let germany = NumberForms(callingCode: "49")
    private static let america = NumberForms(callingCode: "1")

    // MARK: The called number

    @Test(
        "The number is the number, whatever stands beside it (RFC 3966 §5.1, RFC 4694, RFC 4904)",
        arguments: [
            "sip:+15555550100@127.0.0.1", "sip:15555550100@127.0.0.1", "sips:+15555550100@127.0.0.1",
            "sip:+15555550100;npdi@127.0.0.1", "sip:+15555550100;npdi;rn=+13125550000@127.0.0.1",
            "sip:+15555550100;rn=+13125550000;npdi=yes@127.0.0.1",
            "sip:+15555550100;tgrp=tg-1;trunk-context=example.com@127.0.0.1",
            "sip:+15555550100;cpc=ordinary;oli=00@127.0.0.1", "sip:+15555550100;isub=1234@127.0.0.1",
            "sip:+15555550100;verstat=TN-Validation-Passed@127.0.0.1", "sip:+15555550100;phone-context=+1@127.0.0.1",
            "sip:5555550100;phone-context=+1@127.0.0.1", "sip:555-0100;phone-context=+1-555-555@127.0.0.1",
            "sip:+1-555-555-0100@127.0.0.1", "sip:+1.555.555.0100@127.0.0.1", "sip:+1(555)5550100@127.0.0.1",
            "sip:+1%20555%20555%200100@127.0.0.1", "sip:%2B15555550100@127.0.0.1", "sip:%2b1555555%30100@127.0.0.1",
            "sip:+15555550100%3Bnpdi@127.0.0.1", "sip:+15555550100:secret@127.0.0.1",
            "sip:+15555550100@127.0.0.1;user=phone;transport=udp", "tel:+15555550100", "tel:+1-555-555-0100",
            "tel:+15555550100;npdi;rn=+13125550000", "tel:5555550100;phone-context=+1", "TEL:+1(555)555.0100",
            "sip:0015555550100@127.0.0.1", "sip:01115555550100@127.0.0.1",
        ])
    func calledNumber(uri: String) throws {
        var bench = try InboundTests.bench()
        Self.invite(&bench, uri: uri)
        #expect(Self.asked(bench) == "+15555550100")
        #expect(bench.call?.to == "+15555550100")
    }

    @Test("A Request-URI that names this server leaves the number to To; one that names a number does not")
    func addressee() throws {
        var bench = try InboundTests.bench()
        Self.invite(&bench, uri: "sip:belay@127.0.0.1", to: "<tel:+1-555-555-0100;isub=3>")
        #expect(Self.asked(bench) == "+15555550100")
        bench = try InboundTests.bench()
        Self.invite(&bench, uri: "sip:+13125550199@127.0.0.1", to: "<sip:+15555550100@192.0.2.1>")
        #expect(Self.asked(bench) == "+13125550199")
        bench = try InboundTests.bench()
        Self.invite(&bench, uri: "sip:belay@127.0.0.1", to: "<sip:belay@127.0.0.1>")
        #expect(Self.asked(bench) == nil)
        #expect(bench.refusals.map(\.reason) == [.unknownNumber])
    }

    @Test(
        "National and prefixed numbers are read as the trunk's country writes them",
        arguments: [
            (germany, "03012345678", "+493012345678"), (germany, "3012345678", "+493012345678"),
            (germany, "00493012345678", "+493012345678"), (germany, "493012345678", "+493012345678"),
            (germany, "0015555550100", "+15555550100"), (germany, "+15555550100", "+15555550100"),
            (germany, "030/12345678", "-"), (america, "5555550100", "+15555550100"),
            (america, "15555550100", "+15555550100"), (america, "(555) 555-0100", "+15555550100"),
            (america, "01144203456789", "+44203456789"),
            // Italy's numbers keep their 0, Spain's and Denmark's have none.
            (NumberForms(callingCode: "39"), "0612345678", "+390612345678"),
            (NumberForms(callingCode: "34"), "912345678", "+34912345678"),
            (NumberForms(callingCode: "45"), "45123456", "+4545123456"),
            // What an operator says outweighs what is usual.
            (
                NumberForms(callingCode: "7", internationalPrefixes: ["810"], nationalPrefix: "8"), "84951234567",
                "+74951234567"
            ),
            (
                NumberForms(callingCode: "7", internationalPrefixes: ["810"], nationalPrefix: "8"), "810493012345678",
                "+493012345678"
            ),
            // Nothing said: as it always was.
            (NumberForms(), "15555550100", "+15555550100"), (NumberForms(), "0015555550100", "+15555550100"),
            (NumberForms(), "100", "-"), (NumberForms(), "1800FLOWERS", "-"), (NumberForms(), "+", "-"),
        ] as [(NumberForms, String, String)])
    func forms(forms: NumberForms, text: String, number: String) {
        #expect(forms.number(text)?.text ?? "-" == number)
    }

    // MARK: The caller

    @Test(
        "What the app gets as from is E.164 where the caller has a number, else their name",
        arguments: [
            ("<sip:+13125550142@192.0.2.9>", "+13125550142"),
            ("<tel:+1-312-555-0142;phone-context=+1>", "+13125550142"),
            ("<sip:+13125550142;cpc=ordinary;oli=00@x.example:5060;user=phone>", "+13125550142"),
            ("<sip:+13125550142;verstat=TN-Validation-Passed@x.example;user=phone>", "+13125550142"),
            ("\"O'Neil, J.\" <sip:13125550142@192.0.2.9>", "+13125550142"),
            ("<sip:004930123456@192.0.2.9>", "+4930123456"), ("<sip:%2B13125550142@192.0.2.9>", "+13125550142"),
            ("<sip:alice@example.com>", "alice"), ("<sip:100@192.0.2.9>", "100"),
            ("<sip:alice;x=1@example.com>", "alice"),
        ])
    func caller(from: String, expected: String) throws {
        var bench = try InboundTests.bench()
        Self.invite(&bench, from: from)
        #expect(bench.call?.from == expected)
        #expect(bench.field("from") == .string(expected))
    }

    @Test(
        "Who does not say who calls, calls all the same: from is anonymous (RFC 3323 §4.1.1.3)",
        arguments: [
            "\"Anonymous\" <sip:anonymous@anonymous.invalid>", "<sip:Anonymous@192.0.2.9>", "Anonymous <sip:192.0.2.1>",
            "\"Restricted\" <sip:Restricted@192.0.2.9>", "<sip:unavailable@unknown.invalid>",
            "<sip:unavailable@192.0.2.9>", "<sip:unknown@192.0.2.9>", "<sip:c8oqz84zk7z@privacy.invalid>",
            "<sip:+13125550142@anonymous.invalid>", "<sip:@192.0.2.9>", "\"\" <sip:@192.0.2.9>", "<sip:192.0.2.9>",
        ])
    func withheld(from: String) throws {
        var bench = try InboundTests.bench()
        Self.invite(&bench, from: from)
        #expect(bench.call?.status == .ringing)
        #expect(bench.call?.from == "anonymous")
        #expect(bench.field("from") == "anonymous")
    }

    @Test(
        "Where the trunk is trusted with it, the caller is whom the network vouches for (RFC 3325 §9.1)",
        arguments: [
            (["P-Asserted-Identity: \"A\" <sip:+13125550199@x.example;user=phone>"], "+13125550199"),
            (["P-Asserted-Identity: Bob, Jr. <sip:+13125550199@x.example>"], "+13125550199"),
            (["P-Asserted-Identity: Bob (Sales), Jr. [x] <sip:+13125550199@x.example>"], "+13125550199"),
            (["P-Asserted-Identity: <sip:alice@x.example>, <tel:+13125550199>"], "+13125550199"),
            (
                ["P-Asserted-Identity: <sip:alice@x.example>", "P-Asserted-Identity: <tel:+13125550199>"],
                "+13125550199"
            ),
            (["Remote-Party-ID: <sip:+13125550199@x.example>;party=calling;privacy=off;screen=yes"], "+13125550199"),
            (["Remote-Party-ID: <sip:+13125550199@x.example>;party=calling;privacy=full"], "anonymous"),
            (["Remote-Party-ID: <sip:+13125550199@x.example>;party=called"], "+13125550142"),
            (["P-Asserted-Identity: <tel:+13125550199>", "Privacy: id"], "anonymous"),
            (["P-Asserted-Identity: <tel:+13125550199>", "Privacy: none"], "+13125550199"),
            (["P-Asserted-Identity: ???"], "+13125550142"), ([], "+13125550142"),
        ])
    func asserted(headers: [String], expected: String) throws {
        var bench = try InboundTests.bench { $0.trunk.callerSource = .asserted }
        Self.invite(&bench, headers: headers)
        #expect(bench.call?.from == expected)
        // Otherwise it is what the caller shows.
        bench = try InboundTests.bench()
        Self.invite(&bench, headers: headers)
        #expect(bench.call?.from == "+13125550142")
    }

    // MARK: Refusals

    @Test("A refusal is counted each time, and said once a minute of each source")
    func refusals() {
        var bench = Bench()
        for index in 0..<3 { Self.invite(&bench, callID: "r\(index)") }
        func said() -> [Bool] {
            bench.effects.compactMap { if case .refused(_, let inLog, _) = $0 { inLog } else { nil } }
        }
        #expect(said() == [true, false, false])
        #expect(bench.refusals.allSatisfy { $0.reason == .unknownNumber && $0.status == .notFound })
        bench.pass(.seconds(60))
        Self.invite(&bench, callID: "r4")
        #expect(said() == [true, false, false, true])
    }

    @Test("A stranger's call is told of with its called number, for the account's log")
    func stranger() throws {
        var bench = try InboundTests.bench(allowedPeers: [IPAddressRange(.v4(0xc000_0201))])
        Self.invite(&bench, uri: "sip:+1-555-555-0100;npdi@127.0.0.1")
        #expect(bench.sentText("SIP/2.0 403") != nil)
        let refusal = try #require(bench.refusals.first)
        #expect(refusal.reason == .addressNotAllowed)
        #expect(refusal.number?.text == "+15555550100")
        #expect(refusal.caller == "+13125550142")
        #expect(
            bench.effects.contains { if case .refused(_, inLog: true, inAccountLog: true) = $0 { true } else { false } }
        )
    }

    @Test("A trunk that has moved is no stranger any more, and who has its former address is one")
    func moved() throws {
        var bench = try InboundTests.bench(allowedPeers: [IPAddressRange(.v4(0xc000_0201))])
        bench.give(.peersChanged([IPAddressRange(.v4(0x7f00_0001))]))
        Self.invite(&bench, uri: "sip:+15555550100@127.0.0.1")
        #expect(bench.refusals.isEmpty)
        #expect(bench.call?.status == .ringing)
        bench.give(.peersChanged([IPAddressRange(.v4(0xc000_0201))]))
        Self.invite(&bench, uri: "sip:+15555550100@127.0.0.1", callID: "another")
        #expect(bench.refusals.map(\.reason) == [.addressNotAllowed])
        #expect(bench.call?.status == .ringing)
    }

    @Test("What is kept of sources has a limit; it is free again after the minute")
    func bounded() {
        var watch = RefusalWatch()
        let start = Instant(nanoseconds: 0)
        for index in 0..<5_000 { _ = watch.isNews(.source(.v4(UInt32(index))), now: start) }
        #expect(watch.isNews(.source(.v4(9_999)), now: start + .seconds(59)) == false)
        #expect(watch.isNews(.source(.v4(9_999)), now: start + .seconds(60)) == true)
    }
}
