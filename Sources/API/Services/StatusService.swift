package import Telephony

/// What the operator may ask of the server as a whole.
package protocol StatusService: Sendable {
    func status() async -> ServerStatus
}

/// A running server: what it is, what it is bound to, what it has to do, and what it goes by.
package struct ServerStatus: Hashable, Sendable {
    /// One thing that can be set.
    package struct Setting: Hashable, Sendable {
        package var name: String
        /// Masked where it is secret; nil where nothing is set and nothing holds by default.
        package var value: String?
        /// Where it was set; nil for a default.
        package var origin: String?

        package init(name: String, value: String?, origin: String?) {
            self.name = name
            self.value = value
            self.origin = origin
        }
    }

    package var version: String
    package var processID: Int
    package var started: Timestamp
    package var dataFolder: String
    /// Where the REST API listens, as a URL.
    package var http: String
    /// Where SIP over UDP listens, HOST:PORT.
    package var sip: String
    package var rtpPorts: ClosedRange<UInt16>
    package var rtpPortsInUse: Int
    /// Where calls go; nil where they go to the simulated carrier.
    package var trunk: String?
    /// Where the simulated carrier takes SIP; nil with a trunk.
    package var carrier: String?
    /// New calls are taken.
    package var isReady: Bool
    package var isDiallingStopped: Bool
    package var liveCalls: Int
    package var queuedCalls: Int
    /// Conferences that have not been terminated, and calls that are in one.
    package var conferences: Int
    package var participants: Int
    /// Queues that there are, and calls that wait in one.
    package var queues: Int
    package var waitingCalls: Int
    /// Webhooks that wait or are in flight.
    package var pendingWebhooks: Int
    /// Of the data folder's disk; nil where the system does not tell.
    package var freeBytes: Int?
    /// With less no new calls are taken.
    package var minimumFreeBytes: Int
    package var settings: [Setting]

    package init(
        version: String, processID: Int, started: Timestamp, dataFolder: String, http: String, sip: String,
        rtpPorts: ClosedRange<UInt16>, rtpPortsInUse: Int, trunk: String?, carrier: String?, isReady: Bool,
        isDiallingStopped: Bool, liveCalls: Int, queuedCalls: Int, conferences: Int = 0, participants: Int = 0,
        queues: Int = 0, waitingCalls: Int = 0, pendingWebhooks: Int, freeBytes: Int?, minimumFreeBytes: Int,
        settings: [Setting]
    ) {
        self.version = version
        self.processID = processID
        self.started = started
        self.dataFolder = dataFolder
        self.http = http
        self.sip = sip
        self.rtpPorts = rtpPorts
        self.rtpPortsInUse = rtpPortsInUse
        self.trunk = trunk
        self.carrier = carrier
        self.isReady = isReady
        self.isDiallingStopped = isDiallingStopped
        self.liveCalls = liveCalls
        self.queuedCalls = queuedCalls
        self.conferences = conferences
        self.participants = participants
        self.queues = queues
        self.waitingCalls = waitingCalls
        self.pendingWebhooks = pendingWebhooks
        self.freeBytes = freeBytes
        self.minimumFreeBytes = minimumFreeBytes
        self.settings = settings
    }
}
