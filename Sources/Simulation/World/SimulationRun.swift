/// What to run: everything follows from it.
package struct SimulationRun: Hashable, Sendable {
    package var seed: UInt64
    package var calls: Int
    package var scenario: Scenario
    package var defect: Defect?

    package static let defaultCalls = 200

    package init(
        seed: UInt64, calls: Int = SimulationRun.defaultCalls, scenario: Scenario = .calls, defect: Defect? = nil
    ) {
        self.seed = seed
        self.calls = calls
        self.scenario = scenario
        self.defect = defect
    }

    /// Runs it to its end, or to the first illegal move.
    ///
    /// - Parameter storyLines: how many of the last events are told; a run that tells a story is slower.
    package func report(storyLines: Int = 0) -> SimulationReport {
        let world = World(self, storyLines: storyLines)
        var violation: Violation?
        do throws(Violation) { try world.play() } catch { violation = error }
        return SimulationReport(
            run: self, violation: violation, digest: world.trace.digest, eventCount: world.trace.eventCount,
            counters: world.counters, story: world.trace.story)
    }
}

/// What a run came to.
package struct SimulationReport: Sendable {
    package let run: SimulationRun
    package let violation: Violation?
    package let digest: UInt64
    package let eventCount: Int
    package let counters: Counters
    /// The last events, where they were asked for.
    package let story: [String]

    /// Sixteen hexadecimal digits.
    package var digestText: String {
        let digits = String(digest, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
