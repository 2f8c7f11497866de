import ArgumentParser
import Simulation

/// Runs the simulation over many seeds and says what occurred.
@main
struct SimulationCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "belay-sim",
        abstract: "Drives Belay's core through seeded worlds of faults and refuses illegal moves.")

    @Option(help: "How many seeds to run.")
    var seeds = 120

    @Option(help: "The first seed.")
    var seed: UInt64 = 1

    @Option(help: "Calls of each seed.")
    var calls = SimulationRun.defaultCalls

    @Flag(help: "Calls that wait in queues and meet in conferences.")
    var rooms = false

    @Option(help: "How often everything that can go wrong must have gone wrong.")
    var least = 0

    @Option(help: "A defect to switch on, to see whether it is caught.")
    var defect: String?

    @Option(help: "How many of the last events a failing seed tells.")
    var story = 60

    func validate() throws {
        guard seeds > 0, calls > 0 else { throw ValidationError("at least one seed and one call are needed") }
        if let defect, Defect(rawValue: defect) == nil {
            let known = Defect.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("no defect \(defect); known: \(known)")
        }
    }

    func run() throws {
        let defect = defect.flatMap(Defect.init(rawValue:))
        let scenario: Scenario = rooms ? .rooms : defect?.scenario ?? .calls
        var counters = Counters()
        var failures = 0
        var events = 0
        for offset in 0..<UInt64(seeds) {
            let run = SimulationRun(seed: seed &+ offset, calls: calls, scenario: scenario, defect: defect)
            let report = run.report()
            counters.add(report.counters)
            events += report.eventCount
            print("seed \(run.seed): digest \(report.digestText) after \(report.eventCount) events")
            guard let violation = report.violation else { continue }
            failures += 1
            tell(violation, of: run)
        }
        var rare = 0
        for (occurrence, count) in counters.expected(in: scenario) {
            let remark = count < least ? ": at least \(least) are expected" : ""
            print("\(count)".leftPadded(to: 9), occurrence.rawValue + remark)
            if count < least { rare += 1 }
        }
        print("\(seeds) seeds, \(seeds * calls) calls, \(events) events, \(failures) failures")
        if failures > 0 || rare > 0 { throw ExitCode.failure }
    }

    private func tell(_ violation: Violation, of run: SimulationRun) {
        for line in run.report(storyLines: story).story { print("   ", line) }
        print("seed \(run.seed) FAILED: \(violation)")
        let options = (run.scenario == .rooms ? " --rooms" : "") + (run.defect.map { " --defect \($0.rawValue)" } ?? "")
        print("replay: swift run belay-sim --seeds 1 --seed \(run.seed) --calls \(run.calls)\(options) --story 1000")
    }
}

extension String {
    fileprivate func leftPadded(to width: Int) -> String {
        String(repeating: " ", count: max(0, width - count)) + self
    }
}
