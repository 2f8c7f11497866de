package import NIOCore
import NIOHTTP1
package import NameResolution
import Synchronization
package import Telephony

/// Posts webhooks (docs/contract/webhooks.md#signature, docs/contract/webhooks.md#transport,
/// docs/contract/webhooks.md#time-limits, docs/contract/webhooks.md#answers-with-a-script,
/// docs/contract/webhooks.md#identity): one attempt each, with everything that can become of it.
///
/// Redirects are not followed. Connections are kept alive. One slow host occupies at most ``RequestLimits/perHost``
/// requests of an account; everything else of that account to that host waits in a queue of its own, and nobody else
/// behind it. Notifications have places of their own: a live call's script never waits behind them.
package final class WebhookClient: Sendable {
    /// An answer's body has at most so many bytes (docs/contract/webhooks.md#time-limits).
    package static let maximumAnswerBytes = 1 << 20

    private let scripts: GuardedClient
    private let notifications: GuardedClient
    private let maximumAnswerBytes: Int

    /// - Parameters:
    ///   - group: carries the connections; one thread is enough.
    ///   - limits: of the requests for scripts.
    ///   - notificationLimits: of the others.
    ///   - maximumAnswerBytes: of an answer's body.
    package init(
        group: any EventLoopGroup, addressGuard: AddressGuard, resolver: NameResolver,
        trust: CertificateTrust = CertificateTrust(), limits: RequestLimits = RequestLimits(),
        notificationLimits: RequestLimits = RequestLimits(),
        maximumAnswerBytes: Int = WebhookClient.maximumAnswerBytes
    ) {
        scripts = GuardedClient(
            group: group, addressGuard: addressGuard, resolver: resolver, trust: trust, limits: limits)
        notifications = GuardedClient(
            group: group, addressGuard: addressGuard, resolver: resolver, trust: trust, limits: notificationLimits)
        self.maximumAnswerBytes = maximumAnswerBytes
    }

    /// Requests that run, and requests that wait for their turn: for metrics.
    package func load(_ purpose: Webhook.Purpose) -> (running: Int, waiting: Int) { client(purpose).load }

    private func client(_ purpose: Webhook.Purpose) -> GuardedClient {
        switch purpose {
        case .script: scripts
        case .notification: notifications
        }
    }

    /// Makes one attempt, signed for it.
    ///
    /// Ends within ``RequestLimits/wait`` and ``RequestLimits/whole``; cancelling the task does not shorten that.
    /// - Parameter secrets: the account's active signing secrets, newest first.
    package func post(_ webhook: Webhook, secrets: [String], now: Timestamp) async -> WebhookOutcome {
        await withCheckedContinuation { continuation in
            post(webhook, secrets: secrets, now: now, waits: { _ in }) { continuation.resume(returning: $0) }
        }
    }

    /// As above. The completion runs once, on any thread, and must not block; before it, `waits`, with words for the
    /// call's log, where the webhook has to wait for its turn.
    ///
    /// - Returns: takes the webhook out of the queue again. False where its turn has come; else its completion does not
    ///   run.
    @discardableResult
    package func post(
        _ webhook: Webhook, secrets: [String], now: Timestamp, waits: @escaping @Sendable (String) -> Void,
        completion: @escaping @Sendable (WebhookOutcome) -> Void
    ) -> @Sendable () -> Bool {
        let request = OutgoingRequest(
            account: webhook.accountID, origin: Origin(webhook.url), method: .POST, target: webhook.url.target,
            headers: Self.headers(of: webhook, secrets: secrets, now: now), credentials: webhook.url.credentials,
            body: ByteBuffer(bytes: webhook.body), waits: waits)
        let limit = maximumAnswerBytes
        return client(webhook.purpose).send(request, receiver: { WebhookReceiver(limit: limit) }) { result in
            switch result {
            case .success(let outcome): completion(outcome)
            case .failure(let failure): completion(.failed(failure))
            }
        }
    }

    /// Closes the connections; requests under way fail.
    package func close() async {
        await scripts.close()
        await notifications.close()
    }

    private static func headers(of webhook: Webhook, secrets: [String], now: Timestamp) -> HTTPHeaders {
        [
            "Content-Type": "application/json",
            "User-Agent": "Belay",
            "Request-Id": webhook.requestID.text,
            "Belay-Event-Id": webhook.eventID.text,
            "Belay-Event-Sequence": String(webhook.eventSequence),
            WebhookSignature.headerName: WebhookSignature.header(body: webhook.body, secrets: secrets, now: now),
        ]
    }
}
