/// The engine's figures for gauges and counters.
package struct MediaFigures: Equatable, Sendable {
    package var sessions = 0
    package var openSockets = 0
    package var packetsSent: UInt64 = 0
    package var packetsReceived: UInt64 = 0
    package var datagramsRejected: UInt64 = 0
    /// Datagrams that the system would not take; the packet is lost.
    package var sendFailures: UInt64 = 0
    /// Ticks with at least one session, by how late they began: see `latenessBounds`; the last counts the rest.
    package var ticksByLateness = [UInt64](repeating: 0, count: Self.latenessBounds.count + 1)
    /// Ticks more than 20 ms late.
    package var lateTicks: UInt64 = 0
    /// CPU time of all media threads.
    package var cpuNanoseconds: UInt64 = 0

    /// Upper bounds of `ticksByLateness` in milliseconds.
    package static let latenessBounds = [0.25, 0.5, 1, 2, 5, 10, 20, 50, 100]

    package init() {}
}
