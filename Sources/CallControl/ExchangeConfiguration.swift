package import SIP
package import Telephony

/// Of the configuration what may change while calls are live.
package struct ExchangeLimits: Hashable, Sendable {
    /// Of the trunk; nil: no limit.
    package var callsPerSecond: Double?
    package var callsAtOnce: Int?
    /// Of calls that are answered from then on.
    package var longestCall: Duration
    /// As ``ExchangeConfiguration/queueWait``.
    package var queueWait: Duration?

    package init(callsPerSecond: Double?, callsAtOnce: Int?, longestCall: Duration, queueWait: Duration? = nil) {
        self.callsPerSecond = callsPerSecond
        self.callsAtOnce = callsAtOnce
        self.longestCall = longestCall
        self.queueWait = queueWait
    }
}

/// Everything that the exchange is told at its start.
package struct ExchangeConfiguration: Hashable, Sendable {
    /// Where INVITEs go: the trunk, or the simulated carrier.
    package struct Trunk: Hashable, Sendable {
        package var address: TransportAddress
        /// Host part of the Request-URI and of To.
        package var host: String
        package var port: UInt16?
        /// Media may come from anywhere, not only from the hosts of SDP and signalling.
        package var isBehindNAT: Bool
        /// Our media goes to where the far end's comes from, and not to where its description says.
        package var followsMedia: Bool
        /// Digits go out as SIP INFO, not in the media.
        package var reportsKeys: Bool
        /// The simulated carrier inside this process.
        package var isSimulated: Bool
        /// Hosts of SIP addresses that it takes, in lower case; none: telephone numbers only.
        package var addressHosts: [String]
        /// Where calls are no calls abroad, unless an account has a rule of its own.
        package var homeCountries: HomeCountries
        /// How it writes the numbers of calls that come in.
        package var numberForms: NumberForms
        /// Whom it says a call that comes in is from.
        package var callerSource: CallerSource
        /// Nil: no limit.
        package var callsPerSecond: Double?
        package var callsAtOnce: Int?

        package init(
            address: TransportAddress, host: String, port: UInt16?, isBehindNAT: Bool = false,
            followsMedia: Bool = false, reportsKeys: Bool = false, isSimulated: Bool = false,
            addressHosts: [String] = [], homeCountries: HomeCountries = .northAmerica,
            numberForms: NumberForms = NumberForms(), callerSource: CallerSource = .from, callsPerSecond: Double?,
            callsAtOnce: Int?
        ) {
            self.address = address
            self.host = host
            self.port = port
            self.isBehindNAT = isBehindNAT
            self.followsMedia = followsMedia
            self.reportsKeys = reportsKeys
            self.isSimulated = isSimulated
            self.addressHosts = addressHosts
            self.homeCountries = homeCountries
            self.numberForms = numberForms
            self.callerSource = callerSource
            self.callsPerSecond = callsPerSecond
            self.callsAtOnce = callsAtOnce
        }

        func mediaSources(signallingHost: String) -> MediaSources {
            MediaSources(signallingHost: signallingHost, allowsAnySource: isBehindNAT, isFollowed: followsMedia)
        }
    }

    /// Where the caller of a call that comes in is read.
    package enum CallerSource: String, Hashable, Sendable, CaseIterable {
        /// The From header field: what the caller shows.
        case from
        /// What the network vouches for, P-Asserted-Identity (RFC 3325) or Remote-Party-ID, where the caller lets it be
        /// shown; From where there is neither.
        case asserted
    }

    package var trunk: Trunk
    /// Host part of From and Contact.
    package var localHost: String
    /// What SDP says for media.
    package var mediaAddress: String
    package var rtpPorts: ClosedRange<UInt16>
    /// Calls at once that the process has descriptors for; nil: for all.
    package var mostPorts: Int?
    /// How long a port rests before it is used again.
    package var portRest: Duration
    /// How long a port that another program holds is not tried again.
    package var heldPortRest: Duration
    /// A call is hung up so long after its answer (docs/contract/calls.md#longest-call).
    package var longestCall: Duration
    /// So long the script of ifMachineUrl waits for an answering machine's beep; nil: not at all.
    package var beepWait: Duration?
    /// While a conference is recorded, each participant is too, for itself (docs/contract/percl.md#recording-a-conference).
    package var recordsParticipants: Bool
    /// A call that waited longer before a restart is not dialled after it (docs/contract/calls.md#a-restart).
    package var queuedCallLifetime: Duration
    /// So long an accepted call may wait for its turn: one that would wait longer is not accepted, and one that does
    /// nevertheless is not dialled any more. Nil: any time.
    package var queueWait: Duration?
    /// More calls than these never wait for the trunk (docs/contract/calls.md#pace).
    package var maximumQueueDepth: Int
    /// INVITEs that nothing has come back for, at once; beyond it calls wait as queued. What is late in coming back
    /// is late because this process or the trunk is overloaded, or the trunk is gone: more INVITEs would only bring
    /// retransmissions, until nothing else gets done.
    package var maximumUnheardCalls: Int
    /// So long the end of a call, and a recording, is tried to be told of (docs/contract/webhooks.md#notifications).
    package var notificationLifetime: Duration
    /// So long the outcome of a dial is tried to be told of.
    package var dialNewsLifetime: Duration
    /// So often in all a notification is sent whole that nothing comes back for; at least 1.
    package var unansweredAttempts: Int
    package var firstRetryPause: Duration
    package var longestRetryPause: Duration
    /// Names the monotonic clock that instants are of, where it outlives the process: the start of the machine.
    package var clockSource: String?
    /// Nobody else has calls in the same storage: what lies there unfinished is this process's to take up.
    package var isOnlyNode: Bool

    package init(
        trunk: Trunk, localHost: String, mediaAddress: String, rtpPorts: ClosedRange<UInt16>,
        mostPorts: Int? = nil, portRest: Duration = .seconds(5), heldPortRest: Duration = .seconds(10),
        longestCall: Duration = .seconds(4 * 3600),
        beepWait: Duration? = nil, recordsParticipants: Bool = false,
        queuedCallLifetime: Duration = .seconds(3600), queueWait: Duration? = nil, maximumQueueDepth: Int = 100_000,
        maximumUnheardCalls: Int = 128,
        notificationLifetime: Duration = .seconds(24 * 3600), dialNewsLifetime: Duration = .seconds(300),
        unansweredAttempts: Int = 3, firstRetryPause: Duration = .seconds(2),
        longestRetryPause: Duration = .seconds(900), clockSource: String? = nil, isOnlyNode: Bool = true
    ) {
        self.trunk = trunk
        self.localHost = localHost
        self.mediaAddress = mediaAddress
        self.rtpPorts = rtpPorts
        self.mostPorts = mostPorts
        self.portRest = portRest
        self.heldPortRest = heldPortRest
        self.longestCall = longestCall
        self.beepWait = beepWait
        self.recordsParticipants = recordsParticipants
        self.queuedCallLifetime = queuedCallLifetime
        self.queueWait = queueWait
        self.maximumQueueDepth = maximumQueueDepth
        self.maximumUnheardCalls = maximumUnheardCalls
        self.notificationLifetime = notificationLifetime
        self.dialNewsLifetime = dialNewsLifetime
        self.unansweredAttempts = unansweredAttempts
        self.firstRetryPause = firstRetryPause
        self.longestRetryPause = longestRetryPause
        self.clockSource = clockSource
        self.isOnlyNode = isOnlyNode
    }

    /// How many calls may wait for the trunk.
    package var queueLimit: Int {
        Self.queueLimit(callsPerSecond: trunk.callsPerSecond, atMost: maximumQueueDepth)
    }

    /// A queue deeper than a day of the rate cannot be worked off (docs/contract/calls.md#pace).
    static func queueLimit(callsPerSecond: Double?, atMost maximum: Int) -> Int {
        guard let rate = callsPerSecond else { return maximum }
        return max(1, min(maximum, Int((rate * 86_400).rounded(.up))))
    }
}
