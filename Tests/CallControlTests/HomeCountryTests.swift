import JSON
import SIP
import Telephony
import Testing

@testable import CallControl

@Suite("Other countries are what the operator says, whoever calls")
struct HomeCountryTests {
    private static let abroad = "+252612345678"

    private func rule(_ bench: Bench) -> String? {
        if case .notAllowed(let rule)? = bench.refusal { rule.name } else { nil }
    }

    private func home(_ names: String...) -> HomeCountries { HomeCountries(names.compactMap { Country($0) }) }

    private func outDial(from: String, to: String = Self.abroad) -> String {
        """
        [{"OutDial":{"destination":"\(to)","callingNumber":"\(from)","actionUrl":"http://app/a",\
        "callConnectUrl":"http://app/b"}}]
        """
    }

    @Test(
        "No caller's number makes its country home",
        arguments: [
            "+252612345678", "+442079460123", "+18765550123", "+12425550100", "+447624123456", "+8613912345678",
            "+88216123456",
        ])
    func callers(_ number: String) throws {
        var bench = Bench()
        try bench.makeCall(from: number, to: number)
        #expect(rule(bench) == "allowsInternational")
        #expect(bench.invites == 0)
        try bench.makeCall(from: number)
        #expect(bench.refusal == nil, "who calls does not matter the other way either")
    }

    @Test("Nor does a call that comes in from abroad, whose script dials back")
    func outDialOfAnInboundCall() throws {
        var bench = try InboundTests.bench()
        _ = try bench.farCall(from: Self.abroad)
        #expect(bench.call?.from == Self.abroad)
        bench.answerWebhook(outDial(from: Self.abroad))
        #expect(bench.invites == 0)
        #expect(bench.rows.count == 1)
        #expect(bench.journal.contains { $0.metadata["rule"] == "allowsInternational" })
    }

    @Test("Nor does a number that an account has registered")
    func ownedNumber() throws {
        var bench = Bench()
        var random = SystemRandomNumberGenerator()
        bench.owned[try #require(PhoneNumber(Self.abroad))] = PhoneNumberID(random: &random)
        try bench.run(outDial(from: Self.abroad))
        #expect(bench.invites == 1, "the parent's")
        #expect(bench.journal.contains { $0.metadata["rule"] == "allowsInternational" })
    }

    @Test("Home is where the server's setting says, and an account's own rule outweighs it")
    func settings() throws {
        var bench = Bench { $0.trunk.homeCountries = home("DE") }
        try bench.makeCall(to: "+493012345678")
        #expect(bench.refusal == nil)
        try bench.makeCall(to: "+13125550142")
        #expect(rule(bench) == "allowsInternational")
        try bench.setRules { $0.homeCountries = home("SO") }
        try bench.makeCall(to: Self.abroad)
        #expect(bench.refusal == nil)
        try bench.makeCall(to: "+493012345678")
        #expect(rule(bench) == "allowsInternational")
    }

    @Test(
        "Satellites, UPT and other numbers of no country are called only where they are named",
        arguments: ["+870212345678", "+878101234567890", "+881612345678", "+88216123456", "+883510012345678"])
    func networks(_ number: String) throws {
        var bench = Bench()
        try bench.makeCall(to: number)
        #expect(rule(bench) == "allowsInternational")
        try bench.setRules { $0.allowsInternational = true }
        try bench.makeCall(to: number)
        #expect(rule(bench) == "noCountry")
        try bench.setRules { $0.homeCountries = home(String(number.prefix(4))) }
        try bench.makeCall(to: number)
        #expect(bench.refusal == nil)
    }

    @Test("Freephone of no country is a call abroad, and no more")
    func freephone() throws {
        var bench = Bench()
        try bench.setRules { $0.allowsInternational = true }
        try bench.makeCall(to: "+80012345678")
        #expect(bench.refusal == nil)
    }

    @Test("Rules that are narrowed hold for calls that wait, and for none that is under way")
    func narrowed() throws {
        var bench = Bench { $0.trunk.callsAtOnce = 1 }
        try bench.setRules { $0.allowsInternational = true }
        try bench.makeCall(token: 1, to: Self.abroad)
        try bench.makeCall(token: 2, to: "+442079460123")
        try bench.makeCall(token: 3)
        #expect(bench.exchange.gauges.queuedCalls == 2)
        try bench.setRules()
        #expect(bench.exchange.gauges.queuedCalls == 1)
        let canceled = bench.rows.values.filter { $0.status == .canceled }.map(\.to)
        #expect(canceled == ["+442079460123"], "not the one under way")
        #expect(bench.journal.contains { $0.metadata["rule"] == "allowsInternational" })
    }

    @Test("A call that waited over a restart is judged by what holds now")
    func restarted() throws {
        var bench = Bench { $0.trunk.callsAtOnce = 0 }
        try bench.setRules { $0.allowsInternational = true }
        try bench.makeCall(to: Self.abroad)
        let call = try #require(bench.call)
        let work = UnfinishedWork(
            records: [(call.callID, try #require(bench.records[call.callID]))], notifications: [],
            journalSequences: [call.callID: 9])
        var next = Bench()
        next.restore(work)
        #expect(next.invites == 0)
        #expect(next.rows[call.callID]?.status == .canceled)
        #expect(next.journal.contains { $0.metadata["rule"] == "allowsInternational" })
    }
}
