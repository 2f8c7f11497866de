import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Synchronization
import Telephony

/// Lets in who shows a good key or the operator's token, at once; whoever shows a wrong one waits for his answer the
/// longer the more there are, is counted, and told of once a minute.
final class Doorkeeper: Sendable {
    /// What was not let in.
    enum Refusal: String, CaseIterable {
        /// No credentials at all, as some clients ask first (RFC 7235 §2.1).
        case missing
        case wrongKey
        case wrongToken
    }

    private struct State {
        var brake: KeyBrake
        var counts: [Refusal: Int] = [:]
        var slowed = 0
        var news = SpacedNews<ConnectionSource>()
    }

    private let authenticator: Authenticator
    private let operatorAuthenticator: OperatorAuthenticator
    private let directory: any DirectoryService
    private let isTrustedProxy: @Sendable (String) -> Bool
    private let logger: Logger
    private let state: Mutex<State>

    init(
        authenticator: Authenticator, operatorAuthenticator: OperatorAuthenticator, directory: any DirectoryService,
        configuration: APIConfiguration, logger: Logger
    ) {
        self.authenticator = authenticator
        self.operatorAuthenticator = operatorAuthenticator
        self.directory = directory
        self.logger = logger
        isTrustedProxy = configuration.isTrustedProxy
        state = Mutex(State(brake: KeyBrake(perMinute: configuration.wrongKeysPerMinute)))
    }

    /// - Throws: 401 for missing or wrong credentials, 403 for another account's path and for an account that is not
    ///   active.
    func account(
        _ request: Request, _ context: APIRequestContext, owner: String?, _ connections: Connections
    ) async throws(APIError) -> Account {
        do throws(APIError) {
            let account = try authenticator.authenticate(request.headers, owner: owner)
            connections.claim(context.channel, by: account.accountID)
            return account
        } catch {
            guard error.status == 401 else { throw error }
            let user = request.headers[.authorization].flatMap { BasicCredentials(header: $0) }?.user
            let named = user.flatMap { AccountID($0) }.flatMap { directory.account($0) }?.accountID
            throw await refuse(
                error, request.headers[.authorization] == nil ? .missing : .wrongKey, named,
                "A wrong key was shown for \(user.map { FieldFault.quoted($0) } ?? "no account")",
                request, context, connections)
        }
    }

    func `operator`(
        _ request: Request, _ context: APIRequestContext, _ connections: Connections
    ) async throws(APIError) {
        do throws(APIError) { try operatorAuthenticator.authenticate(request.headers) } catch {
            throw await refuse(
                error, request.headers[.authorization] == nil ? .missing : .wrongToken, nil,
                "A wrong operator's token was shown", request, context, connections)
        }
    }

    /// - Returns: the error as it is to be answered, when it is to be.
    private func refuse(
        _ error: APIError, _ refusal: Refusal, _ account: AccountID?, _ words: String, _ request: Request,
        _ context: APIRequestContext, _ connections: Connections
    ) async -> APIError {
        let now = NIODeadline.now()
        let source = source(request, context)
        let (delay, isNews, total) = state.withLock { state in
            state.counts[refusal, default: 0] += 1
            guard refusal != .missing else { return (TimeAmount.zero, false, 0) }
            let delay = state.brake.wrongKey(from: source, for: account, now: now)
            if delay > .zero { state.slowed += 1 }
            let total = state.counts[.wrongKey, default: 0] + state.counts[.wrongToken, default: 0]
            return (delay, state.news.isDue(source, now: now), total)
        }
        if isNews {
            logger.warning(
                "\(words) from \(source) (said once a minute of each source; \(total) of all sources since the start)",
                metadata: ["source": "\(source)"])
        }
        guard delay > .zero else { return error }
        // Whoever is slowed holds a connection that any other may have.
        connections.setWaiting(true, Connections.ID(context.channel))
        try? await Task.sleep(for: .nanoseconds(delay.nanoseconds))
        return error.closing
    }

    /// Who asks: the connection's far end, or whom a trusted proxy says it speaks for. What stands further left in the
    /// header than what the nearest proxy that is not trusted wrote is that one's word.
    private func source(_ request: Request, _ context: APIRequestContext) -> ConnectionSource {
        let peer = context.channel.remoteAddress
        guard let text = peer?.ipAddress, isTrustedProxy(text), let name = Self.forwardedFor else {
            return ConnectionSource(peer)
        }
        // Several fields count as one, in their order (RFC 9110 §5.3).
        let hops = request.headers[values: name].joined(separator: ",").split(separator: ",")
        for hop in hops.reversed() {
            let text = hop.filter { $0 != " " && $0 != "\t" }
            guard let source = ConnectionSource(text: text) else { break }
            if !isTrustedProxy(text) { return source }
        }
        return ConnectionSource(peer)
    }

    private static let forwardedFor = HTTPField.Name("X-Forwarded-For")

    func write(to text: inout MetricsText) {
        let (counts, slowed) = state.withLock { ($0.counts, $0.slowed) }
        text.header(
            "belay_http_unauthorized_total", "counter", "Requests without a good key or token, by what was shown.")
        for refusal in Refusal.allCases {
            text.sample("belay_http_unauthorized_total{reason=\"\(refusal.rawValue)\"}", counts[refusal, default: 0])
        }
        text.counter("belay_http_slowed_total", "Wrong keys and tokens whose answers were delayed.", slowed)
    }
}
