import JSON
import PerCL
import SIP
import Telephony

/// What is said and heard on a leg, as long as there is somebody to talk to: scripts and what they keep, recordings, keys,
/// and who it is that answered.
///
/// ```
///   app asked ── script ──▶ it may run ──▶ ScriptRun ── its end asks the app again, or ends the call
///                  └──▶ held: sendDigits are being dialled, a beep is awaited, no media flows yet
/// ```
struct Talk: Sendable {
    /// More than this many redirects end the call (docs/contract/percl.md#redirect).
    private static let maximumRedirects = 256

    /// What becomes of the call. It is the last thing that an event of a talk leads to.
    enum Want: Equatable, Sendable {
        /// A call that came in is to be answered; its script goes on with the ACK.
        case answer
        case end(CallOutcome)
    }

    let media: MediaHandle
    /// The scripts that are under way; the last one runs, those before it wait for its end.
    private var scripts: [ScriptRun] = []
    /// What came before it might run.
    private var held: Script?
    /// In a queue, or parked.
    var waiting: Waiting?
    /// In a conference.
    var stay: Stay?
    /// That it has asked for, and not heard of yet.
    var joining: ConferenceID?
    /// A script that waits to hear how many are in the conference.
    private var uncounted: Script?
    var memory = ScriptMemory()
    /// Of a call that came in; nil once it has been asked, or where there is none.
    private var fallbackURL: WebURL?
    /// sendDigits are being dialled (docs/contract/calls.md#digits-and-the-script).
    private var isDialling: Bool
    /// ifMachineUrl's script waits for the machine's beep.
    private var awaitsBeep = false
    /// An OutDial that waits to hear whether its callingNumber may be used.
    private var pendingDial: OutDial?
    private var redirects = 0
    /// When the latest script began.
    private var scriptBegan: Instant?
    /// The request whose script runs, for a Redirect that comes first in it (docs/contract/webhooks.md#redirect).
    private var lastRequest = ScriptRequest("")
    /// The latest request, and whom it went to.
    private var asked: (request: ScriptRequest, url: WebURL)?
    var keys = KeysHeard()
    var recordings = Recordings()
    /// Once it is known.
    var answerer: Answerer?

    /// - Parameter fallbackURL: is asked where the first script cannot be had.
    init(by media: MediaHandle, fallbackURL: WebURL? = nil, isDialling: Bool = false) {
        self.media = media
        self.fallbackURL = fallbackURL
        self.isDialling = isDialling
    }

    // MARK: Scripts that come

    /// - Parameter tells: that a wait, or a stay, is over: the app must hear of it.
    mutating func ask(
        _ request: ScriptRequest, at url: WebURL, tells: Bool = false, _ dossier: inout Dossier, _ turn: inout Turn
    ) {
        var request = request
        if let stay, request.extras["conferenceId"] == nil {
            request.extras["conferenceId"] = .string(stay.conferenceID.text)
        }
        if request.type != CallWebhook.redirect { lastRequest = request }
        asked = (request, url)
        turn.want(.saveRecord)
        if tells {
            dossier.askByTelling(request, at: url, &turn)
        } else {
            dossier.ask(request, at: url, &turn)
        }
    }

    /// The app has answered; what it ends the call with is returned.
    mutating func scriptAnswered(
        _ webhook: Webhook, _ outcome: WebhookOutcome, _ leg: inout Leg, _ dossier: inout Dossier, _ turn: inout Turn
    ) -> Want? {
        switch ScriptFetch(outcome) {
        case .script(let script, let hints):
            dossier.note(hints, &turn)
            if let command = waiting?.forbidden(in: script) {
                return waitScriptForbidden(command, &dossier, &turn)
            }
            waiting?.succeeded()
            if let stay {
                if let want = refusal(of: script, &dossier, &turn) { return want }
                if Stay.listensAlone(script) != nil {
                    uncounted = script
                    turn.want(.room(.countParticipants(stay.conferenceID)))
                    return nil
                }
            }
            guard mayRun(leg) else {
                held = script
                return nil
            }
            return start(script, &leg, &dossier, &turn)
        case .refused(let reason, let explanation):
            if waiting != nil {
                return waitScriptRefused(webhook, reason, explanation, &leg, &dossier, &turn)
            }
            // There is nothing to say to it: it goes on talking.
            if stay != nil, reason == .appNoPercl { return nil }
            if askFallback(explanation, leg, &dossier, &turn) { return nil }
            dossier.note(
                .error, .webhook, "Webhook \(webhook.requestType) gave no script : \(reason.rawValue)",
                ["url": .string(webhook.url.description), "explanation": .string(explanation)], &turn)
            return .end(CallOutcome(leg.isAnswered ? .completed : .failed, reason, explanation))
        }
    }

    /// voiceUrl gave no script: voiceFallbackUrl is asked once (docs/contract/calls.md#fallback). False where there is
    /// none.
    private mutating func askFallback(
        _ explanation: String, _ leg: Leg, _ dossier: inout Dossier, _ turn: inout Turn
    ) -> Bool {
        guard !leg.isAnswered, scripts.isEmpty, let fallback = fallbackURL else { return false }
        fallbackURL = nil
        dossier.note(
            .warning, .webhook, "voiceUrl gave no script; voiceFallbackUrl is asked",
            ["explanation": .string(explanation), "url": .string(fallback.text)], &turn)
        ask(ScriptRequest(CallWebhook.inboundCall), at: fallback, &dossier, &turn)
        return true
    }

    mutating func start(
        _ script: Script, _ leg: inout Leg, _ dossier: inout Dossier, _ turn: inout Turn
    ) -> Want? {
        scriptBegan = turn.now.instant
        scripts = [ScriptRun(script, isAnswered: leg.isAnswered, playsEarly: leg.mayPlayEarly)]
        return advance(&leg, &dossier, &turn) { run, memory, steps in run.start(&memory, into: &steps) }
    }

    /// Nothing keeps a script waiting that has come: not sendDigits, not a beep, and there is media to speak by.
    private func mayRun(_ leg: Leg) -> Bool {
        guard leg.isAnswered else { return true }
        return !isDialling && !awaitsBeep && leg.isAudible
    }

    /// Starts the script that came before it might run, once nothing keeps it waiting any more.
    private mutating func startHeld(_ leg: inout Leg, _ dossier: inout Dossier, _ turn: inout Turn) -> Want? {
        guard leg.isAnswered, mayRun(leg), let script = held else { return nil }
        held = nil
        return start(script, &leg, &dossier, &turn)
    }

    // MARK: Scripts that run

    /// The script that runs.
    var script: ScriptRun? { scripts.last }

    /// None runs any more: it has come to its end.
    mutating func endScript() { scripts = [] }

    mutating func takeUncounted() -> Script? {
        defer { uncounted = nil }
        return uncounted
    }

    mutating func advance(
        _ leg: inout Leg, _ dossier: inout Dossier, _ turn: inout Turn,
        _ event: (inout ScriptRun, inout ScriptMemory, inout [ScriptRun.Directive]) -> Void
    ) -> Want? {
        guard let last = scripts.indices.last else { return nil }
        var steps: [ScriptRun.Directive] = []
        event(&scripts[last], &memory, &steps)
        var want: Want?
        for step in steps { want = carryOut(step, &leg, &dossier, &turn) ?? want }
        return want
    }

    /// Media flows from here on, and what waited for it begins.
    mutating func mediaFlows(_ leg: inout Leg, _ dossier: inout Dossier, _ turn: inout Turn) -> Want? {
        if dossier.terms.ifMachine != nil { turn.perform(.media(media, .observeAnswerer(true))) }
        if let digits = dossier.terms.sendDigits { leg.sendDigits(.sendDigits, digits, &turn) }
        return answered(&leg, &dossier, &turn) ?? startHeld(&leg, &dossier, &turn)
    }

    /// The caller has acknowledged our answer.
    mutating func answered(_ leg: inout Leg, _ dossier: inout Dossier, _ turn: inout Turn) -> Want? {
        advance(&leg, &dossier, &turn) { run, memory, steps in run.answered(&memory, into: &steps) }
    }

    mutating func digitsSent(
        _ dialling: DiallingID, _ leg: inout Leg, _ dossier: inout Dossier, _ turn: inout Turn
    ) -> Want? {
        guard dialling == .sendDigits else {
            return advance(&leg, &dossier, &turn) { run, memory, steps in
                run.digitsSent(dialling, &memory, into: &steps)
            }
        }
        guard isDialling else { return nil }
        isDialling = false
        dossier.note(.info, .media, "Digits sent", ["sendDigits": dossier.shownSendDigits], &turn)
        return startHeld(&leg, &dossier, &turn)
    }

    /// Whatever runs, or has been asked for, is given up (docs/contract/calls.md#a-machine-before-the-script,
    /// docs/contract/calls.md#a-machine-during-getdigits).
    mutating func abort(_ leg: inout Leg, _ dossier: inout Dossier, _ turn: inout Turn) {
        if let waiting {
            noteLeaving(waiting, .systemError, &dossier, &turn)
            let event = EventID(random: &turn.random)
            dossier.tell(waiting.leaving(.systemError, turn.now.instant), at: waiting.actionURL, event, &turn)
            stopWaiting(&turn)
        }
        quitConference(&dossier, &turn)
        dossier.abandonScripts(&turn)
        tellCollectedDigits(&dossier, &turn)
        endScripts(&leg, &dossier, &turn)
    }

    /// As that; nobody is told what a GetDigits has heard so far.
    mutating func abortScripts(_ leg: inout Leg, _ dossier: inout Dossier, _ turn: inout Turn) {
        dossier.abandonScripts(&turn)
        endScripts(&leg, &dossier, &turn)
    }

    private mutating func endScripts(_ leg: inout Leg, _ dossier: inout Dossier, _ turn: inout Turn) {
        _ = advance(&leg, &dossier, &turn) { run, _, steps in run.abort(into: &steps) }
        scripts = []
        held = nil
        uncounted = nil
        pendingDial = nil
        joining = nil
        // It is complete as it is; another RecordUtterance may begin before the engine says so.
        recordings.closeUtterance(&dossier, &turn)
        recordings.utterance = nil
    }

    /// GetDigits ends with reason `tone` (docs/contract/calls.md#a-machine-during-getdigits). Its answer is no script,
    /// so that it goes as a notification.
    func tellCollectedDigits(_ dossier: inout Dossier, _ turn: inout Turn) {
        guard let (command, end) = script?.collectedBeforeMachine else { return }
        let event = EventID(random: &turn.random)
        dossier.tell(CallWebhook.collected(command, end), at: command.actionURL, event, &turn)
    }

    private mutating func follow(
        _ redirect: Redirect, isFirst: Bool, _ dossier: inout Dossier, _ turn: inout Turn
    ) -> Want? {
        // Who waits for long hears many scripts: only redirects that follow upon each other are a loop
        // (docs/contract/percl.md#redirect).
        let isLoop = waiting == nil || scriptBegan.map { turn.now.instant - $0 < .seconds(1) } ?? true
        if isLoop { redirects += 1 }
        guard redirects <= Self.maximumRedirects else {
            dossier.note(
                .error, .percl, "More than \(Self.maximumRedirects) redirects",
                ["url": .string(redirect.actionURL.description), "code": 14], &turn)
            return .end(
                CallOutcome(.completed, .maxRedirectsError, "more than \(Self.maximumRedirects) redirects"))
        }
        // First in its script, a Redirect hands on the request that fetched the script
        // (docs/contract/webhooks.md#redirect).
        var extras: [String: JSONValue] = isFirst ? lastRequest.extras : [:]
        extras["originalRequestType"] = isFirst ? .string(lastRequest.type) : .null
        ask(
            ScriptRequest(
                CallWebhook.redirect, extras, privateFields: isFirst ? lastRequest.privateFields : []),
            at: redirect.actionURL, &dossier, &turn)
        return nil
    }

    // MARK: OutDial

    /// First it must be known whether the account may call from that number.
    private mutating func outDial(_ dial: OutDial, _ dossier: Dossier, _ turn: inout Turn) {
        pendingDial = dial
        turn.perform(.resolveCaller(dossier.call.callID, dossier.call.accountID, dial.callingNumber))
    }

    /// - Parameter number: the owned number that it is; nil where it is none. The two numbers of this call may be
    ///   used all the same (docs/contract/percl.md#outdial).
    mutating func callerResolved(
        _ number: PhoneNumberID?, _ dossier: inout Dossier, _ turn: inout Turn
    ) -> Want? {
        guard let dial = pendingDial else { return nil }
        pendingDial = nil
        guard number != nil || [dossier.call.from, dossier.call.to].contains(dial.callingNumber.text) else {
            let explanation =
                "callingNumber \(dial.callingNumber.text) is neither owned by the account nor part of this call"
            return refuseOutDial(ChildRefusal(explanation: explanation, code: 46), &dossier, &turn)
        }
        turn.want(.makeChild(dial, number))
        return nil
    }

    /// The parent goes on at once, whatever becomes of the child (docs/contract/percl.md#outdial).
    mutating func childMade(_ child: CallID, _ dial: OutDial, _ dossier: inout Dossier, _ turn: inout Turn) {
        ask(
            ScriptRequest(CallWebhook.outDialStart, ["dialCallId": .string(child.text)]), at: dial.actionURL, &dossier,
            &turn)
    }

    func refuseOutDial(_ refusal: ChildRefusal, _ dossier: inout Dossier, _ turn: inout Turn) -> Want {
        let metadata: [String: JSONValue] = [
            "explanation": .string(refusal.explanation), "code": JSONValue(refusal.code),
            "rule": JSONValue(refusal.rule),
        ]
        dossier.note(.error, .percl, "PerCL OutDial failed", metadata.filter { $0.value != .null }, &turn)
        return .end(CallOutcome(.completed, .perclProcessingError, "OutDial: \(refusal.explanation)"))
    }

    // MARK: The beep

    /// ifMachineUrl's script waits so long for the machine's beep.
    mutating func awaitBeep(_ wait: Duration, _ turn: inout Turn) {
        awaitsBeep = true
        turn.want(.arm(.beep, after: wait))
    }

    mutating func stopAwaitingBeep(
        _ explanation: String, _ leg: inout Leg, _ dossier: inout Dossier, _ turn: inout Turn
    ) -> Want? {
        guard awaitsBeep else { return nil }
        awaitsBeep = false
        turn.want(.disarm(.beep))
        dossier.note(.info, .media, "The wait for a beep is over: \(explanation)", [:], &turn)
        return startHeld(&leg, &dossier, &turn)
    }

    // MARK: The record

    var record: TalkRecord {
        TalkRecord(
            request: asked.map { TalkRecord.Request($0.request, at: $0.url) }, commandIndex: script?.commandIndex,
            typedAhead: String(memory.typedAhead), redirects: redirects, isDialling: isDialling,
            stay: stay.map {
                TalkRecord.Stay(conferenceID: $0.conferenceID, leaveConferenceURL: $0.command.leaveConferenceURL)
            },
            wait: waiting.map { TalkRecord.Wait(actionURL: $0.actionURL, queueID: $0.queueID) })
    }

    // MARK: What a script wants

    private mutating func carryOut(
        _ step: ScriptRun.Directive, _ leg: inout Leg, _ dossier: inout Dossier, _ turn: inout Turn
    ) -> Want? {
        switch step {
        case .play(let playback, let prompt, let loop):
            turn.perform(.media(media, .play(playback, dossier.resolved(prompt), loop: loop, dossier.call.accountID)))
        case .stopPlayback(let playback): turn.perform(.media(media, .stopPlayback(playback)))
        case .arm(let timer, let milliseconds): turn.want(.arm(timer, after: .milliseconds(milliseconds)))
        case .disarm(let timer): turn.want(.disarm(timer))
        case .dial(let dialling, let digits): leg.sendDigits(dialling, digits, &turn)
        case .stopDialling(let dialling): leg.stopDigits(dialling, &turn)
        case .recordCall: recordings.recordCall(media, &dossier, &turn)
        case .startUtterance(let command): recordings.startUtterance(command, media, &dossier, &turn)
        case .endUtterance: recordings.endUtterance(media, &turn)
        case .observeSpeech(let isWanted): turn.perform(.media(media, .observeSpeech(isWanted)))
        case .commandStarted(let command, let index):
            if case .recordUtterance = command { recordings.utterance = nil }
            // Before the first, the record of the request says as much.
            if index > 0 { turn.want(.saveRecord) }
            dossier.note(command, index, &turn)
            dossier.noteTarget(of: command, index, in: stay?.conferenceID, &turn)
        case .commandEnded(let command, let index, let result): dossier.noteEnd(command, index, result, &turn)
        case .commandAborted(let command, let index):
            dossier.note(.info, .percl, "PerCL \(command.name) aborted", ["index": JSONValue(index)], &turn)
        case .redirect(let redirect, let isFirst): return follow(redirect, isFirst: isFirst, &dossier, &turn)
        case .collected(let command, let end):
            ask(CallWebhook.collected(command, end), at: command.actionURL, &dossier, &turn)
        case .recorded(let command, let reason):
            let request = recordings.recorded(command, reason, dossier)
            ask(request, at: command.actionURL, &dossier, &turn)
        case .outDial(let dial): outDial(dial, dossier, &turn)
        case .earlyMedia: leg.sendEarlyMedia(&turn)
        case .answer: return .answer
        case .reject(let reason):
            return .end(CallOutcome(.failed, .appReject, reason.map { "Reject: \($0)" } ?? "Reject"))
        case .hangUp(let reason):
            return .end(CallOutcome(.completed, .appHangup, reason.map { "Hangup: \($0)" } ?? "Hangup"))
        case .enqueue(let enqueue): turn.want(.room(.enqueue(enqueue)))
        case .park(let park): self.park(park, &dossier, &turn)
        case .leaveWait(let command): return leaveWait(by: command, &leg, &dossier, &turn)
        case .createConference(let command): turn.want(.room(.createConference(command)))
        case .addToConference(let command):
            joining = command.conferenceID
            turn.want(.room(.join(command, media)))
        case .leaveConference(let command): return leaveConference(by: command, &dossier, &turn)
        case .changeStanding(let command, let change): changeStanding(by: command, change, &dossier, &turn)
        case .ranOut where waiting != nil: waitAgain(&dossier, &turn)
        // Back into the talk.
        case .ranOut where stay != nil: endScript()
        case .ranOut: return .end(CallOutcome(.completed, .appHangup, "the script ran out"))
        case .unsupported(let command, let index):
            let explanation = "PerCL \(command.name) is not in this version"
            dossier.note(
                .error, .percl, explanation, ["index": JSONValue(index), "command": .string(command.name)], &turn)
            return .end(CallOutcome(.completed, .perclProcessingError, explanation))
        }
        return nil
    }
}
