import SIP
import Telephony
import Testing

@testable import CallControl

/// The rules of admission by themselves. Its calls are made only where they may be, and end only once they were.
private struct AdmissionBench {
    struct Impossible: Error {}

    static let day: Int64 = 86_400_000_000
    /// Noon of a day of UTC.
    static let noon = Timestamp(microseconds: 20_000 * day + day / 2)

    var admission: Admission
    var now = noon
    private var random = RandomSource(seed: 5)

    init(_ change: (inout ExchangeConfiguration.Trunk) -> Void = { _ in }) {
        var trunk = ExchangeConfiguration.Trunk(
            address: Bench.remote, host: "127.0.0.1", port: 5070, callsPerSecond: nil, callsAtOnce: nil)
        change(&trunk)
        admission = Admission(trunk: trunk)
    }

    static func account(_ number: Int = 1) throws -> AccountID {
        try #require(AccountID("AC" + String(repeating: "\(number)", count: 40)))
    }

    mutating func set(
        _ account: Int = 1, kind: Account.Kind = .full, status: Account.Status = .active,
        _ change: (inout AccountRules) -> Void = { _ in }
    ) throws {
        var account = Account(accountID: try Self.account(account), kind: kind, status: status, created: now)
        change(&account.rules)
        admission.update(account)
    }

    private static func request(_ account: Int, _ to: String) throws -> CallRequest {
        var request = try Bench.request()
        request.accountID = try Self.account(account)
        request.to = try #require(CallDestination(to))
        return request
    }

    /// The name of the rule that a call would break.
    func broken(_ account: Int = 1, to: String = "+15555550123", talking: Int = 0) throws -> String? {
        admission.broken(by: try Self.request(account, to), now: now) { talking }?.name
    }

    /// Makes a call.
    mutating func accept(_ account: Int = 1, to: String = "+15555550123") throws -> Call {
        guard try broken(account, to: to) == nil else { throw Impossible() }
        let request = try Self.request(account, to)
        let call = Call(
            callID: CallID(random: &random), accountID: request.accountID, applicationID: nil, parentCallID: nil,
            phoneNumberID: nil, from: request.from.text, to: to, direction: .outboundAPI, status: .queued, created: now)
        admission.accepted(call.callID, request, now: now)
        return call
    }

    /// Ends a call that has talked for so long.
    mutating func end(_ call: Call, talked seconds: Int64? = nil) throws {
        guard admission.isOpen(call.callID, of: call.accountID) else { throw Impossible() }
        var call = call
        call.endTime = now
        if let seconds {
            call.startTime = now.advanced(byMicroseconds: -seconds * 1_000_000)
            call.connectTime = call.startTime
        }
        admission.ended(call, now: now)
    }

    mutating func takeBack(_ call: Call) throws {
        guard admission.isOpen(call.callID, of: call.accountID) else { throw Impossible() }
        admission.takenBack(call)
    }

    mutating func pass(days: Int64 = 0, microseconds: Int64 = 0) {
        now = now.advanced(byMicroseconds: days * Self.day + microseconds)
    }
}

/// docs/accounts.md
@Suite("Admission by itself: what is used of a day")
struct AdmissionUseTests {
    @Test("So many calls a day, to the last microsecond of it, and as many the next")
    func callsOfADay() throws {
        var bench = AdmissionBench()
        try bench.set { $0.callsPerDay = 2 }
        _ = try bench.accept()
        #expect(try bench.broken() == nil)
        _ = try bench.accept()
        #expect(try bench.broken() == "callsPerDay")
        #expect(try bench.broken(2) == nil, "another account's are its own")
        bench.pass(microseconds: AdmissionBench.day / 2 - 1)
        #expect(try bench.broken() == "callsPerDay")
        bench.pass(microseconds: 1)
        #expect(try bench.broken() == nil)
        _ = try bench.accept()
        _ = try bench.accept()
        #expect(try bench.broken() == "callsPerDay")
    }

    @Test("A limit of none allows none")
    func none() throws {
        var bench = AdmissionBench()
        try bench.set { $0.callsPerDay = 0 }
        #expect(try bench.broken() == "callsPerDay")
        try bench.set { $0.minutesPerDay = 0 }
        #expect(try bench.broken() == "minutesPerDay")
    }

    @Test("Minutes count what was talked and what is being talked, to the second")
    func minutes() throws {
        var bench = AdmissionBench()
        try bench.set { $0.minutesPerDay = 2 }
        let call = try bench.accept()
        #expect(try bench.broken(talking: 119) == nil)
        #expect(try bench.broken(talking: 120) == "minutesPerDay")
        try bench.end(call, talked: 60)
        #expect(try bench.broken(talking: 59) == nil)
        #expect(try bench.broken(talking: 60) == "minutesPerDay")
    }

    @Test("How long calls have talked is asked for only where a rule counts it")
    func asked() throws {
        var bench = AdmissionBench()
        var request = try Bench.request()
        request.accountID = try AdmissionBench.account()
        var count = 0
        func ask() {
            _ = bench.admission.broken(by: request, now: bench.now) {
                count += 1
                return 0
            }
        }
        try bench.set { $0.callsPerDay = 5 }
        ask()
        #expect(count == 0)
        try bench.set { $0.minutesPerDay = 5 }
        ask()
        #expect(count == 1)
    }

    @Test("A call counts for the day on which it was asked for, its talk for the day on which it ended")
    func overMidnight() throws {
        var bench = AdmissionBench()
        try bench.set {
            $0.callsPerDay = 1
            $0.minutesPerDay = 1
        }
        let call = try bench.accept()
        bench.pass(days: 1)
        #expect(try bench.broken() == nil)
        try bench.end(call, talked: 60)
        #expect(try bench.broken() == "minutesPerDay")
        bench.pass(days: -1)
        #expect(try bench.broken() == "callsPerDay", "of that day one call, and nothing talked")
    }

    @Test("A call ends once; one that nobody picked up has talked for no time")
    func ends() throws {
        var bench = AdmissionBench()
        try bench.set { $0.minutesPerDay = 1 }
        let (talked, unanswered) = (try bench.accept(), try bench.accept())
        try bench.end(unanswered)
        try bench.end(talked, talked: 59)
        #expect(try bench.broken() == nil)
        var again = talked
        again.connectTime = bench.now.advanced(byMicroseconds: -59_000_000)
        again.startTime = again.connectTime
        again.endTime = bench.now
        bench.admission.ended(again, now: bench.now)
        #expect(try bench.broken() == nil, "its end comes twice and counts once")
        #expect(bench.admission.openCalls(of: try AdmissionBench.account()).isEmpty)
    }

    @Test("What could not be stored was never asked for, on whatever day that turns out; it is taken back once")
    func takenBack() throws {
        var bench = AdmissionBench()
        try bench.set { $0.callsPerDay = 2 }
        let call = try bench.accept()
        _ = try bench.accept()
        #expect(try bench.broken() == "callsPerDay")
        bench.pass(days: 1)
        _ = try bench.accept()
        try bench.takeBack(call)
        bench.admission.takenBack(call)
        _ = try bench.accept()
        #expect(try bench.broken() == "callsPerDay", "nothing of this day was given back")
        bench.pass(days: -1)
        #expect(try bench.broken() == nil)
        _ = try bench.accept()
        #expect(try bench.broken() == "callsPerDay", "one was given back, and one alone")
    }

    @Test("A clock that is set back gives nothing back, and finds each of four days as it left it")
    func clock() throws {
        var bench = AdmissionBench()
        try bench.set { $0.callsPerDay = 3 }
        for calls in [1, 2, 3, 2] {
            for _ in 0..<calls { _ = try bench.accept() }
            bench.pass(days: 1)
        }
        // How many there are left of the day.
        func left(_ bench: AdmissionBench) throws -> Int {
            var bench = bench
            for count in 0..<4 {
                guard try bench.broken() == nil else { return count }
                _ = try bench.accept()
            }
            return 4
        }
        #expect(try left(bench) == 3, "today")
        for expected in [1, 0, 1, 2] {
            bench.pass(days: -1)
            #expect(try left(bench) == expected)
        }
        bench.pass(days: -1)
        #expect(try left(bench) == 1, "of a day that nothing is known of, as of the latest")
    }

    @Test("A fifth day takes the place of the first")
    func daysKept() throws {
        var bench = AdmissionBench()
        try bench.set { $0.callsPerDay = 3 }
        for calls in [3, 1, 1, 1, 2] {
            for _ in 0..<calls { _ = try bench.accept() }
            bench.pass(days: 1)
        }
        bench.pass(days: -5)
        // Forgotten: as of the latest, which has one left.
        _ = try bench.accept()
        #expect(try bench.broken() == "callsPerDay")
    }

    @Test("A restart goes on with what was used of the day, and with what was stopped")
    func restored() throws {
        var bench = AdmissionBench()
        var account = Account(
            accountID: try AdmissionBench.account(), kind: .full, status: .active, created: bench.now)
        account.rules.callsPerDay = 3
        account.rules.minutesPerDay = 2
        let id = account.accountID
        let state = AdmissionState(
            accounts: [account], use: [DayUse(accountID: id, calls: 2, seconds: 119)], isStopped: true)
        bench.admission.restore(state, now: bench.now)
        #expect(try bench.broken() == "diallingStopped")
        bench.admission.isStopped = false
        #expect(try bench.broken() == nil)
        #expect(try bench.broken(talking: 1) == "minutesPerDay")
        _ = try bench.accept()
        #expect(try bench.broken() == "callsPerDay")
    }
}

/// docs/accounts.md
@Suite("Admission by itself: who may call whom")
struct AdmissionRulesTests {
    @Test("Calls at once to a prefix: the longest that fits counts, of this account's own calls that are open")
    func atOnce() throws {
        var bench = AdmissionBench()
        let rules: (inout AccountRules) -> Void = { $0.callsAtOnceByPrefix = ["+1": 3, "+1555": 2, "+1555555": 0] }
        try bench.set(1, rules)
        try bench.set(2, rules)
        #expect(try bench.broken(to: "+15555550123") == "callsAtOnceByPrefix", "none at all")
        let first = try bench.accept(to: "+15554440123")
        _ = try bench.accept(to: "+15554440124")
        #expect(try bench.broken(to: "+15554440125") == "callsAtOnceByPrefix")
        #expect(try bench.broken(2, to: "+15554440125") == nil)
        // Three below +1 in all.
        _ = try bench.accept(to: "+13124440123")
        #expect(try bench.broken(to: "+13124440124") == "callsAtOnceByPrefix")
        try bench.end(first)
        #expect(try bench.broken(to: "+15554440125") == nil)
        #expect(try bench.broken(to: "+13124440124") == nil)
    }

    @Test("A call that an earlier process accepted takes its place at once, and nothing of the day")
    func restoredCall() throws {
        var bench = AdmissionBench()
        try bench.set {
            $0.callsAtOnceByPrefix = ["+1": 1]
            $0.callsPerDay = 1
        }
        var random = RandomSource(seed: 9)
        let call = CallID(random: &random)
        bench.admission.restored(
            call, of: try AdmissionBench.account(), to: try #require(CallDestination("+15555550123")))
        #expect(try bench.broken() == "callsAtOnceByPrefix")
        try bench.set { $0.callsPerDay = 1 }
        #expect(try bench.broken() == nil)
    }

    @Test("Stopped dialling comes before the account's status, and both before whom it calls")
    func order() throws {
        var bench = AdmissionBench()
        try bench.set(kind: .trial, status: .suspended)
        bench.admission.isStopped = true
        #expect(try bench.broken() == "diallingStopped")
        bench.admission.isStopped = false
        #expect(try bench.broken() == "accountStatus")
        try bench.set(kind: .trial, status: .closed)
        #expect(try bench.broken() == "accountStatus")
        try bench.set(kind: .trial) { $0.refusedPrefixes = ["+1"] }
        #expect(try bench.broken() == "verifiedNumbers")
        try bench.set(kind: .full) {
            $0.refusedPrefixes = ["+1555"]
            $0.allowedPrefixes = ["+44"]
        }
        #expect(try bench.broken() == "refusedPrefixes")
        #expect(try bench.broken(to: "+13125550123") == "allowedPrefixes")
    }

    @Test("An account that nobody has told of has a new one's rules")
    func unknown() throws {
        let bench = AdmissionBench()
        #expect(try bench.broken() == nil)
        #expect(try bench.broken(to: "+442079460123") == "allowsInternational")
        #expect(bench.admission.rules(of: try AdmissionBench.account()) == nil)
    }

    @Test("Alone is whoever shares with no other active account")
    func alone() throws {
        var bench = AdmissionBench()
        let one = try AdmissionBench.account(1)
        #expect(bench.admission.isAlone(one))
        try bench.set(1)
        try bench.set(2, status: .suspended)
        try bench.set(3, status: .closed)
        #expect(bench.admission.isAlone(one))
        #expect(!bench.admission.isAlone(try AdmissionBench.account(2)))
        try bench.set(2)
        #expect(!bench.admission.isAlone(one))
    }

    @Test("Rules that come to hold find the calls that wait, in their order, each with what it breaks")
    func openCalls() throws {
        var bench = AdmissionBench()
        try bench.set(1)
        try bench.set(2)
        let calls = try (0..<8).map { number in
            try bench.accept(to: number % 2 == 0 ? "+15555550123" : "+13125550123")
        }
        let foreign = try bench.accept(2)
        let account = try AdmissionBench.account()
        #expect(bench.admission.openCalls(of: account) == calls.map(\.callID).sorted())
        #expect(bench.admission.openCallsBroken(of: account).isEmpty)
        try bench.set(1) { $0.refusedPrefixes = ["+1312"] }
        let broken = bench.admission.openCallsBroken(of: account)
        #expect(broken.map(\.call) == calls.filter { $0.to == "+13125550123" }.map(\.callID).sorted())
        #expect(broken.allSatisfy { $0.rule.name == "refusedPrefixes" })
        try bench.end(calls[1])
        #expect(!bench.admission.openCallsBroken(of: account).contains { $0.call == calls[1].callID })
        #expect(bench.admission.openCalls(of: foreign.accountID) == [foreign.callID])
    }
}
