package import Logging
import NIOCore
import Synchronization
import Telephony

/// The connections of one listener: who has one, who must go, and what is told of that.
package final class Connections: Sendable {
    typealias ID = ObjectIdentifier

    /// Why a connection was closed that its far end would have kept.
    enum Closing: Hashable {
        case expired(RequestClock.Expiry)
        /// A newer one has its place.
        case displaced
        case refused
        case dropped

        static let all = RequestClock.Expiry.allCases.map { Closing.expired($0) } + [.displaced, .refused, .dropped]

        var name: String {
            switch self {
            case .expired(let expiry): expiry.rawValue
            case .displaced: "displaced"
            case .refused: "refused"
            case .dropped: "dropped"
            }
        }
    }

    private struct State {
        var table: ConnectionTable<ID>
        var channels: [ID: any Channel] = [:]
        var closings: [Closing: Int] = [:]
        var news = SpacedNews<Closing>()
    }

    let limits: ConnectionLimits
    private let logger: Logger
    private let state: Mutex<State>

    package init(limits: ConnectionLimits, logger: Logger) {
        self.limits = limits
        self.logger = logger
        state = Mutex(
            State(
                table: ConnectionTable(
                    total: limits.total, perSource: limits.perSource, refusals: limits.refusals)))
    }

    func open(_ channel: any Channel) -> ConnectionTable<ID>.Verdict {
        let id = ID(channel)
        let source = ConnectionSource(channel.remoteAddress)
        let (verdict, victims) = state.withLock { state in
            let verdict = state.table.open(id, from: source)
            var victims: [any Channel] = []
            if case .taken(let closing) = verdict {
                state.channels[id] = channel
                victims = closing.compactMap { state.channels.removeValue(forKey: $0) }
            }
            return (verdict, victims)
        }
        switch verdict {
        case .taken: break
        case .refused: count(.refused)
        case .dropped: count(.dropped)
        }
        for victim in victims {
            count(.displaced)
            victim.close(promise: nil)
        }
        return verdict
    }

    func close(_ id: ID) {
        state.withLock { state in
            state.table.close(id)
            state.channels[id] = nil
        }
    }

    func setWaiting(_ isWaiting: Bool, _ id: ID) { state.withLock { $0.table.setWaiting(isWaiting, id) } }

    func claim(_ channel: any Channel, by account: AccountID) {
        state.withLock { $0.table.claim(ID(channel), by: account) }
    }

    /// Counted, and said in the log once a minute of each kind.
    func count(_ closing: Closing) {
        let isNews = state.withLock { state in
            state.closings[closing, default: 0] += 1
            return state.news.isDue(closing, now: .now())
        }
        guard isNews, let words = words(closing) else { return }
        logger.warning("\(words) (said once a minute)")
    }

    private func words(_ closing: Closing) -> String? {
        let limits = "\(limits.total) in all, \(limits.perSource) of one address"
        return switch closing {
        case .expired: nil
        case .displaced:
            "the REST API has as many connections as it may have (\(limits)): those that wait longest are closed"
        case .refused, .dropped:
            "the REST API answers as many connections as it may have (\(limits)): further ones are refused with 503"
        }
    }

    func write(to text: inout MetricsText) {
        let (open, closings) = state.withLock { ($0.table.count, $0.closings) }
        text.gauge("belay_http_connections", "Open connections of the REST API.", open)
        text.header(
            "belay_http_closed_total", "counter", "Connections that the REST API closed or refused, by reason.")
        for closing in Closing.all {
            text.sample("belay_http_closed_total{reason=\"\(closing.name)\"}", closings[closing, default: 0])
        }
    }
}
