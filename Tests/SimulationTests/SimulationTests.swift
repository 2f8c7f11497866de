import Dispatch
import Simulation
import Testing

/// Runs `work` on a thread apart: a simulation computes for minutes, and the few threads that tests share belong to
/// those that keep time with real sockets.
private func apart<Result: Sendable>(_ work: @escaping @Sendable () -> Result) async -> Result {
    await withCheckedContinuation { continuation in
        DispatchQueue.global(qos: .utility).async { continuation.resume(returning: work()) }
    }
}

/// The seeds that every change is held to.
private enum DefaultSeeds {
    /// Over 20,000 calls, and 12,000 of those that have to do with each other.
    static func all(of scenario: Scenario) -> ClosedRange<UInt64> {
        switch scenario {
        case .calls: 1...120
        case .rooms: 1...60
        }
    }

    /// Runs them on all cores; the reports in the order of the seeds.
    static func reports(of scenario: Scenario) async -> [SimulationReport] {
        await withTaskGroup(of: SimulationReport.self) { group in
            for seed in all(of: scenario) {
                group.addTask { await apart { SimulationRun(seed: seed, scenario: scenario).report() } }
            }
            var reports: [SimulationReport] = []
            for await report in group { reports.append(report) }
            return reports.sorted { $0.run.seed < $1.run.seed }
        }
    }
}

@Suite("The simulation")
struct SimulationTests {
    @Test("Over 24,000 calls no check refuses a move, and everything that can go wrong has gone wrong often enough")
    func defaultSeeds() async {
        let reports = await DefaultSeeds.reports(of: .calls)
        #expect(reports.reduce(0) { $0 + $1.run.calls } >= 24_000)
        Self.check(reports, of: .calls, atLeast: 100)
    }

    @Test("Nor over 12,000 calls that wait in queues and meet in conferences")
    func rooms() async {
        let reports = await DefaultSeeds.reports(of: .rooms)
        #expect(reports.reduce(0) { $0 + $1.run.calls } >= 12_000)
        Self.check(reports, of: .rooms, atLeast: 30)
    }

    private static func check(_ reports: [SimulationReport], of scenario: Scenario, atLeast least: Int) {
        var counters = Counters()
        for report in reports {
            counters.add(report.counters)
            if let violation = report.violation { Issue.record("seed \(report.run.seed): \(violation)") }
        }
        for (occurrence, count) in counters.expected(in: scenario) {
            #expect(
                count >= least,
                "\(occurrence.rawValue) occurred \(count) times only")
        }
    }

    @Test("A seed gives the trace that it gave when it was committed, in debug and in release, in every process")
    func digests() async {
        #expect(committedDigests.count == 5)
        for (seed, digest) in committedDigests {
            let report = await apart { SimulationRun(seed: seed).report() }
            #expect(report.digestText == digest, "seed \(seed)")
        }
    }

    @Test("So does a seed of calls that have to do with each other")
    func digestsOfRooms() async {
        #expect(committedRoomsDigests.count == 5)
        for (seed, digest) in committedRoomsDigests {
            let report = await apart { SimulationRun(seed: seed, scenario: .rooms).report() }
            #expect(report.digestText == digest, "seed \(seed)")
        }
    }

    @Test("A run can be repeated, and its story does not change it", arguments: Scenario.allCases)
    func repeats(_ scenario: Scenario) {
        let run = SimulationRun(seed: 77, calls: 40, scenario: scenario)
        let first = run.report()
        let second = run.report(storyLines: 200)
        #expect(first.digest == second.digest)
        #expect(first.eventCount == second.eventCount)
        #expect(first.counters == second.counters)
        #expect(first.story.isEmpty)
        #expect(second.story.count == 200)
    }

    @Test("Different seeds give different traces")
    func differs() {
        let digests = (1...8).map { SimulationRun(seed: $0, calls: 10).report().digest }
        #expect(Set(digests).count == 8)
    }

    @Test("Every defect that can be switched on is caught by the default seeds", arguments: Defect.allCases)
    func catches(_ defect: Defect) async {
        let isCaught = await apart {
            // The first seed that catches it ends the search: most do.
            DefaultSeeds.all(of: defect.scenario).contains { seed in
                SimulationRun(seed: seed, scenario: defect.scenario, defect: defect).report().violation != nil
            }
        }
        #expect(isCaught, "no seed catches it")
    }
}
