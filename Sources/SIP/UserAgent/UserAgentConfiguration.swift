/// What a user agent is told at its start.
public struct UserAgentConfiguration: Equatable, Sendable {
    /// How much the peer may make us keep.
    public struct Limits: Hashable, Sendable {
        /// Server transactions at once; beyond it requests are answered 503 without keeping anything.
        public var serverTransactions: Int
        /// Incoming sessions at once; beyond it INVITEs are answered 503.
        public var incomingSessions: Int
        /// Early dialogs of one INVITE, and answered ones; 18x and 2xx of further forks are ignored.
        public var forks: Int

        public init(serverTransactions: Int = 20_000, incomingSessions: Int = 5_000, forks: Int = 16) {
            self.serverTransactions = serverTransactions
            self.incomingSessions = incomingSessions
            self.forks = forks
        }
    }

    /// Where requests inside a dialog are sent.
    public enum InDialogRouting: String, Hashable, Codable, Sendable {
        /// To the first route or the remote target, if that names an IP address (RFC 3261 §12.2.1.1, §8.1.2);
        /// otherwise to where the dialog began.
        case remoteTarget
        /// Always to where the dialog began: for trunks whose Contact lies behind a NAT.
        case outboundProxy
    }

    /// Number of this process; part of every branch, tag and Call-ID, so that several may share one address.
    public var node: UInt16
    /// Where the shell listens; the sent-by of every Via.
    public var localAddress: TransportAddress
    /// What peers reach us by: host (IPv6 in brackets) and port of Contact and Via.
    public var contactHost: String
    public var contactPort: UInt16
    /// User part of the Contact.
    public var contactUser: String
    /// For User-Agent and Server.
    public var userAgentName: String
    public var timers: TransactionTimers
    public var limits: Limits
    public var inDialogRouting: InDialogRouting
    /// Answers a 401 or 407 to an INVITE or BYE, once.
    public var credentials: DigestCredentials?
    /// Whose requests outside dialogs are taken, by IP address; nil: everybody's. An INVITE from elsewhere gets 403.
    public var allowedPeers: [IPAddressRange]?
    /// False leaves out `messageSent` and `messageReceived`.
    public var tracesMessages: Bool
    /// The owner stores records, and says so: what binds the peer waits for that (``UserAgentEffect/recordDue(_:_:)``).
    public var awaitsRecords: Bool

    public init(
        node: UInt16 = 0, localAddress: TransportAddress, contactHost: String? = nil, contactPort: UInt16? = nil,
        contactUser: String = "belay", userAgentName: String = "Belay", timers: TransactionTimers = TransactionTimers(),
        limits: Limits = Limits(), inDialogRouting: InDialogRouting = .remoteTarget,
        credentials: DigestCredentials? = nil, allowedPeers: [IPAddressRange]? = nil, tracesMessages: Bool = true,
        awaitsRecords: Bool = false
    ) {
        self.node = node
        self.localAddress = localAddress
        self.contactHost = contactHost ?? localAddress.address.hostText
        self.contactPort = contactPort ?? localAddress.port
        self.contactUser = contactUser
        self.userAgentName = userAgentName
        self.timers = timers
        self.limits = limits
        self.inDialogRouting = inDialogRouting
        self.credentials = credentials
        self.allowedPeers = allowedPeers
        self.tracesMessages = tracesMessages
        self.awaitsRecords = awaitsRecords
    }

    func allows(_ peer: IPAddress) -> Bool { allowedPeers?.contains { $0.contains(peer) } ?? true }
}
