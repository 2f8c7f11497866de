import JSON
import SIP
import Telephony
import Testing

@testable import CallControl

@Suite("The wall clock is set while calls go on: nothing is counted by it")
struct ClockTests {
    /// Back and ahead, by moments, by hours, over midnights.
    static let steps: [Duration] = [
        .milliseconds(-1), .seconds(-48), .seconds(-3600), .seconds(-40 * 86_400), .milliseconds(1), .seconds(48),
        .seconds(3600), .seconds(40 * 86_400),
    ]

    /// From where the fixture's clock begins, 2023-11-14T22:13:21Z, to ten minutes before midnight.
    static let beforeMidnight = Duration.seconds(5_799)

    @Test("A call lasts as long as it lasts, and its times are in order, whenever the clock is set", arguments: steps)
    func durations(step: Duration) throws {
        // So many of the call's stages have gone by when the clock is set.
        for stage in 0...4 {
            var bench = Bench()
            func reach(_ number: Int) { if number == stage { bench.wallSetAhead = step } }
            reach(0)
            try bench.makeCall()
            reach(1)
            bench.pass(.seconds(2))
            bench.farAnswer()
            reach(2)
            bench.answerWebhook(#"[{"StartRecordCall":{}},{"Pause":{"length":60000}}]"#)
            bench.pass(.seconds(10))
            reach(3)
            bench.pass(.milliseconds(100))
            reach(4)
            bench.farHangUp()
            let call = try #require(bench.call)
            let (started, connected) = (try #require(call.startTime), try #require(call.connectTime))
            let ended = try #require(call.endTime)
            #expect(call.dateCreated <= started && started <= connected && connected <= ended, "stage \(stage)")
            #expect(call.durationSeconds == 13)
            #expect(call.connectDurationSeconds == 11)
            #expect(bench.field("callDuration") == 13)
            #expect(bench.recordings.values.first?.durationSeconds == 11)
            #expect(bench.journal.map(\.timestamp) == bench.journal.map(\.timestamp).sorted())
            #expect(ended.microseconds - started.microseconds == 12_100_000)
        }
    }

    @Test("What begins behind the step is dated by the clock as it is then")
    func dates() throws {
        var bench = Bench()
        try bench.makeCall()
        bench.wallSetAhead = .seconds(-3600)
        try bench.makeCall(token: 2)
        let dates = bench.rows.values.map(\.dateCreated).sorted()
        #expect(dates[1].microseconds - dates[0].microseconds == 3_600_000_000)
        #expect(dates[0] == bench.moment.wall)
    }

    // MARK: Restarts

    /// The next process of the same machine, or the machine's next start, whose monotonic clock begins anew.
    private func restarted(_ crashed: Bench, source: String, after pause: Duration) -> Bench {
        var bench = Bench { $0.clockSource = source }
        bench.farEnd = crashed.farEnd
        bench.rows = crashed.rows
        bench.wallSetAhead = crashed.wallSetAhead
        if source == "boot" {
            bench.pass(crashed.moment.instant - bench.moment.instant + pause)
        } else {
            // As far as its own clock says it is the same time.
            bench.wallSetAhead += crashed.moment.instant - bench.moment.instant + pause
        }
        bench.restore(
            UnfinishedWork(
                records: crashed.records.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }, notifications: [],
                journalSequences: [:]))
        return bench
    }

    @Test("A call that a restart ends has lasted as long as the machine's clock says", arguments: steps)
    func overRestart(step: Duration) throws {
        var crashed = Bench { $0.clockSource = "boot" }
        try crashed.run(#"[{"Pause":{"length":60000}}]"#)
        crashed.pass(.seconds(10))
        crashed.wallSetAhead = step
        let bench = restarted(crashed, source: "boot", after: .seconds(4))
        #expect(bench.call?.endedReason == .internalError)
        #expect(bench.call?.connectDurationSeconds == 14)
        #expect(bench.call?.durationSeconds == 14)
    }

    @Test("Behind a start of the machine the wall clock alone is left; the end does not come before the answer")
    func overBoot() throws {
        for (step, seconds) in [(Duration.zero, 14), (.seconds(-48), 0), (.seconds(100), 114)] {
            var crashed = Bench { $0.clockSource = "boot" }
            try crashed.run(#"[{"Pause":{"length":60000}}]"#)
            crashed.pass(.seconds(10))
            crashed.wallSetAhead = step
            let bench = restarted(crashed, source: "another", after: .seconds(4))
            #expect(bench.call?.connectDurationSeconds == seconds, "step \(step)")
        }
    }

    @Test("A call that waits is taken up again for an hour, by the machine's clock", arguments: steps)
    func waiting(step: Duration) throws {
        for (pause, isTakenUp) in [(Duration.seconds(3500), true), (.seconds(3601), false)] {
            var crashed = Bench {
                $0.clockSource = "boot"
                $0.trunk.callsAtOnce = 0
            }
            try crashed.makeCall()
            crashed.wallSetAhead = step
            #expect((restarted(crashed, source: "boot", after: pause).invites == 1) == isTakenUp)
        }
    }

    // MARK: What is counted by the day

    @Test("Minutes that are being talked count whole across a step", arguments: steps.filter { $0 < .zero })
    func minutesUnderWay(step: Duration) throws {
        var bench = Bench()
        try bench.setRules { $0.minutesPerDay = 1 }
        try bench.run(#"[{"Pause":{"length":900000}}]"#)
        bench.pass(.seconds(50))
        bench.wallSetAhead = step
        try bench.makeCall(token: 2)
        #expect(bench.refusal == nil)
        bench.pass(.seconds(10))
        try bench.makeCall(token: 3)
        #expect(bench.refusal == .notAllowed(.minutesPerDay(limit: 1)))
    }

    @Test("A day that the clock is set back to gives nothing back; each day is found again; the next one is new")
    func days() throws {
        var bench = Bench()
        try bench.setRules { $0.callsPerDay = 2 }
        func refuses(_ token: UInt64) throws -> Bool {
            try bench.makeCall(token: token)
            return bench.refusal == .notAllowed(.callsPerDay(limit: 2))
        }
        #expect(try !refuses(1))
        #expect(try !refuses(2))
        #expect(try refuses(3))
        for (index, days) in [-1, 0, -300, 0, -1].enumerated() {
            bench.wallSetAhead = .seconds(days * 86_400)
            #expect(try refuses(UInt64(10 + index)), "\(days) days")
        }
        bench.wallSetAhead = .seconds(86_400)
        #expect(try !refuses(20))
    }

    @Test("Midnight as it comes by itself begins a new day")
    func midnight() throws {
        var bench = Bench()
        try bench.setRules { $0.callsPerDay = 1 }
        bench.pass(Self.beforeMidnight)
        try bench.makeCall()
        try bench.makeCall(token: 2)
        #expect(bench.refusal == .notAllowed(.callsPerDay(limit: 1)))
        bench.pass(.seconds(700))
        try bench.makeCall(token: 3)
        #expect(bench.rows.count == 2)
    }

    // MARK: What is tried again

    @Test("A notification is tried for as long as it is worth telling, whatever the clock is set to", arguments: steps)
    func retries(step: Duration) throws {
        var bench = Bench { $0.dialNewsLifetime = .seconds(300) }
        try bench.makeCall(statusCallback: false)
        bench.farReject(try #require(StatusCode(486)))
        bench.answerWebhook("", status: 500)
        let begun = bench.moment.instant
        bench.wallSetAhead = step
        var attempts = 1
        while bench.exchange.nextDeadline != nil, !bench.notifications.isEmpty, attempts < 100 {
            let before = bench.delivered.count
            bench.pass(.seconds(1))
            guard bench.delivered.count > before else { continue }
            attempts += 1
            // Whoever finds it after a restart finds by his clock what is left of its time.
            let age = bench.moment.instant - begun
            bench.answerWebhook("", status: 500)
            if let pending = bench.notifications.values.first {
                let shown = bench.moment.wall.microseconds - pending.firstAttempt.microseconds
                #expect(abs(shown - age.microseconds) < 1_000_000)
                #expect(pending.nextAttempt > bench.moment.wall)
            }
        }
        #expect(attempts > 3)
        #expect(bench.notifications.isEmpty)
        #expect(bench.moment.instant - begun <= .seconds(301))
    }
}
