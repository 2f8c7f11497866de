import JSON
import SIP
import Telephony
import Testing

@testable import CallControl

@Suite("Whom an account may call, and how much")
struct DialRuleTests {
    private static let otherAccount = "AC" + String(repeating: "2", count: 40)

    private func rule(_ bench: Bench) -> String? {
        if case .notAllowed(let rule)? = bench.refusal { rule.name } else { nil }
    }

    @Test(
        "Numbers that nobody may call",
        arguments: [
            ("+19005550123", "premium"), ("+442079460123", "allowsInternational"),
            ("+18765550123", "allowsInternational"),
            ("+999123456789", "noSuchNumber"), ("+11235550123", "noSuchNumber"), ("+499001234567", "premium"),
        ])
    func numbers(_ to: String, _ name: String) throws {
        var bench = Bench()
        try bench.makeCall(to: to)
        #expect(rule(bench) == name)
        #expect(bench.rows.isEmpty)
        #expect(bench.invites == 0)
    }

    @Test("Canada is no other country for a caller in the United States")
    func canada() throws {
        var bench = Bench()
        try bench.makeCall(to: "+14165550123")
        #expect(bench.refusal == nil)
        #expect(bench.invites == 1)
    }

    @Test("With international calls allowed another country is called, its premium numbers are not")
    func international() throws {
        var bench = Bench()
        try bench.setRules { $0.allowsInternational = true }
        try bench.makeCall(to: "+442079460123")
        #expect(bench.refusal == nil)
        try bench.makeCall(to: "+449098790123")
        #expect(rule(bench) == "premium")
    }

    @Test("Prefixes: what is refused is refused although it is allowed too")
    func prefixes() throws {
        var bench = Bench()
        try bench.setRules {
            $0.allowedPrefixes = ["+1555", "+1312"]
            $0.refusedPrefixes = ["+1312555"]
        }
        try bench.makeCall()
        #expect(bench.refusal == nil)
        try bench.makeCall(to: "+13125550123")
        #expect(rule(bench) == "refusedPrefixes")
        try bench.makeCall(to: "+12125550123")
        #expect(rule(bench) == "allowedPrefixes")
        try bench.makeCall(to: "+13124440123")
        #expect(bench.refusal == nil)
    }

    @Test("A trial account calls verified numbers only")
    func trial() throws {
        var bench = Bench()
        try bench.setRules(kind: .trial)
        try bench.makeCall()
        #expect(rule(bench) == "verifiedNumbers")
        let number = try #require(PhoneNumber("+15555550123"))
        try bench.setRules(kind: .trial) { $0.verifiedNumbers = [number] }
        try bench.makeCall()
        #expect(bench.refusal == nil)
    }

    @Test("The simulated carrier's numbers are called in the simulated carrier alone, by whatever way")
    func carrierNumbers() throws {
        var bench = Bench()
        try bench.makeCall(to: "+15005550486")
        #expect(rule(bench) == "carrierNumber")
        try bench.run(
            """
            [{"OutDial":{"destination":"+15005550486","callingNumber":"+15555550100","actionUrl":"http://app/a",\
            "callConnectUrl":"http://app/b"}}]
            """)
        #expect(bench.rows.count == 1)
        #expect(bench.journal.contains { $0.metadata["rule"] == "carrierNumber" })
        var simulated = Bench { $0.trunk.isSimulated = true }
        try simulated.makeCall(to: "+15005550486")
        #expect(simulated.refusal == nil)
    }

    @Test("OutDial obeys the account's rules")
    func outDial() throws {
        var bench = Bench()
        try bench.setRules { $0.refusedPrefixes = ["+13125550199"] }
        try bench.run(
            """
            [{"OutDial":{"destination":"+13125550199","callingNumber":"+15555550100","actionUrl":"http://app/a",\
            "callConnectUrl":"http://app/b"}}]
            """)
        #expect(bench.rows.count == 1)
        #expect(bench.call?.endedReason == .perclProcessingError)
        #expect(bench.journal.contains { $0.metadata["rule"] == "refusedPrefixes" })
    }

    @Test("Calls a day are counted from midnight of UTC, over a restart too")
    func callsPerDay() throws {
        var bench = Bench()
        try bench.setRules { $0.callsPerDay = 2 }
        for _ in 1...2 {
            try bench.makeCall()
            #expect(bench.refusal == nil)
        }
        try bench.makeCall()
        #expect(rule(bench) == "callsPerDay")
        bench.pass(.seconds(86_400))
        try bench.makeCall()
        #expect(bench.refusal == nil)

        var restarted = Bench()
        let id = try #require(AccountID(Bench.account))
        var account = Account(accountID: id, kind: .full, status: .active, created: restarted.moment.wall)
        account.rules.callsPerDay = 2
        restarted.restore(
            UnfinishedWork(records: [], notifications: [], journalSequences: [:]),
            AdmissionState(accounts: [account], use: [DayUse(accountID: id, calls: 2, seconds: 0)]))
        try restarted.makeCall()
        #expect(rule(restarted) == "callsPerDay")
    }

    @Test("A call that could not be stored does not count", arguments: [CommitFailure.diskFull, .conflict, .other])
    func notStored(_ failure: CommitFailure) throws {
        var bench = Bench()
        try bench.setRules { $0.callsPerDay = 1 }
        bench.commitsAtOnce = false
        for token in 1...3 {
            try bench.makeCall(token: UInt64(token))
            #expect(rule(bench) == nil)
            bench.give(.commitFailed(try #require(bench.heldCommits.last), failure))
        }
        bench.pass(.seconds(40))
        bench.commitsAtOnce = true
        try bench.makeCall(token: 4)
        #expect(bench.invites == 1)
        try bench.makeCall(token: 5)
        #expect(rule(bench) == "callsPerDay")
    }

    @Test("Minutes a day count calls that have ended and those that go on")
    func minutesPerDay() throws {
        var bench = Bench()
        try bench.setRules { $0.minutesPerDay = 2 }
        try bench.run(#"[{"Pause":{"length":3600000}}]"#)
        bench.pass(.seconds(61))
        try bench.makeCall(token: 2)
        #expect(bench.refusal == nil)
        bench.farReject(.busyHere)
        bench.pass(.seconds(59))
        try bench.makeCall(token: 3)
        #expect(rule(bench) == "minutesPerDay")
    }

    @Test("Calls at once to a prefix: the longest that fits counts, and a call that has ended gives its place free")
    func callsAtOnceByPrefix() throws {
        var bench = Bench()
        try bench.setRules { $0.callsAtOnceByPrefix = ["+1": 100, "+1555": 1] }
        try bench.makeCall()
        try bench.makeCall()
        #expect(rule(bench) == "callsAtOnceByPrefix")
        try bench.makeCall(to: "+13125550123")
        #expect(bench.refusal == nil)
        bench.farReject(.busyHere)
        try bench.makeCall(to: "+13125550123")
        #expect(bench.refusal == nil)
        try bench.makeCall()
        #expect(rule(bench) == "callsAtOnceByPrefix")
    }

    @Test("An account's own pace and lines hold it up and nobody else")
    func ownPace() throws {
        var bench = Bench()
        try bench.setRules {
            $0.callsPerSecond = 1
            $0.callsAtOnce = 2
        }
        for token in 1...4 { try bench.makeCall(token: UInt64(token)) }
        #expect(bench.exchange.gauges.queuedCalls == 3)
        try bench.makeCall(token: 5, account: Self.otherAccount)
        #expect(bench.exchange.gauges.queuedCalls == 3)
        #expect(bench.invites == 2)
        bench.pass(.seconds(1))
        #expect(bench.exchange.gauges.queuedCalls == 2)
        // Both of its lines are taken.
        bench.pass(.seconds(5))
        #expect(bench.exchange.gauges.queuedCalls == 2)
        bench.farReject(.busyHere)
        #expect(bench.exchange.gauges.queuedCalls == 1)
    }

    @Test("Accounts take turns on a slow trunk, each in its own order")
    func turns() throws {
        var bench = Bench { $0.trunk.callsPerSecond = 1 }
        for token in 1...4 { try bench.makeCall(token: UInt64(token)) }
        try bench.makeCall(token: 5, account: Self.otherAccount)
        bench.pass(.seconds(2))
        let dialled = bench.rows.values.filter { $0.startTime != nil }
        #expect(dialled.count == 3)
        #expect(dialled.contains { $0.accountID.text == Self.otherAccount })
    }

    @Test("A suspended account's waiting calls are canceled, its live ones go on")
    func suspended() throws {
        var bench = Bench { $0.trunk.callsAtOnce = 1 }
        try bench.run(#"[{"Pause":{"length":60000}}]"#)
        try bench.makeCall(token: 2)
        try bench.setRules(status: .suspended)
        #expect(bench.exchange.gauges.queuedCalls == 0)
        #expect(bench.rows.values.count { $0.status == .canceled } == 1)
        #expect(bench.rows.values.count { $0.status == .inProgress } == 1)
        try bench.makeCall(token: 3)
        #expect(rule(bench) == "accountStatus")
    }

    @Test("Stopped dialling refuses and cancels, with or without hanging up; started, calls go out again")
    func brake() throws {
        var bench = Bench { $0.trunk.callsAtOnce = 1 }
        try bench.run(#"[{"Pause":{"length":60000}}]"#)
        try bench.makeCall(token: 2)
        bench.give(.stopDialling(hangsUp: false))
        #expect(bench.exchange.gauges.queuedCalls == 0)
        #expect(bench.rows.values.count { $0.status == .inProgress } == 1)
        #expect(bench.rows.values.count { $0.status == .canceled } == 1)
        #expect(bench.journal.contains { $0.metadata["rule"] == "diallingStopped" })
        try bench.makeCall(token: 3)
        #expect(rule(bench) == "diallingStopped")
        bench.give(.stopDialling(hangsUp: true))
        #expect(bench.rows.values.count { $0.status == .inProgress } == 0)
        bench.give(.startDialling)
        try bench.makeCall(token: 4)
        #expect(bench.refusal == nil)
        #expect(bench.rows.values.count { $0.status == .ringing } == 1)
    }

    @Test("A restart under stopped dialling dials nobody whom it finds waiting")
    func brakeOverRestart() throws {
        var bench = Bench { $0.trunk.callsAtOnce = 0 }
        try bench.makeCall()
        let call = try #require(bench.call)
        let work = UnfinishedWork(
            records: [(call.callID, try #require(bench.records[call.callID]))], notifications: [],
            journalSequences: [call.callID: 9])
        var next = Bench()
        next.restore(work, AdmissionState(isStopped: true))
        #expect(next.invites == 0)
        #expect(next.rows[call.callID]?.status == .canceled)
    }

    @Test("Without room on the disk new calls are refused and live ones go on")
    func diskFull() throws {
        var bench = Bench()
        try bench.run(#"[{"Pause":{"length":60000}}]"#)
        bench.give(.storageLow(true))
        try bench.makeCall(token: 2)
        #expect(bench.refusal == .diskFull)
        #expect(bench.rows.values.count { $0.status == .inProgress } == 1)
        bench.give(.storageLow(false))
        try bench.makeCall(token: 3)
        #expect(bench.rows.count == 2)

        var failing = Bench()
        failing.commitsAtOnce = false
        try failing.makeCall()
        failing.give(.commitFailed(try #require(failing.heldCommits.first), .diskFull))
        #expect(failing.refusal == .diskFull)
        #expect(failing.invites == 0)
    }

    @Test("Limits that are set anew hold at once, also for who waits")
    func limitsChanged() throws {
        var bench = Bench { $0.trunk.callsAtOnce = 1 }
        for token in 1...3 { try bench.makeCall(token: UInt64(token)) }
        #expect(bench.exchange.gauges.queuedCalls == 2)
        bench.give(
            .limitsChanged(ExchangeLimits(callsPerSecond: nil, callsAtOnce: 2, longestCall: .seconds(14_400))))
        #expect(bench.exchange.gauges.queuedCalls == 1)
        bench.give(
            .limitsChanged(ExchangeLimits(callsPerSecond: nil, callsAtOnce: nil, longestCall: .seconds(14_400))))
        #expect(bench.exchange.gauges.queuedCalls == 0)
    }
}
