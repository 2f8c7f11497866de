import API
import Foundation
import Webhooks

/// How many files, sockets among them, the process may have open: raised as far as the system lets it, and shared out,
/// so that what one part of the server takes is never what another one lacks. A call that was accepted finds its ports,
/// whatever comes over HTTP.
struct Descriptors: Hashable, Sendable {
    /// SQLite, logs, listening sockets, the event loops, the speech programs.
    static let base = 128
    /// RTP and RTCP, what is played, what is recorded.
    static let perCall = 4
    /// And at the simulated carrier's end: two telephones that pick up at once, and what they hear.
    static let perCarrierCall = 6
    /// Fewer are no server.
    private static let leastCalls = 1
    private static let leastRequests = 2

    /// What there is to share out, by what is configured.
    struct Wants: Hashable {
        var calls: Int
        var descriptorsPerCall: Int
        /// Webhooks for scripts, notifications, and audio, at once.
        var requests: Int
        var connections: Int
    }

    let limit: Int
    let wants: Wants
    /// Calls at once that there is room for, whatever is configured: that may be raised while the server runs.
    let room: Int
    /// Of the REST API.
    let connections: Int
    /// How much of what they want webhooks and connections get.
    private let part: Double

    /// Half of what is there is the calls', more where the others do not need theirs.
    init(limit: Int, wants: Wants) {
        self.limit = limit
        self.wants = wants
        let available = max(0, limit - Self.base)
        let wanted = ConnectionLimits.descriptors(total: wants.connections)
        part = min(1, Double(available / 2) / Double(max(1, wants.requests + wanted)))
        connections = part < 1 ? ConnectionLimits.total(descriptors: Int(Double(wanted) * part)) : wants.connections
        let others = Int(Double(wants.requests) * part) + ConnectionLimits.descriptors(total: connections)
        room = max(Self.leastCalls, (available - others) / wants.descriptorsPerCall)
    }

    /// Calls at once, as configured and as there is room.
    var calls: Int { min(wants.calls, room) }

    /// Of requests that go out: what is left of so many at once.
    func share(of requests: Int) -> Int { max(Self.leastRequests, Int(Double(requests) * part)) }

    /// Whoever has so many calls at once knows about limits.
    private static let manyCalls = 1000

    var isEnough: Bool { part == 1 && calls >= min(wants.calls, Self.manyCalls) }

    /// What there is room for.
    var words: String {
        "\(limit) files may be open: room for \(calls) calls at once, \(connections) connections of the REST API and "
            + "\(share(of: wants.requests)) webhooks at once"
    }

    /// What to do where that is less than what is configured.
    var remedy: String {
        let needed =
            Self.base + wants.requests + ConnectionLimits.descriptors(total: wants.connections)
            + wants.calls * wants.descriptorsPerCall
        return "As configured, \(wants.calls) calls, \(wants.connections) connections and \(wants.requests) webhooks "
            + "need \(needed): raise the hard limit (ulimit -Hn, LimitNOFILE=), or set calls-at-once or rtp-ports "
            + "smaller."
    }

    // MARK: The system's limit

    /// Raises what holds to what may be had.
    /// - Returns: how many may be open now.
    static func raiseLimit() -> Int {
        var limit = rlimit()
        let kind = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard getrlimit(kind, &limit) == 0 else { return 1024 }
        if limit.rlim_cur < limit.rlim_max {
            var raised = limit
            raised.rlim_cur = limit.rlim_max
            if setrlimit(kind, &raised) == 0 { limit = raised }
        }
        return Int(clamping: limit.rlim_cur)
    }
}

extension ServerConfiguration {
    /// What the configured bounds may take at most.
    var descriptorWants: Descriptors.Wants {
        // RTP has the even ports, RTCP the odd one after each.
        let pairs = (Int(rtpPorts.upperBound) - Int(rtpPorts.lowerBound) + 1) / 2
        return Descriptors.Wants(
            calls: trunk == nil ? pairs : min(callsAtOnce ?? pairs, pairs),
            descriptorsPerCall: Descriptors.perCall + (trunk == nil ? Descriptors.perCarrierCall : 0),
            requests: scriptLimits.total + notificationLimits.total + RequestLimits.audio.total,
            connections: connectionLimits.total)
    }
}
