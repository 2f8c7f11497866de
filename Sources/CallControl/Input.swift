package import SIP
package import Telephony

/// Why a transaction did not take effect.
package enum CommitFailure: Hashable, Sendable {
    case diskFull
    /// The disk takes no writes.
    case diskFailing
    /// A row contradicts another: the Idempotency-Key is in use.
    case conflict
    case other
}

/// What happened, as the shell tells it.
package enum Input: Hashable, Sendable {
    // MARK: From the API
    case makeCall(ReplyToken, CallRequest)
    case describeParent(ReplyToken, CallID, AccountID)
    case updateCall(ReplyToken, CallID, AccountID, CallUpdate, RequestID)
    /// What REST asks of the account's queues.
    case queueRequest(ReplyToken, AccountID, QueueRequest, RequestID)
    /// What REST asks of the account's conferences.
    case conferenceRequest(ReplyToken, AccountID, ConferenceRequest, RequestID)
    // MARK: From the network
    case datagramReceived([UInt8], from: TransportAddress)
    /// A message could not be sent, and none can be to that address (RFC 3261 §18.4).
    case sendFailed(to: TransportAddress, explanation: String)
    /// What looking up a host came to, for a session whose requests wait for it; none where it has no address.
    case hopResolved(SessionID, String, [IPAddress])
    // MARK: From storage
    case committed(CommitToken)
    case commitFailed(CommitToken, CommitFailure)
    /// The disk has little room left, or enough again.
    case storageLow(Bool)
    /// The disk takes no writes, or takes them again.
    case storageFailing(Bool)
    /// The disk has not answered for seconds: whoever waits for it with a request is told so.
    case storageStalled
    // MARK: From webhooks
    /// It has not been sent: its host, or its account, has as many requests under way as it may.
    case webhookWaits(EventID, explanation: String)
    case webhookFinished(EventID, WebhookOutcome, milliseconds: Int)
    // MARK: From media
    case media(MediaHandle, MediaFact)
    case mix(MixFact)
    // MARK: From the name servers
    /// In the order in which they are to be tried; empty where there is none, or nobody could be asked.
    case mediaNameResolved(NameQuestion, [IPAddress])
    /// The names that the trunk's calls come from have other addresses: calls are taken from these from now on.
    case peersChanged([IPAddressRange])
    /// The trunk's name has other addresses: calls that are dialled from now on go there.
    case trunkMoved(to: TransportAddress)
    // MARK: From the directory
    /// To whom a call that came in belongs.
    case inboundRouted(SessionID, InboundRoute)
    /// `phoneNumberID`: the owned number, nil where it is none.
    case callerResolved(CallID, PhoneNumberID?)
    /// `isKnown`: there has been such a conference of the account, and it has been terminated.
    case conferenceLookedUp(CallID, ConferenceID, isKnown: Bool)
    // MARK: From the clock
    case timersDue
    // MARK: From the operator
    /// Where customers reach this server, without a slash at the end: recordingUrl begins with it
    /// (docs/contract/webhooks.md#recording-urls).
    case reachable(at: String)
    /// An account as it stands now; of each at the start, then of each that is changed.
    case accountChanged(Account)
    /// No calls go out, of no account; those that wait are taken back. With `hangsUp` those under way end too.
    case stopDialling(hangsUp: Bool)
    case startDialling
    /// The limits were set anew.
    case limitsChanged(ExchangeLimits)
    /// No new calls from here on.
    case drain
    /// Ends every call that is left.
    case hangUpAll
}
