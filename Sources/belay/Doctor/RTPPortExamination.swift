import Foundation
import SIP
import SIPTransport

/// How many calls has the range of RTP ports room for, and who else is in it?
struct RTPPortExamination {
    /// Holders that are named; the rest is counted.
    private static let holdersNamed = 3

    let configuration: ServerConfiguration
    /// The server whose ports these are; nil where none runs.
    let running: RunningServer?

    func finding() -> Finding {
        let range = configuration.rtpPorts
        let pairs = stride(from: Int(range.lowerBound), to: Int(range.upperBound), by: 2)
        let address = configuration.sip.address
        let held = HeldPorts.udp(among: range, at: address)
        let holders = PortHolders.look(for: .udp, in: range, held: held, at: address)
        let others = held.filter { !(holders.holder(of: $0).map(isOwn) ?? false) }
        // A call needs RTP's port and the one after it, which RTCP has.
        let free = pairs.count { port in [port, port + 1].allSatisfy { !others.contains(UInt16($0)) } }
        let all = Array(pairs).count
        let text = "RTP at \(range.lowerBound)-\(range.upperBound): \(free) calls at once"
        guard free < all else { return .well(text) }
        let words = Self.words(holders.count(of: others))
        let taken = "\(text); \(all - free) pairs of ports are held by others: \(words)"
        let remedy = "Calls pass over them; a range of your own is quicker: choose one with --rtp-ports."
        guard free > 0 else { return .wrong(taken, "No call can be made: choose another range with --rtp-ports.") }
        return .doubtful(taken, remedy)
    }

    /// Calls of the server that is looked at hold some, and give them back.
    private func isOwn(_ holder: String) -> Bool { running.map { holder.hasSuffix("(pid \($0.processID))") } ?? false }

    private static func words(_ count: [(holder: String, ports: Int)]) -> String {
        let named = count.prefix(holdersNamed).map { "\($0.holder) holds \($0.ports)" }
        let rest = count.dropFirst(holdersNamed)
        return (named + (rest.isEmpty ? [] : ["\(rest.count) others hold \(rest.reduce(0) { $0 + $1.ports })"]))
            .joined(separator: ", ")
    }
}
