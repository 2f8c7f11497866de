package import Telephony
package import Webhooks

/// Posts webhooks signed with whatever secrets the account has at that moment (ARCHITECTURE.md#webhook-order).
package struct SigningPoster: WebhookPoster {
    private let client: WebhookClient
    private let directory: DirectoryCache

    package init(client: WebhookClient, directory: DirectoryCache) {
        self.client = client
        self.directory = directory
    }

    package func post(
        _ webhook: Webhook, waits: @escaping @Sendable (String) -> Void,
        completion: @escaping @Sendable (WebhookOutcome) -> Void
    ) -> @Sendable () -> Bool {
        let secrets = directory.credentials(of: webhook.accountID)?.signingSecrets ?? []
        return client.post(webhook, secrets: secrets, now: SystemClock.wall(), waits: waits, completion: completion)
    }
}
