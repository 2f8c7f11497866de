/// What the calls of a run are about. Each has worlds, checks and occurrences of its own.
package enum Scenario: String, CaseIterable, Hashable, Sendable {
    /// Calls that have to do with nobody but their application.
    case calls
    /// Calls that wait in queues, are parked, and meet in conferences, and clients that serve, move and end them.
    case rooms
}
