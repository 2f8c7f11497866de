import PerCL
import SDP
import SIP
import Telephony

/// One outbound call, from its acceptance to the moment when it owes nothing to anybody.
///
/// ```
///                  turn comes            commit and port
///   accepted ──────────────────▶ opening ───────────────▶ ringing ──── 2xx ───▶ connected
///      │    commit                  ▲  │                     │                     │
///      └──────────▶ queued ─────────┘  │                     │                     │
///                     │                │                     │                     │
///                     └── canceled ────┴── no answer, refused, canceled, …  ── hung up, …
///                                                   ▼
///                                                 over ── session ended, port closed, outbox empty ──▶ (settled)
/// ```
/// The terminal status is decided once, on the way into `over`, and told at once; what remains to be said to the far
/// end (CANCEL, ACK and BYE, retransmissions) goes on behind it, and the record stays on disk until it is done.
/// SIP itself is `UserAgent`'s affair, the script ``ScriptRun``'s, the order of webhooks ``CallOutbox``'s.
struct CallMachine: Sendable {
    private enum Phase: Sendable {
        /// Its row is on the way to disk; nobody has been told of it.
        case accepted
        /// Stored; it waits for its turn.
        case queued
        /// Its turn has come; the INVITE waits for the disk and for the port.
        case opening(isCommitted: Bool, isMediaOpen: Bool)
        /// The INVITE has left.
        case ringing
        /// Answered.
        case connected(Conversation)
        /// Its terminal status stands.
        case over(Settling)
    }

    /// What an answered call is doing.
    private struct Conversation: Sendable {
        /// sendDigits are being dialled: a script that comes meanwhile is held (decision 16).
        var isDialling: Bool
        var held: Script?
        var run: ScriptRun?
    }

    /// What a finished call still waits for.
    private struct Settling: Sendable {
        var awaitsSession: Bool
        var awaitsMedia: Bool
    }

    private(set) var call: Call
    let session: SessionID
    var media: MediaHandle { MediaHandle(rawValue: session.rawValue) }

    private let requestID: RequestID
    private let callConnectURL: WebURL
    private let statusCallbackURL: WebURL?
    private let sendDigits: DigitString?
    private let ringTimeoutSeconds: Int
    private let identifiers: InvitationIdentifiers

    private var phase: Phase
    private var outbox = CallOutbox()
    private var invitation: Invitation?
    private var localAudio: LocalAudio?
    private var agreement: AudioAgreement?
    private var port: UInt16?
    private var eventSequence = 0
    private var journalSequence = 0
    private var nextPlayback: UInt64 = 1
    private var redirects = 0
    /// The request whose script runs, for a Redirect that comes first in it (decision 21).
    private var lastRequest: (type: String, extras: [String: JSONValue]) = ("", [:])

    /// Spec §5.3: more than this many redirects end the call.
    static let maximumRedirects = 256
    /// After a crash the events' sequence goes on beyond whatever was sent and not recorded.
    static let eventSequenceGap = 1000

    init(
        _ request: CallRequest, callID: CallID, session: SessionID, identifiers: InvitationIdentifiers, now: Moment
    ) {
        call = Call(
            callID: callID, accountID: request.accountID, applicationID: request.applicationID, parentCallID: nil,
            phoneNumberID: request.phoneNumberID, from: request.from.text, to: request.to.text,
            direction: .outboundAPI, status: .queued, created: now.wall)
        self.session = session
        self.identifiers = identifiers
        requestID = request.requestID
        callConnectURL = request.callConnectURL
        statusCallbackURL = request.statusCallbackURL
        sendDigits = request.sendDigits
        ringTimeoutSeconds = request.ringTimeoutSeconds
        phase = .accepted
    }

    // MARK: Questions

    var isOver: Bool { if case .over = phase { true } else { false } }

    /// It takes one of the trunk's lines: from its turn until the far end knows that it is over.
    var isOnTrunk: Bool {
        switch phase {
        case .accepted, .queued: false
        case .opening, .ringing, .connected: true
        case .over(let settling): settling.awaitsSession
        }
    }

    /// Nothing is under way: it waits for its turn on disk, or is over but for its port.
    var isSettledButForTurn: Bool {
        switch phase {
        case .queued: true
        case .over(let settling): !settling.awaitsSession && outbox.isEmpty
        case .accepted, .opening, .ringing, .connected: false
        }
    }

    var outboxDepth: Int { outbox.depth }

    // MARK: Acceptance and turn

    /// The request was taken.
    mutating func accept(expectedWaitSeconds: Double, now: Moment, into directives: inout [CallDirective]) {
        var metadata: [String: JSONValue] = [
            "from": .string(call.from), "to": .string(call.to), "callConnectUrl": .string(callConnectURL.text),
            "timeout": JSONValue(ringTimeoutSeconds), "sendDigits": JSONValue(sendDigits?.text),
            "applicationId": JSONValue(call.applicationID?.text),
        ]
        if expectedWaitSeconds > 0 {
            metadata["expectedWaitSeconds"] = .integer(Int64(expectedWaitSeconds.rounded(.up)))
        }
        note(.info, .request, "Call accepted", metadata, now, &directives)
        directives.append(.store(.saveCall(call)))
        directives.append(.awaitCommit(.creation))
        storeRecord(.queued, session: nil, &directives)
    }

    /// Its turn has come: the intent to dial goes to disk while the port is bound.
    mutating func dial(
        port: UInt16, configuration: ExchangeConfiguration, random: inout RandomSource,
        into directives: inout [CallDirective]
    ) {
        switch phase {
        case .accepted: break
        case .queued: directives.append(.awaitCommit(.turn))
        case .opening, .ringing, .connected, .over: return
        }
        self.port = port
        let audio = LocalAudio(
            address: configuration.mediaAddress, port: port, sessionID: random.next() >> 2, sessionVersion: 1)
        localAudio = audio
        let trunk = configuration.trunk
        let invitation = Invitation(
            destination: trunk.address,
            requestURI: SIPURI(user: call.to, host: trunk.host, port: trunk.port),
            from: NameAddress(uri: SIPURI(user: call.from, host: configuration.localHost)),
            to: NameAddress(uri: SIPURI(user: call.to, host: trunk.host, port: trunk.port)),
            offer: audio.offer.bytes, identifiers: identifiers)
        self.invitation = invitation
        phase = .opening(isCommitted: false, isMediaOpen: false)
        storeRecord(
            .dialling, session: SessionRecord(invitation: invitation, identifiers: identifiers), &directives)
        directives.append(
            .effect(
                .openMedia(
                    media,
                    MediaOpening(
                        port: port, synchronizationSource: UInt32(truncatingIfNeeded: random.next()),
                        firstSequenceNumber: UInt16(truncatingIfNeeded: random.next()),
                        firstTimestamp: UInt32(truncatingIfNeeded: random.next())))))
    }

    /// The transaction with the call's acceptance, or with its turn, is on disk.
    mutating func committed(now: Moment, into directives: inout [CallDirective]) {
        switch phase {
        case .accepted: phase = .queued
        case .opening(_, let isMediaOpen):
            phase = .opening(isCommitted: true, isMediaOpen: isMediaOpen)
            inviteIfReady(now, &directives)
        case .queued, .ringing, .connected, .over: break
        }
    }

    /// The intent to dial could not be stored: then nothing is dialled.
    mutating func turnNotCommitted(now: Moment, into directives: inout [CallDirective]) {
        guard case .opening = phase else { return }
        finish(CallOutcome(.failed, .internalError, "the intent to dial could not be stored"), now, &directives)
    }

    /// The call itself could not be stored: it never was. Its port is closed and forgotten.
    mutating func abandon(into directives: inout [CallDirective]) {
        if case .opening = phase {
            phase = .over(Settling(awaitsSession: false, awaitsMedia: true))
            directives.append(.effect(.closeMedia(media)))
        } else {
            phase = .over(Settling(awaitsSession: false, awaitsMedia: false))
        }
        settle(&directives)
    }

    mutating func mediaOpened(now: Moment, into directives: inout [CallDirective]) {
        guard case .opening(let isCommitted, _) = phase else { return }
        phase = .opening(isCommitted: isCommitted, isMediaOpen: true)
        inviteIfReady(now, &directives)
    }

    mutating func mediaOpenFailed(_ explanation: String, now: Moment, into directives: inout [CallDirective]) {
        switch phase {
        case .opening:
            note(.error, .media, "No RTP port", ["explanation": .string(explanation)], now, &directives)
            finish(
                CallOutcome(.failed, .internalError, "no RTP port: \(explanation)"), isMediaOpen: false, now,
                &directives)
        case .over: mediaIsClosed(&directives)
        case .accepted, .queued, .ringing, .connected: break
        }
    }

    private mutating func inviteIfReady(_ now: Moment, _ directives: inout [CallDirective]) {
        guard case .opening(true, true) = phase, let invitation else { return }
        phase = .ringing
        call.startTime = now.wall
        changeStatus(.ringing, "the INVITE leaves", now, &directives)
        directives.append(.arm(.ring, after: .seconds(ringTimeoutSeconds)))
        directives.append(.invite(invitation))
    }

    // MARK: SIP

    mutating func progressed(_ code: StatusCode, now: Moment, into directives: inout [CallDirective]) {
        // What came is in the journal as a SIP message; a call stays `ringing` whatever the provisional code.
    }

    mutating func answered(
        _ body: [UInt8], record: SessionRecord?, configuration: ExchangeConfiguration, now: Moment,
        random: inout RandomSource, into directives: inout [CallDirective]
    ) {
        guard case .ringing = phase, let localAudio else { return }
        directives.append(.disarm(.ring))
        let agreement: AudioAgreement
        do { agreement = try localAudio.agreement(answer: body) } catch {
            finish(
                CallOutcome(.failed, .failed, "answered without usable media: \(error.explanation)"),
                awaitsSession: true, now, &directives)
            return
        }
        self.agreement = agreement
        call.connectTime = now.wall
        phase = .connected(Conversation(isDialling: sendDigits != nil, held: nil, run: nil))
        changeStatus(.inProgress, "answered", now, &directives)
        storeRecord(.connected, session: record, &directives)
        directives.append(.arm(.longestCall, after: configuration.longestCall))
        connectMedia(agreement, configuration, &directives)
        if let sendDigits {
            directives.append(
                .effect(
                    .sendDigits(media, sendDigits.tones, durationMilliseconds: sendDigits.durationMilliseconds)))
        }
        fetchScript(
            from: callConnectURL, type: CallWebhook.outDialAPIConnect,
            extras: CallWebhook.outDialAPIConnectExtras(call), &random, now, &directives)
    }

    mutating func failed(_ failure: SessionFailure, now: Moment, into directives: inout [CallDirective]) {
        switch phase {
        case .ringing: finish(OutcomeTable.outcome(of: failure), awaitsSession: false, now, &directives)
        case .over: sessionIsOver(&directives)
        case .accepted, .queued, .opening, .connected: break
        }
    }

    mutating func ended(_ end: SessionEnd, now: Moment, into directives: inout [CallDirective]) {
        switch phase {
        case .connected:
            let explanation =
                switch end {
                case .remoteHangUp: "the far end hung up"
                case .protocolError(let what): "the far end broke the dialog: \(what)"
                case .localHangUp, .neverAcknowledged: "the dialog ended"
                }
            finish(CallOutcome(.completed, .farEndHangup, explanation), awaitsSession: false, now, &directives)
        case .over: sessionIsOver(&directives)
        case .accepted, .queued, .opening, .ringing: break
        }
    }

    /// The session's record is worth storing again: a crash must find the dialogs that the far end has.
    mutating func recordChanged(_ record: SessionRecord, into directives: inout [CallDirective]) {
        switch phase {
        case .ringing: storeRecord(.dialling, session: record, &directives)
        case .connected: storeRecord(.connected, session: record, &directives)
        case .over(let settling) where settling.awaitsSession: storeRecord(.over, session: record, &directives)
        case .accepted, .queued, .opening, .over: break
        }
    }

    /// A re-INVITE or UPDATE; without a body it wants an offer of ours.
    mutating func offerReceived(
        _ body: [UInt8]?, configuration: ExchangeConfiguration, now: Moment, into directives: inout [CallDirective]
    ) {
        guard case .connected = phase, var localAudio else {
            directives.append(.answerOffer(nil))
            return
        }
        localAudio.sessionVersion += 1
        guard let body else {
            self.localAudio = localAudio
            directives.append(.answerOffer(localAudio.offer.bytes))
            return
        }
        do {
            let (agreement, answer) = try localAudio.answer(to: body)
            self.localAudio = localAudio
            self.agreement = agreement
            directives.append(.answerOffer(answer.bytes))
            connectMedia(agreement, configuration, &directives)
        } catch {
            note(
                .warning, .media, "Offer refused", ["explanation": .string(error.explanation)], now, &directives)
            directives.append(.answerOffer(nil))
        }
    }

    /// The ACK to an offer of ours in a re-INVITE's 2xx brings the peer's answer.
    mutating func acknowledged(
        _ body: [UInt8]?, configuration: ExchangeConfiguration, now: Moment, into directives: inout [CallDirective]
    ) {
        guard case .connected = phase, let body, !body.isEmpty, let localAudio else { return }
        do {
            let agreement = try localAudio.agreement(answer: body)
            self.agreement = agreement
            connectMedia(agreement, configuration, &directives)
        } catch {
            note(
                .warning, .media, "Answer unusable", ["explanation": .string(error.explanation)], now, &directives)
        }
    }

    mutating func traced(_ trace: SIPTrace, isSent: Bool, now: Moment, into directives: inout [CallDirective]) {
        var metadata: [String: JSONValue] = [
            "direction": isSent ? "sent" : "received", "peer": .string(trace.peer.description),
            "text": .string(trace.text),
        ]
        if trace.isRetransmission { metadata["isRetransmission"] = true }
        note(.info, .sip, (isSent ? "SIP sent : " : "SIP received : ") + trace.startLine, metadata, now, &directives)
    }

    private func connectMedia(
        _ agreement: AudioAgreement, _ configuration: ExchangeConfiguration, _ directives: inout [CallDirective]
    ) {
        let trunk = configuration.trunk
        directives.append(
            .effect(
                .connectMedia(
                    media,
                    MediaConnection(
                        agreement: agreement, signallingHost: trunk.address.address.description,
                        allowsAnySource: trunk.isBehindNAT))))
    }

    // MARK: Timers

    mutating func timerFired(
        _ timer: CallTimer, now: Moment, random: inout RandomSource, into directives: inout [CallDirective]
    ) {
        switch timer {
        case .ring:
            guard case .ringing = phase else { return }
            finish(OutcomeTable.ringTimeout, awaitsSession: true, now, &directives)
        case .longestCall:
            guard case .connected = phase else { return }
            finish(
                CallOutcome(.completed, .maxDuration, "the longest call allowed is over"), awaitsSession: true, now,
                &directives)
        case .pause:
            advanceScript(now, &random, &directives) { run, nextPlayback, steps in
                run.pauseOver(nextPlayback: &nextPlayback, into: &steps)
            }
        }
    }

    // MARK: REST and the operator

    /// Decision 25. False where the call has ended.
    mutating func update(_ update: CallUpdate, now: Moment, into directives: inout [CallDirective]) -> Bool {
        switch phase {
        case .over: return false
        case .accepted, .queued, .opening, .ringing:
            note(.info, .request, "Cancel requested", ["status": .string(update.rawValue)], now, &directives)
            finish(CallOutcome(.canceled, .callCanceled, "canceled over REST"), now, &directives)
        case .connected:
            note(.info, .request, "Hang-up requested", ["status": .string(update.rawValue)], now, &directives)
            finish(CallOutcome(.completed, .appHangup, "hung up over REST"), now, &directives)
        }
        return true
    }

    /// The server stops and its patience is over.
    mutating func hangUpForShutdown(now: Moment, into directives: inout [CallDirective]) {
        switch phase {
        // Calls that wait stay on disk for the next start (decision 37).
        case .accepted, .queued, .over: break
        case .opening, .ringing:
            finish(CallOutcome(.failed, .internalError, "the server stopped"), now, &directives)
        case .connected:
            finish(CallOutcome(.completed, .internalError, "the server stopped"), now, &directives)
        }
    }

    /// An impossible state was found in this call (DESIGN.md decision 9).
    mutating func fault(_ explanation: String, now: Moment, into directives: inout [CallDirective]) {
        directives.append(.effect(.fault(call.callID, "\(explanation); \(self)")))
        guard !isOver else { return }
        let status: CallStatus = if case .connected = phase { .completed } else { .failed }
        finish(CallOutcome(status, .internalError, explanation), now, &directives)
    }

    // MARK: Media

    mutating func playbackEnded(
        _ playback: PlaybackID, _ result: PlaybackResult, now: Moment, random: inout RandomSource,
        into directives: inout [CallDirective]
    ) {
        advanceScript(now, &random, &directives) { run, nextPlayback, steps in
            run.playbackEnded(playback, result, nextPlayback: &nextPlayback, into: &steps)
        }
    }

    mutating func digitsSent(now: Moment, random: inout RandomSource, into directives: inout [CallDirective]) {
        guard case .connected(var conversation) = phase, conversation.isDialling else { return }
        conversation.isDialling = false
        let held = conversation.held
        conversation.held = nil
        phase = .connected(conversation)
        note(.info, .media, "Digits sent", ["sendDigits": JSONValue(sendDigits?.text)], now, &directives)
        if let held { start(held, now, &random, &directives) }
    }

    mutating func digitReceived(
        _ digit: Character, milliseconds: Int, now: Moment, into directives: inout [CallDirective]
    ) {
        note(
            .info, .media, "Digit received",
            ["digit": .string(String(digit)), "milliseconds": JSONValue(milliseconds)], now, &directives)
    }

    mutating func peerMoved(from: String, to: String, now: Moment, into directives: inout [CallDirective]) {
        note(
            .info, .media, "Media comes from elsewhere and goes there from now on",
            ["from": .string(from), "to": .string(to)], now, &directives)
    }

    /// Decision 42.
    mutating func peerSilent(now: Moment, into directives: inout [CallDirective]) {
        guard case .connected = phase else { return }
        finish(
            CallOutcome(.completed, .farEndHangup, "the far end's media fell silent: neither RTP nor RTCP"),
            awaitsSession: true, now, &directives)
    }

    mutating func mediaClosed(
        _ figures: [String: JSONValue], now: Moment, into directives: inout [CallDirective]
    ) {
        guard case .over(let settling) = phase, settling.awaitsMedia else { return }
        note(.info, .media, "Media figures", figures, now, &directives)
        mediaIsClosed(&directives)
    }

    // MARK: Webhooks

    mutating func notificationCommitted(_ event: EventID, now: Moment, into directives: inout [CallDirective]) {
        var steps: [CallOutbox.Directive] = []
        outbox.committed(event, into: &steps)
        carryOut(steps, &directives)
    }

    mutating func webhookFinished(
        _ event: EventID, _ outcome: WebhookOutcome, milliseconds: Int, now: Moment, random: inout RandomSource,
        into directives: inout [CallDirective]
    ) {
        var steps: [CallOutbox.Directive] = []
        outbox.finished(event, outcome, into: &steps)
        for step in steps {
            switch step {
            case .deliver(let webhook, let attempt) where webhook.eventID == event:
                noteAnswer(webhook, outcome, milliseconds, attempt: attempt - 1, now, &directives)
                carryOut([step], &directives)
            case .deliver:
                carryOut([step], &directives)
            case .scriptAnswered(let webhook, let outcome):
                noteAnswer(webhook, outcome, milliseconds, attempt: nil, now, &directives)
                scriptAnswered(webhook, outcome, now, &random, &directives)
            case .delivered(let webhook), .retryLater(let webhook):
                noteAnswer(webhook, outcome, milliseconds, attempt: 1, now, &directives)
                carryOut([step], &directives)
            }
        }
        settle(&directives)
    }

    /// An attempt of ``NotificationRetries`` for this call, for its journal.
    mutating func retryFinished(
        _ webhook: Webhook, _ outcome: WebhookOutcome, milliseconds: Int, attempt: Int, now: Moment,
        into directives: inout [CallDirective]
    ) {
        noteAnswer(webhook, outcome, milliseconds, attempt: attempt, now, &directives)
    }

    private func carryOut(_ steps: [CallOutbox.Directive], _ directives: inout [CallDirective]) {
        for step in steps {
            switch step {
            case .deliver(let webhook, let attempt): directives.append(.effect(.deliver(webhook, attempt: attempt)))
            case .delivered(let webhook): directives.append(.store(.removeNotification(webhook.eventID)))
            case .retryLater(let webhook): directives.append(.retryLater(webhook))
            case .scriptAnswered: break
            }
        }
    }

    private mutating func fetchScript(
        from url: WebURL, type: String, extras: [String: JSONValue], _ random: inout RandomSource, _ now: Moment,
        _ directives: inout [CallDirective]
    ) {
        if type != CallWebhook.redirect { lastRequest = (type, extras) }
        emit(type, extras: extras, purpose: .script, to: url, &random, now, &directives)
    }

    private mutating func emit(
        _ type: String, extras: [String: JSONValue], purpose: Webhook.Purpose, to url: WebURL,
        _ random: inout some RandomNumberGenerator, _ now: Moment, _ directives: inout [CallDirective]
    ) {
        eventSequence += 1
        var fields = CallWebhook.standard(type, call)
        fields.merge(extras) { _, extra in extra }
        let webhook = Webhook(
            eventID: EventID(random: &random), eventSequence: eventSequence, requestID: requestID,
            accountID: call.accountID, callID: call.callID, requestType: type, purpose: purpose, url: url,
            body: JSONValue.object(fields).bytes)
        note(
            .info, .webhook, "Webhook \(type) : POST \(url.text)",
            ["eventId": .string(webhook.eventID.text), "requestBody": .object(fields)], now, &directives)
        if purpose == .notification {
            directives.append(
                .store(
                    .saveNotification(
                        PendingNotification(
                            webhook: webhook, attempts: 0, firstAttempt: now.wall, nextAttempt: now.wall))))
            directives.append(.awaitCommit(.notification(webhook.eventID)))
        }
        var steps: [CallOutbox.Directive] = []
        outbox.enqueue(webhook, into: &steps)
        carryOut(steps, &directives)
    }

    private mutating func scriptAnswered(
        _ webhook: Webhook, _ outcome: WebhookOutcome, _ now: Moment, _ random: inout RandomSource,
        _ directives: inout [CallDirective]
    ) {
        // A hang-up while the script was being fetched: the answer is ignored (decision 13).
        guard case .connected(var conversation) = phase else { return }
        switch ScriptFetch(outcome) {
        case .script(let script):
            guard conversation.isDialling else { return start(script, now, &random, &directives) }
            conversation.held = script
            phase = .connected(conversation)
        case .refused(let reason, let explanation):
            note(
                .error, .webhook, "Webhook \(webhook.requestType) gave no script : \(reason.rawValue)",
                ["url": .string(webhook.url.text), "explanation": .string(explanation)], now, &directives)
            finish(CallOutcome(.completed, reason, explanation), now, &directives)
        }
    }

    // MARK: The script

    private mutating func start(
        _ script: Script, _ now: Moment, _ random: inout RandomSource, _ directives: inout [CallDirective]
    ) {
        guard case .connected(var conversation) = phase else { return }
        conversation.run = ScriptRun(script)
        phase = .connected(conversation)
        advanceScript(now, &random, &directives) { run, nextPlayback, steps in
            run.start(nextPlayback: &nextPlayback, into: &steps)
        }
    }

    private mutating func advanceScript(
        _ now: Moment, _ random: inout RandomSource, _ directives: inout [CallDirective],
        _ event: (inout ScriptRun, inout UInt64, inout [ScriptRun.Directive]) -> Void
    ) {
        guard case .connected(var conversation) = phase, var run = conversation.run else { return }
        var steps: [ScriptRun.Directive] = []
        event(&run, &nextPlayback, &steps)
        conversation.run = run
        phase = .connected(conversation)
        for step in steps { carryOut(step, now, &random, &directives) }
    }

    private mutating func carryOut(
        _ step: ScriptRun.Directive, _ now: Moment, _ random: inout RandomSource,
        _ directives: inout [CallDirective]
    ) {
        switch step {
        case .play(let playback, let prompt, let loop):
            directives.append(.effect(.play(media, playback, prompt, loop: loop)))
        case .stopPlayback(let playback):
            directives.append(.effect(.stopPlayback(media, playback)))
        case .pause(let milliseconds):
            directives.append(.arm(.pause, after: .milliseconds(milliseconds)))
        case .cancelPause:
            directives.append(.disarm(.pause))
        case .commandStarted(let command, let index):
            note(
                .info, .percl, "PerCL \(command.name)",
                ["index": JSONValue(index)].merging(command.journalMetadata) { own, _ in own }, now, &directives)
        case .commandEnded(let command, let index, let result):
            noteEnd(command, index, result, now, &directives)
        case .redirect(let redirect, let isFirst):
            follow(redirect, isFirst: isFirst, now, &random, &directives)
        case .hangUp(let reason):
            finish(
                CallOutcome(.completed, .appHangup, reason.map { "Hangup: \($0)" } ?? "Hangup"), now, &directives)
        case .ranOut:
            finish(CallOutcome(.completed, .appHangup, "the script ran out"), now, &directives)
        case .unsupported(let command, let index):
            note(
                .error, .percl, "PerCL \(command.name) is not in this version",
                ["index": JSONValue(index), "command": .string(command.name)], now, &directives)
            finish(
                CallOutcome(.completed, .perclProcessingError, "PerCL \(command.name) is not in this version"), now,
                &directives)
        }
    }

    private mutating func follow(
        _ redirect: Redirect, isFirst: Bool, _ now: Moment, _ random: inout RandomSource,
        _ directives: inout [CallDirective]
    ) {
        redirects += 1
        guard redirects <= Self.maximumRedirects else {
            note(
                .error, .percl, "More than \(Self.maximumRedirects) redirects",
                ["url": .string(redirect.actionURL.text), "code": 14], now, &directives)
            finish(
                CallOutcome(.completed, .maxRedirectsError, "more than \(Self.maximumRedirects) redirects"), now,
                &directives)
            return
        }
        // First in its script, a Redirect hands on the request that fetched the script (decision 21).
        var extras: [String: JSONValue] = isFirst ? lastRequest.extras : [:]
        extras["originalRequestType"] = isFirst ? .string(lastRequest.type) : .null
        fetchScript(
            from: redirect.actionURL, type: CallWebhook.redirect, extras: extras, &random, now, &directives)
    }

    // MARK: The end

    /// The one way into `over`: decides the terminal status, tells everybody, lets go of everything.
    /// - Parameter awaitsSession: the far end has still to be told; nil: wherever an INVITE has left.
    private mutating func finish(
        _ outcome: CallOutcome, awaitsSession: Bool? = nil, isMediaOpen: Bool? = nil, _ now: Moment,
        _ directives: inout [CallDirective]
    ) {
        var settling = Settling(awaitsSession: false, awaitsMedia: false)
        switch phase {
        case .over: return
        case .accepted, .queued: directives.append(.withdraw)
        case .opening: settling.awaitsMedia = isMediaOpen ?? true
        case .ringing, .connected:
            settling = Settling(awaitsSession: awaitsSession ?? true, awaitsMedia: true)
        }
        for timer in [CallTimer.ring, .pause, .longestCall] { directives.append(.disarm(timer)) }
        if !settling.awaitsMedia { releasePort(&directives) }
        phase = .over(settling)
        call.endTime = now.wall
        call.endedReason = outcome.reason
        changeStatus(outcome.status, outcome.explanation, now, &directives)
        // The bodies are fixed now; the event ids follow from the call's own id, so that none need be drawn here.
        var ids = EventIDSource(call: call.callID, sequence: eventSequence)
        if call.connectTime == nil {
            emit(
                CallWebhook.outDialAPIConnect, extras: CallWebhook.outDialAPIConnectExtras(call),
                purpose: .notification, to: callConnectURL, &ids, now, &directives)
        }
        if let statusCallbackURL {
            emit(
                CallWebhook.callStatus, extras: CallWebhook.callStatusExtras(call), purpose: .notification,
                to: statusCallbackURL, &ids, now, &directives)
        }
        if settling.awaitsSession {
            directives.append(.endSession)
        } else {
            directives.append(.store(.removeRecord(call.callID)))
        }
        if settling.awaitsMedia { directives.append(.effect(.closeMedia(media))) }
        settle(&directives)
    }

    private mutating func sessionIsOver(_ directives: inout [CallDirective]) {
        guard case .over(var settling) = phase, settling.awaitsSession else { return }
        settling.awaitsSession = false
        phase = .over(settling)
        directives.append(.store(.removeRecord(call.callID)))
        settle(&directives)
    }

    private mutating func mediaIsClosed(_ directives: inout [CallDirective]) {
        guard case .over(var settling) = phase, settling.awaitsMedia else { return }
        settling.awaitsMedia = false
        phase = .over(settling)
        releasePort(&directives)
        settle(&directives)
    }

    private mutating func releasePort(_ directives: inout [CallDirective]) {
        guard let port else { return }
        self.port = nil
        directives.append(.releasePort(port))
    }

    private func settle(_ directives: inout [CallDirective]) {
        guard case .over(let settling) = phase, !settling.awaitsSession, !settling.awaitsMedia, outbox.isEmpty
        else { return }
        directives.append(.settled)
    }

    // MARK: What is kept

    private mutating func changeStatus(
        _ status: CallStatus, _ explanation: String, _ now: Moment, _ directives: inout [CallDirective]
    ) {
        call.status = status
        call.dateUpdated = now.wall
        call.revision += 1
        directives.append(.store(.saveCall(call)))
        var metadata: [String: JSONValue] = ["status": .string(status.rawValue), "explanation": .string(explanation)]
        if let reason = call.endedReason { metadata["callEndedReason"] = .string(reason.rawValue) }
        note(.info, .status, "Call \(status.rawValue)", metadata, now, &directives)
    }

    private func storeRecord(
        _ phase: CallRecord.Phase, session: SessionRecord?, _ directives: inout [CallDirective]
    ) {
        let record = CallRecord(
            phase: phase, call: call, requestID: requestID, callConnectURL: callConnectURL,
            statusCallbackURL: statusCallbackURL, sendDigits: phase == .queued ? sendDigits?.text : nil,
            ringTimeoutSeconds: ringTimeoutSeconds, eventSequence: eventSequence, session: session)
        guard let bytes = record.bytes else {
            directives.append(.effect(.fault(call.callID, "the record could not be written")))
            return
        }
        directives.append(.store(.saveRecord(call.callID, bytes)))
    }

    mutating func note(
        _ level: JournalLevel, _ scope: JournalScope, _ message: String, _ metadata: [String: JSONValue],
        _ now: Moment, _ directives: inout [CallDirective]
    ) {
        journalSequence += 1
        directives.append(
            .store(
                .appendJournal(
                    JournalEntry(
                        timestamp: now.wall, sequence: journalSequence, level: level, scope: scope,
                        accountID: call.accountID, callID: call.callID, requestID: requestID, message: message,
                        metadata: metadata))))
    }
}

// MARK: - Recovery

extension CallMachine {
    /// A call that waited when the process ended, and goes on waiting (decision 37).
    init?(restoringQueued record: CallRecord, session: SessionID, identifiers: InvitationIdentifiers, journalSequence: Int)
    {
        guard record.phase == .queued else { return nil }
        self.init(record, session: session, identifiers: identifiers, journalSequence: journalSequence, phase: .queued)
    }

    /// A call that was under way when the process ended: it is ended now, with `internalError`, and the far end told.
    ///
    /// A call whose status stood already keeps it; only the far end has still to be told.
    init(
        ending record: CallRecord, session: SessionID, identifiers: InvitationIdentifiers, journalSequence: Int,
        explanation: String, now: Moment, into directives: inout [CallDirective]
    ) {
        let hasSession = record.session != nil
        switch record.phase {
        case .over:
            self.init(
                record, session: session, identifiers: identifiers, journalSequence: journalSequence,
                phase: .over(Settling(awaitsSession: hasSession, awaitsMedia: false)))
            if !hasSession { directives.append(.store(.removeRecord(call.callID))) }
            settle(&directives)
        case .queued, .dialling, .connected:
            self.init(
                record, session: session, identifiers: identifiers, journalSequence: journalSequence, phase: .ringing)
            let status: CallStatus = record.phase == .connected ? .completed : .failed
            // The media of the earlier process is gone with it.
            endRestored(
                CallOutcome(status, .internalError, explanation), awaitsSession: hasSession, now, &directives)
        }
    }

    private init(
        _ record: CallRecord, session: SessionID, identifiers: InvitationIdentifiers, journalSequence: Int,
        phase: Phase
    ) {
        call = record.call
        self.session = session
        self.identifiers = identifiers
        requestID = record.requestID
        callConnectURL = record.callConnectURL
        statusCallbackURL = record.statusCallbackURL
        sendDigits = record.sendDigits.flatMap { try? DigitString($0) }
        ringTimeoutSeconds = record.ringTimeoutSeconds
        eventSequence = record.eventSequence + Self.eventSequenceGap
        self.journalSequence = journalSequence
        self.phase = phase
    }

    private mutating func endRestored(
        _ outcome: CallOutcome, awaitsSession: Bool, _ now: Moment, _ directives: inout [CallDirective]
    ) {
        finish(outcome, awaitsSession: awaitsSession, now, &directives)
        mediaIsClosed(&directives)
        // The session is one of an earlier process: the exchange ends it from its record, and there is no port.
        directives.removeAll { directive in
            switch directive {
            case .endSession, .effect(.closeMedia): true
            default: false
            }
        }
    }
}
