package import Telephony

/// Everything that the routes work with.
package struct APIServices: Sendable {
    package let calls: any CallService
    package let feed: Feed
    package let queues: any QueueService
    package let conferences: any ConferenceService
    package let recordings: any RecordingService
    package let directory: any DirectoryService
    package let health: any HealthService
    package let administration: any AdministrationService
    package let status: any StatusService
    /// Nil where calls go out through a trunk.
    package let carrier: (any CarrierService)?
    package let identifiers: any IdentifierSource
    /// The wall clock.
    package let now: @Sendable () -> Timestamp

    package init(
        calls: any CallService, feed: Feed, queues: any QueueService, conferences: any ConferenceService,
        recordings: any RecordingService,
        directory: any DirectoryService,
        health: any HealthService, administration: any AdministrationService, status: any StatusService,
        carrier: (any CarrierService)? = nil,
        identifiers: any IdentifierSource = SystemIdentifierSource(), now: @escaping @Sendable () -> Timestamp
    ) {
        self.calls = calls
        self.feed = feed
        self.queues = queues
        self.conferences = conferences
        self.recordings = recordings
        self.directory = directory
        self.health = health
        self.administration = administration
        self.status = status
        self.carrier = carrier
        self.identifiers = identifiers
        self.now = now
    }
}
