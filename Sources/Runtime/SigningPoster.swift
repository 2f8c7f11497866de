package import Telephony
package import Webhooks

/// Posts webhooks signed with whatever secrets the account has at that moment (DESIGN.md decision 8).
package struct SigningPoster: WebhookPoster {
    private let client: WebhookClient
    private let directory: DirectoryCache

    package init(client: WebhookClient, directory: DirectoryCache) {
        self.client = client
        self.directory = directory
    }

    package func post(_ webhook: Webhook, completion: @escaping @Sendable (WebhookOutcome) -> Void) {
        let secrets = directory.credentials(of: webhook.accountID)?.signingSecrets ?? []
        client.post(webhook, secrets: secrets, now: SystemClock.wall(), completion: completion)
    }
}
