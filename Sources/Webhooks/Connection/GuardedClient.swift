import AsyncHTTPClient
package import NIOCore
import NIOHTTP1
package import NameResolution
import Synchronization
import Telephony

/// Receives one answer, and knows how far the request came.
protocol ResponseReceiver: HTTPClientResponseDelegate {
    var phase: RequestPhase { get }
    /// The response, where the receiver itself broke the exchange off by failing one of its steps.
    var brokenOff: Response? { get }
}

/// Sends requests past the address guard: waits for a turn, resolves the name, judges the addresses, pins the
/// connection to a permitted one. Webhooks and audio have one of their own each.
package final class GuardedClient: Sendable {
    /// Of a name's addresses so many are tried, one after the other, while none of them accepts a connection.
    static let maximumAddressesTried = 3

    private struct Turns {
        var gate: RequestGate
        var starters: [RequestGate.Ticket: @Sendable () -> Void] = [:]
        var nextTicket: RequestGate.Ticket = 0
    }

    let limits: RequestLimits
    let group: any EventLoopGroup
    let addressGuard: AddressGuard
    let resolver: NameResolver
    let clients: PinnedClients
    private let turns: Mutex<Turns>

    package init(
        group: any EventLoopGroup, addressGuard: AddressGuard, resolver: NameResolver, trust: CertificateTrust,
        limits: RequestLimits
    ) {
        self.group = group
        self.addressGuard = addressGuard
        self.resolver = resolver
        self.limits = limits
        clients = PinnedClients(group: group, addressGuard: addressGuard, trust: trust, limits: limits)
        turns = Mutex(
            Turns(
                gate: RequestGate(
                    perHost: limits.perHost, perAccount: limits.perAccount, total: limits.total,
                    maximumWaiting: limits.maximumWaiting)))
    }

    /// Requests that run, and requests that wait for their turn.
    package var load: (running: Int, waiting: Int) {
        turns.withLock { ($0.gate.running, $0.gate.waitingCount) }
    }

    package func close() async {
        await clients.close()
    }

    /// Takes a request out of the queue again. False where its turn has come: then it goes on. Else its completion does
    /// not run.
    typealias Withdrawal = @Sendable () -> Bool

    /// Sends one request. The completion runs once, on any thread, and must not block.
    @discardableResult
    func send<Receiver: ResponseReceiver>(
        _ request: OutgoingRequest, receiver: @escaping @Sendable () -> Receiver,
        completion: @escaping @Sendable (GuardedReply<Receiver.Response>) -> Void
    ) -> Withdrawal {
        let guarded = GuardedRequest(request, client: self, receiver: receiver, completion: completion)
        guarded.begin()
        return { guarded.withdraw() }
    }

    // MARK: Turns

    enum Place {
        case now
        case later(RequestGate.Ticket)
        case never
    }

    /// - Parameter start: called on an event loop when the answer is ``Place/later(_:)`` and the turn comes.
    func takePlace(in lane: RequestGate.Lane, start: @escaping @Sendable () -> Void) -> Place {
        turns.withLock { turns in
            turns.nextTicket += 1
            let ticket = turns.nextTicket
            switch turns.gate.arrive(ticket, lane: lane) {
            case .start: return .now
            case .refuse: return .never
            case .wait:
                turns.starters[ticket] = start
                return .later(ticket)
            }
        }
    }

    func leavePlace(in lane: RequestGate.Lane) {
        let starters = turns.withLock { turns in
            turns.gate.leave(lane: lane).compactMap { turns.starters.removeValue(forKey: $0) }
        }
        // On a loop, so that a row of requests that fail at once does not become a deep stack.
        for start in starters { group.any().execute(start) }
    }

    /// A live call's request has waited long enough. False where the turn has come, or where there is no place at all.
    func press(_ ticket: RequestGate.Ticket) -> Bool {
        turns.withLock { turns in
            guard turns.gate.press(ticket) else { return false }
            turns.starters[ticket] = nil
            return true
        }
    }

    /// False where the turn has come.
    func withdraw(_ ticket: RequestGate.Ticket) -> Bool {
        turns.withLock { turns in
            guard turns.gate.withdraw(ticket) else { return false }
            turns.starters[ticket] = nil
            return true
        }
    }
}

/// A request before it is known which address it goes to.
struct OutgoingRequest: Sendable {
    /// Whose places it takes.
    var account: AccountID?
    var origin: Origin
    var method: HTTPMethod
    /// Path and query.
    var target: String
    /// Without `Host` and `Authorization`.
    var headers: HTTPHeaders
    var credentials: WebURL.Credentials?
    var body: ByteBuffer?
    /// Earlier than the limits' own, where it is one of several requests for one thing.
    var deadline: NIODeadline?
    /// Runs, with words for a log, where it has to wait for its turn.
    var waits: (@Sendable (String) -> Void)?
}
