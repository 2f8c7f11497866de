import JSON
import PerCL
import SDP
import SIP
import Telephony

/// A call that came in.
///
/// ```
///   INVITE ──▶ incoming: stored, port bound, 180 ── voiceUrl ──▶ script: PlayEarlyMedia, Pause, Reject
///                  │                  └─ failed: voiceFallbackUrl, once       │ the first other command
///                  └── caller gives up: canceled ──▶ over            200 ──▶ connected ── ACK ──▶ it goes on
/// ```
extension CallMachine {
    /// What a call that rings here waits for.
    struct Incoming: Sendable {
        /// Of the application; nil once it has been asked, or where there is none.
        var fallbackURL: WebURL?
        /// The caller's; nil where it made none.
        let offer: [UInt8]?
        /// Our answer to the caller's offer; our own offer where it made none.
        var sdp: [UInt8]
        let mediaSources: MediaSources
        let longestCall: Duration
        /// Nil where the caller made no offer.
        let agreement: AudioAgreement?
        var isStored = false
        var isMediaOpen = false
        var run: ScriptRun?
    }

    /// - Parameters:
    ///   - voiceURL: the application's; nil where the call is only noted and refused.
    ///   - from: the caller, as a number in E.164 where it is one.
    init(
        incoming number: OwnedNumber, application: Application?, from: String, incoming: Incoming,
        localAudio: LocalAudio, port: UInt16?, callID: CallID, requestID: RequestID, session: SessionID,
        identifiers: InvitationIdentifiers, publicURL: String, clock: CallClock
    ) {
        self.clock = clock
        call = Call(
            callID: callID, accountID: number.accountID, applicationID: application?.applicationID,
            parentCallID: nil, phoneNumberID: number.phoneNumberID, from: from, to: number.phoneNumber.text,
            direction: .inbound, status: .ringing, created: clock.wall)
        call.startTime = clock.wall
        self.session = session
        self.identifiers = identifiers
        self.requestID = requestID
        self.publicURL = publicURL
        self.localAudio = localAudio
        self.port = port
        callConnectURL = application?.voiceURL
        statusCallbackURL = application?.statusCallbackURL
        sendDigits = nil
        ifMachine = nil
        machineBeepSeconds = nil
        remarks = []
        ringTimeoutSeconds = 0
        isPrivate = false
        mediaSources = incoming.mediaSources
        phase = .incoming(incoming)
    }

    mutating func takeIn(_ opening: MediaOpening, now: Moment, into directives: inout [CallDirective]) {
        directives.append(.store(.saveCall(call)))
        note(
            .info, .request, "Call came in",
            [
                "from": .string(call.from), "to": .string(call.to),
                "applicationId": JSONValue(call.applicationID?.text),
                "voiceUrl": JSONValue(callConnectURL?.description),
            ], now, &directives)
        directives.append(.saveRecord)
        directives.append(.awaitCommit(.creation))
        directives.append(.effect(.openMedia(media, opening)))
        directives.append(.arm(.ring, after: Self.longestRinging))
    }

    /// Refused for what is missing here: noted, and over.
    mutating func refuse(
        _ reason: CallEndedReason, _ explanation: String, now: Moment, into directives: inout [CallDirective]
    ) {
        directives.append(.store(.saveCall(call)))
        finish(CallOutcome(.failed, reason, explanation), isMediaOpen: false, now, &directives)
    }

    mutating func ringIfReady(_ now: Moment, _ random: inout RandomSource, _ directives: inout [CallDirective]) {
        guard case .incoming(let incoming) = phase, incoming.isStored, incoming.isMediaOpen, incoming.run == nil,
            let callConnectURL
        else { return }
        directives.append(.ring)
        fetchScript(from: callConnectURL, type: CallWebhook.inboundCall, extras: [:], &random, now, &directives)
    }

    /// voiceUrl gave no script: voiceFallbackUrl is asked once (docs/contract/calls.md#fallback). False where there is
    /// none.
    mutating func tryFallback(
        _ explanation: String, _ now: Moment, _ random: inout RandomSource, _ directives: inout [CallDirective]
    ) -> Bool {
        guard case .incoming(var incoming) = phase, let fallback = incoming.fallbackURL, incoming.run == nil else {
            return false
        }
        incoming.fallbackURL = nil
        phase = .incoming(incoming)
        note(
            .warning, .webhook, "voiceUrl gave no script; voiceFallbackUrl is asked",
            ["explanation": .string(explanation), "url": .string(fallback.text)], now, &directives)
        fetchScript(from: fallback, type: CallWebhook.inboundCall, extras: [:], &random, now, &directives)
        return true
    }

    /// 183 with our SDP, once: audio before the answer.
    mutating func sendEarlyMedia(_ directives: inout [CallDirective]) {
        guard case .incoming(let incoming) = phase, let agreement = incoming.agreement, self.agreement == nil else {
            return
        }
        self.agreement = agreement
        localAudio?.noteIssued(incoming.sdp)
        directives.append(.progress(incoming.sdp))
        connectMedia(agreement, from: incoming.mediaSources, isEarly: true, &directives)
    }

    /// 200. The script goes on when the caller has acknowledged it.
    mutating func answer(_ now: Moment, _ directives: inout [CallDirective]) {
        guard case .incoming(let incoming) = phase else { return }
        call.connectTime = clock.reading(now)
        phase = .connected(Conversation(isDialling: false, held: nil, run: incoming.run))
        changeStatus(.inProgress, "answered", now, &directives)
        directives.append(.saveRecord)
        directives.append(.disarm(.ring))
        directives.append(.arm(.longestCall, after: incoming.longestCall))
        localAudio?.noteIssued(incoming.sdp)
        directives.append(.answer(incoming.sdp))
        guard let agreement = incoming.agreement else { return }
        self.agreement = agreement
        // Where it has flowed before the answer it goes on; from here on the caller is missed where it is silent.
        connectMedia(agreement, from: incoming.mediaSources, &directives)
    }
}

extension LocalAudio {
    /// What a caller is told: the answer to its offer and what both agree on, or our own offer where it made none
    /// (RFC 3261 §13.3.1).
    func reply(to offer: [UInt8]?) throws(AudioDisagreement) -> (sdp: [UInt8], agreement: AudioAgreement?) {
        guard let offer else { return (self.offer.bytes, nil) }
        let (agreement, answer) = try answer(to: offer)
        return (answer.bytes, agreement)
    }
}
