/// Which of the four machines of RFC 3261 §17.
public enum TransactionKind: Hashable, Sendable {
    case inviteClient
    case nonInviteClient
    case inviteServer
    case nonInviteServer
}

/// What a transaction is found by (RFC 3261 §17.1.3, §17.2.3): branch, sent-by and method, an ACK counted to its
/// INVITE.
struct TransactionKey: Hashable, Sendable {
    let kind: TransactionKind
    /// The branch; for a peer of RFC 2543, whose branches say nothing, everything that RFC 3261 §17.2.3 compares
    /// instead.
    let branch: String
    let sentBy: String
    let method: SIPMethod

    /// The transaction of a request that we send.
    init(client request: SIPRequest) throws(SIPParseError) {
        let via = try request.headers.topVia()
        self.init(
            kind: request.method == .invite ? .inviteClient : .nonInviteClient, branch: via.branch ?? "",
            sentBy: via.sentBy, method: request.method)
    }

    init(kind: TransactionKind, branch: String, sentBy: String, method: SIPMethod) {
        self.kind = kind
        self.branch = branch
        self.sentBy = sentBy
        self.method = method
    }

    /// The client transaction that a response belongs to.
    init(response view: SIPMessageView) {
        self.init(
            kind: view.cseqMethod == .invite ? .inviteClient : .nonInviteClient, branch: view.text(view.branch),
            sentBy: Self.sentBy(view), method: view.cseqMethod)
    }

    /// The server transaction that a request belongs to.
    init(request view: SIPMessageView) {
        let method: SIPMethod = view.cseqMethod == .ack ? .invite : view.cseqMethod
        let branch = view.text(view.branch)
        let isUnique =
            branch.utf8.count > Via.magicCookie.utf8.count && branch.prefix(7).elementsEqual(Via.magicCookie)
        self.init(
            kind: method == .invite ? .inviteServer : .nonInviteServer,
            branch: isUnique ? branch : Self.oldIdentity(view), sentBy: Self.sentBy(view), method: method)
    }

    /// The INVITE that a CANCEL with this key means (RFC 3261 §9.2).
    var canceledInvite: TransactionKey {
        TransactionKey(kind: .inviteServer, branch: branch, sentBy: sentBy, method: .invite)
    }

    /// RFC 3261 §17.2.3 for branches without the cookie: Request-URI, From tag, Call-ID, CSeq number, topmost Via.
    /// The To tag is left out, so that an ACK (which has one) finds its INVITE (which had none).
    private static func oldIdentity(_ view: SIPMessageView) -> String {
        [view.requestURI, view.fromTag, view.callID, view.topVia].map(view.text).joined(separator: "\n")
            + "\n\(view.cseqNumber)"
    }

    private static func sentBy(_ view: SIPMessageView) -> String {
        let text = view.text(view.sentBy).asciiLowercased
        // A port that is not written is the transport's default.
        if let bracket = text.utf8.firstIndex(of: UInt8(ascii: "]")) {
            return text[bracket...].utf8.contains(UInt8(ascii: ":")) ? text : text + ":5060"
        }
        return text.utf8.contains(UInt8(ascii: ":")) ? text : text + ":5060"
    }
}

/// The timers of RFC 3261 §17, table 4, and RFC 6026.
enum TransactionTimer: Hashable, Sendable {
    case a, b, d, e, f, g, h, i, j, k, l, m
    /// Ours: a non-INVITE server transaction that nobody answers is forgotten after 64·T1, when its client has given
    /// up (timer F). The RFC leaves it to the transaction user to answer in time.
    case unanswered
}

struct TransactionTimerKey: Hashable, Sendable {
    let transaction: TransactionKey
    let timer: TransactionTimer
}

/// What a machine wants done. The layer carries it out in order.
enum TransactionStep: Equatable, Sendable {
    case send([UInt8], isRetransmission: Bool)
    case arm(TransactionTimer, after: Duration)
    case cancel(TransactionTimer)
    /// Hand the response to the transaction user.
    case deliver(SIPResponse)
    case timedOut
    case transportFailed
    case terminated
}
