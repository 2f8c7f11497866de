import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NameResolution
import Synchronization
import Telephony

/// One request on its way:
///
///     begin ─▶ waits for a turn ─▶ resolves ─▶ tries an address ─▶ finished
///                   │                 │              │  ▲
///                   └── time runs out ┴──────────────┘  └─ the next address, when none of it could be connected
///
/// The time limit begins with the request's turn; the wait for it has a limit of its own. Until the request is handed to
/// the HTTP library the deadline is kept here, afterwards there.
final class GuardedRequest<Receiver: ResponseReceiver>: Sendable {
    private struct State {
        /// Of the wait for its turn, then of the request.
        var deadline: NIODeadline
        var isFinished = false
        var holdsPlace = false
        var deadlineTimer: Scheduled<Void>?
        var ticket: RequestGate.Ticket?
    }

    private let request: OutgoingRequest
    private let client: GuardedClient
    private let receiver: @Sendable () -> Receiver
    private let completion: @Sendable (GuardedReply<Receiver.Response>) -> Void
    private let state: Mutex<State>

    init(
        _ request: OutgoingRequest, client: GuardedClient, receiver: @escaping @Sendable () -> Receiver,
        completion: @escaping @Sendable (GuardedReply<Receiver.Response>) -> Void
    ) {
        self.request = request
        self.client = client
        self.receiver = receiver
        self.completion = completion
        let waitEnd = NIODeadline.now() + TimeAmount(client.limits.wait)
        state = Mutex(State(deadline: min(waitEnd, request.deadline ?? waitEnd)))
    }

    private var deadline: NIODeadline { state.withLock { $0.deadline } }

    /// Its turn has come: from now on time counts.
    private func startClock() {
        let end = NIODeadline.now() + TimeAmount(client.limits.whole)
        state.withLock { $0.deadline = min(end, request.deadline ?? end) }
    }

    private var host: String { request.origin.name }
    private var lane: RequestGate.Lane { RequestGate.Lane(account: request.account, host: host) }

    /// Nobody waits for it any more. False where its turn has come; else its completion does not run.
    func withdraw() -> Bool {
        guard let ticket = state.withLock({ $0.ticket }), client.withdraw(ticket) else { return false }
        state.withLock { $0.isFinished = true }
        disarmTimer()
        return true
    }

    func begin() {
        switch client.takePlace(in: lane, start: { self.turnHasCome() }) {
        case .now:
            state.withLock { $0.holdsPlace = true }
            startClock()
            resolve()
        case .later(let ticket):
            state.withLock { $0.ticket = ticket }
            request.waits?(
                "\(host) has not answered earlier requests yet, \(client.limits.perHost) of this account at once at most; "
                    + "this one waits for its turn, \(client.limits.waitText) at most")
            armTimer(
                .noPlace,
                "all requests that \(host) may get at once (\(client.limits.perHost)), or all hosts of this account, were "
                    + "still unanswered after \(client.limits.waitText), and this one was not sent; the app must answer "
                    + "sooner, or the server's settings allow it more at once")
        case .never:
            fail(
                .noPlace,
                "it was not sent: \(client.limits.maximumWaiting) requests of this account wait for their turn already; "
                    + "which hosts answer too slowly, the log shows")
        }
    }

    private func turnHasCome() {
        let isFinished = state.withLock { state in
            state.holdsPlace = true
            state.ticket = nil
            return state.isFinished
        }
        // The time ran out as the turn came.
        guard !isFinished else { return client.leavePlace(in: lane) }
        disarmTimer()
        startClock()
        resolve()
    }

    private var asker: NameAsker { request.account.map { .account($0.text) } ?? .signalling }

    private func resolve() {
        if let addresses = client.resolver.knownAddresses(of: request.origin.host) {
            return judge(addresses)
        }
        armTimer(
            .timeout,
            "\(request.origin.host) could not be resolved within \(client.limits.wholeText): the name server does not "
                + "answer this server")
        client.resolver.resolve(request.origin.host, for: asker) { result in
            self.disarmTimer()
            switch result {
            case .success(let addresses): self.judge(addresses)
            case .failure(.noSuchName):
                self.fail(.nameResolution, "\(self.request.origin.host) could not be resolved: there is no such name")
            case .failure(.notResolved(let reason)):
                self.fail(
                    .nameResolution,
                    "\(self.request.origin.host) could not be resolved: \(reason); is the name written right, and known "
                        + "to this server's DNS?")
            case .failure(.overloaded):
                self.fail(
                    .nameResolution,
                    "\(self.request.origin.host) was not resolved: too many look-ups of this account, or of its names "
                        + "below the same domain, are under way")
            }
        }
    }

    /// Forbidden addresses of a name are passed over; a name with no others is forbidden.
    private func judge(_ addresses: [HostAddress]) {
        let permitted = addresses.filter(client.addressGuard.permits)
        guard let first = permitted.first else {
            let address = addresses.first
            let kind = address.flatMap(client.addressGuard.refusal) ?? "no address that may be reached"
            return fail(
                .forbiddenAddress,
                "\(host) is \(address.map { "\($0), " } ?? "")\(kind): it may not be reached, unless whoever runs this "
                    + "server allows it (--webhook-allow)")
        }
        attempt(first, others: permitted.dropFirst().prefix(GuardedClient.maximumAddressesTried - 1))
    }

    private func attempt(_ address: HostAddress, others: ArraySlice<HostAddress>) {
        guard !state.withLock({ $0.isFinished }) else { return }
        let pin = PinnedClients.Pin(origin: request.origin, address: address)
        guard let http = client.clients.lease(pin) else {
            return fail(.connect, "the server is stopping: \(host) was not asked")
        }
        let message: HTTPClient.Request
        do {
            message = try makeMessage(pin)
        } catch {
            client.clients.release(pin)
            return fail(.connect, "\(host) cannot be asked: \(error)")
        }
        let exchange = receiver()
        http.execute(request: message, delegate: exchange, deadline: deadline).futureResult.whenComplete { result in
            self.client.clients.release(pin)
            switch result {
            case .success(let response): self.finish(.success(response))
            case .failure(let error):
                if let response = exchange.brokenOff { return self.finish(.success(response)) }
                let failure = WebhookFailure(error, phase: exchange.phase, to: pin, limits: self.client.limits)
                if failure.kind == .connect, let next = others.first, self.deadline > .now() {
                    self.attempt(next, others: others.dropFirst())
                } else if failure.kind == .tls, CertificateExamination.isWanted(after: error) {
                    self.examineCertificate(pin, error)
                } else {
                    self.finish(.failure(failure))
                }
            }
        }
    }

    /// The library says that a certificate was refused, and not why: it is fetched once more, to be looked at.
    private func examineCertificate(_ pin: PinnedClients.Pin, _ error: any Error) {
        CertificateExamination.explain(error, pin, client: client, until: deadline) { explanation in
            self.fail(.tls, explanation)
        }
    }

    private func makeMessage(_ pin: PinnedClients.Pin) throws -> HTTPClient.Request {
        var headers = request.headers
        headers.add(name: "Host", value: request.origin.hostHeader)
        if let credentials = request.credentials { headers.add(name: "Authorization", value: credentials.basic) }
        let scheme = request.origin.isTLS ? "https" : "http"
        return try HTTPClient.Request(
            url: "\(scheme)://\(PinnedClients.authority(of: pin))\(request.target)", method: request.method,
            headers: headers, body: request.body.map { .byteBuffer($0) })
    }

    // MARK: The end

    private func armTimer(_ kind: WebhookFailure.Kind, _ explanation: String) {
        let timer = client.group.any().scheduleTask(deadline: deadline) {
            self.timeIsUp(kind, explanation)
        }
        let isFinished = state.withLock { state in
            state.deadlineTimer = timer
            return state.isFinished
        }
        if isFinished { timer.cancel() }
    }

    private func timeIsUp(_ kind: WebhookFailure.Kind, _ explanation: String) {
        if kind == .noPlace {
            guard let ticket = state.withLock({ $0.ticket }) else { return }
            if client.limits.mayExceedHost, client.press(ticket) { return turnHasCome() }
            // Where the turn comes at this very moment, it goes on there.
            guard client.withdraw(ticket) else { return }
        }
        fail(kind, explanation)
    }

    private func disarmTimer() {
        state.withLock { state in
            defer { state.deadlineTimer = nil }
            return state.deadlineTimer
        }?.cancel()
    }

    private func fail(_ kind: WebhookFailure.Kind, _ explanation: String) {
        finish(.failure(WebhookFailure(kind: kind, explanation: explanation)))
    }

    private func finish(_ result: GuardedReply<Receiver.Response>) {
        let (isFirst, heldPlace) = state.withLock { state in
            let answer = (!state.isFinished, state.holdsPlace && !state.isFinished)
            state.isFinished = true
            return answer
        }
        guard isFirst else { return }
        disarmTimer()
        if heldPlace { client.leavePlace(in: lane) }
        completion(result)
    }
}
