import SIP
import Telephony
import Testing

@testable import CallControl

@Suite("What an account has used of its day")
struct UseTests {
    private func rule(_ bench: Bench) -> String? {
        if case .notAllowed(let rule)? = bench.refusal { rule.name } else { nil }
    }

    /// An exchange that begins with what an earlier one counted.
    private func restarted(
        calls: Int, seconds: Int, _ change: (inout AccountRules) -> Void
    ) throws -> Bench {
        var bench = Bench()
        let id = try #require(AccountID(Bench.account))
        let other = try #require(AccountID("AC" + String(repeating: "2", count: 40)))
        var account = Account(accountID: id, kind: .full, status: .active, created: bench.moment.wall)
        change(&account.rules)
        bench.restore(
            UnfinishedWork(records: [], notifications: [], journalSequences: [:]),
            AdmissionState(
                accounts: [account],
                use: [
                    DayUse(accountID: other, calls: 900, seconds: 90_000),
                    DayUse(accountID: id, calls: calls, seconds: seconds),
                ]))
        return bench
    }

    @Test(
        "A restart keeps the calls of the day, and the seconds that they talked, each to the last one",
        arguments: [
            (0, 0, nil), (2, 119, nil), (3, 0, "callsPerDay"), (4, 0, "callsPerDay"), (0, 120, "minutesPerDay"),
            (2, 121, "minutesPerDay"),
        ] as [(Int, Int, String?)])
    func restart(calls: Int, seconds: Int, name: String?) throws {
        var bench = try restarted(calls: calls, seconds: seconds) {
            $0.callsPerDay = 3
            $0.minutesPerDay = 2
        }
        try bench.makeCall()
        #expect(rule(bench) == name)
        bench.pass(.seconds(86_400))
        try bench.makeCall(token: 2)
        #expect(rule(bench) == nil, "another day")
    }

    @Test("What is talked after a restart is added to what was talked before it", arguments: [false, true])
    func added(isOver: Bool) throws {
        var bench = try restarted(calls: 1, seconds: 60) { $0.minutesPerDay = 2 }
        try bench.run(#"[{"Pause":{"length":3600000}}]"#)
        bench.pass(.seconds(59))
        if isOver { bench.farHangUp() }
        try bench.makeCall(token: 2)
        #expect(rule(bench) == nil)
        bench.farReject(.busyHere)
        if isOver {
            try bench.run(#"[{"Pause":{"length":3600000}}]"#)
        }
        bench.pass(.seconds(1))
        try bench.makeCall(token: 3)
        #expect(rule(bench) == "minutesPerDay")
    }

    @Test(
        "A short number at another host is an extension up to six digits; one that takes a line is none",
        arguments: [
            ("0", true), ("2", true), ("23", true), ("23456", true), ("234567", true), ("2345678", false),
            ("23456789", false), ("05", false), ("034567", false), ("00", false), ("23*", false),
        ])
    func extensions(user: String, isTaken: Bool) throws {
        var bench = Bench { $0.trunk.addressHosts = ["pbx.example", "127.0.0.1"] }
        try bench.makeCall(to: "sip:\(user)@pbx.example")
        #expect(rule(bench) == (isTaken ? nil : "sipUriNumber"))
        #expect(bench.invites == (isTaken ? 1 : 0))
        try bench.makeCall(token: 2, to: "sip:\(user)@127.0.0.1")
        #expect(rule(bench) == "sipUriNumber", "the trunk's own host takes numbers")
    }
}
