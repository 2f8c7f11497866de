package import SIP
package import Telephony

/// What the core wants done. The shell carries effects out in order and answers with ``Input``s.
package enum Effect: Hashable, Sendable {
    /// A SIP message onto the wire.
    case send([UInt8], to: TransportAddress)
    /// One transaction. With a token, `committed` or `commitFailed` is owed for it.
    case store([StorageOperation], CommitToken?)
    /// One attempt to post a webhook; `webhookFinished` is owed.
    case deliver(Webhook, attempt: Int)
    /// Nobody waits for that webhook's answer any more: where it still waits for its turn, it need not be sent.
    /// `webhookFinished` is owed all the same.
    case withdrawWebhook(EventID)
    /// The answer to a REST request.
    case reply(ReplyToken, Reply)
    /// One order to the media of a call.
    case media(MediaHandle, MediaOrder)
    /// One order to the media of a conference.
    case mix(MixID, MixOrder)
    /// What those hear who wait for the conference's beginning is fetched, once; nil: the server's own music.
    case prepareMusic(ConferenceID, WebURL?, AccountID)
    case forgetMusic(ConferenceID)
    /// Whether there has been that conference of the account; `conferenceLookedUp` is owed.
    case lookUpConference(CallID, AccountID, ConferenceID)
    /// Looks up the host that a SIP request of the session waits for; `hopResolved` is owed.
    case resolveHop(SessionID, String)
    /// Whose number that is; `inboundRouted` is owed.
    case routeInbound(SessionID, PhoneNumber)
    /// The addresses of a host that a session description names (RFC 8866 §5.7); `mediaNameResolved` is owed, in
    /// bounded time.
    case resolveMediaName(NameQuestion, String)
    /// Whether the account may call from that number; `callerResolved` is owed.
    case resolveCaller(CallID, AccountID, PhoneNumber)
    /// An impossible state ended this call; the operator's log gets the whole of it (ARCHITECTURE.md#faults).
    case fault(CallID?, String)
    /// A call that came in was turned away. `inLog`: the operator's log is to have it; `inAccountLog`: that of the
    /// account whose number was called, if it is anybody's.
    case refused(InboundRefusal, inLog: Bool, inAccountLog: Bool)
    /// Something received was dropped; for the counters.
    case discarded(DiscardReason)
}

/// Names one commit that somebody waits for.
package struct CommitToken: Hashable, Sendable, Comparable {
    package var rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// Names one REST request that waits for its answer. Given by the shell.
package struct ReplyToken: Hashable, Sendable {
    package var rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// What a REST request comes to.
package enum Reply: Hashable, Sendable {
    case made(Call, expectedWaitSeconds: Int)
    case updated
    case parent(ParentCall)
    case refused(CallRefusal)
    case queue(QueueReply)
    case conference(ConferenceReply)
}

/// Who answers for a number that was called.
package enum InboundRoute: Hashable, Sendable {
    /// Nobody's here.
    case unknown
    /// The application is nil where the number has none.
    case owned(OwnedNumber, Application?)
}

/// Names one question for the addresses of a host.
package struct NameQuestion: Hashable, Sendable {
    package var session: SessionID
    /// Within the session; 0 is the offer of a call that came in.
    package var number: Int

    package init(session: SessionID, number: Int) {
        self.session = session
        self.number = number
    }
}
