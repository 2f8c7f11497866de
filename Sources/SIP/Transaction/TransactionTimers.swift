/// The base values of all SIP timers (RFC 3261 §17, table 4).
public struct TransactionTimers: Hashable, Sendable {
    /// Estimate of the round trip; the first retransmission.
    public var t1: Duration
    /// The longest pause between retransmissions of anything but an INVITE.
    public var t2: Duration
    /// How long a message may stay in the network.
    public var t4: Duration

    public init(t1: Duration = .milliseconds(500), t2: Duration = .seconds(4), t4: Duration = .seconds(5)) {
        self.t1 = t1
        self.t2 = t2
        self.t4 = t4
    }

    /// 64·T1: timers B, F, H, J, L, M.
    public var transactionTimeout: Duration { t1 * 64 }
    /// Ours: so long a request waits for its host's addresses. The callee repeats its 2xx meanwhile, and does not give up
    /// before 64·T1.
    public var lookUpTimeout: Duration { t1 * 8 }
    /// Ours: so long a message waits for the record that must know of it. A disk that takes longer has come to a
    /// standstill, and a callee that waits for its ACK hangs up after 64·T1.
    public var recordTimeout: Duration { t1 * 16 }
    /// Timer D: at least 32 s over UDP, 0 over a reliable transport.
    public var completedLinger: Duration { max(t1 * 64, .seconds(32)) }
}
