import JSON
import PerCL
import SIP
import Telephony

extension CallMachine {
    mutating func start(
        _ script: Script, _ now: Moment, _ random: inout RandomSource, _ directives: inout [CallDirective]
    ) {
        switch phase {
        case .connected: scriptRun = ScriptRun(script, isAnswered: true)
        case .incoming(let incoming):
            scriptRun = ScriptRun(script, isAnswered: false, playsEarly: incoming.agreement != nil)
        case .accepted, .queued, .opening, .ringing, .over: return
        }
        advanceScript(now, &random, &directives) { run, memory, steps in run.start(&memory, into: &steps) }
    }

    /// Nothing keeps a script waiting that has come: not sendDigits, not a beep, and there is media to speak by.
    var mayRunScript: Bool {
        guard case .connected(let conversation) = phase else { return true }
        return conversation.mayRunScript && agreement != nil
    }

    /// Starts the script that came before it might run, once nothing keeps it waiting any more.
    mutating func startHeldScript(
        _ now: Moment, _ random: inout RandomSource, _ directives: inout [CallDirective]
    ) {
        guard case .connected(var conversation) = phase, mayRunScript, let held = conversation.held else { return }
        conversation.held = nil
        phase = .connected(conversation)
        start(held, now, &random, &directives)
    }

    mutating func advanceScript(
        _ now: Moment, _ random: inout RandomSource, _ directives: inout [CallDirective],
        _ event: (inout ScriptRun, inout ScriptMemory, inout [ScriptRun.Directive]) -> Void
    ) {
        guard var run = scriptRun else { return }
        var steps: [ScriptRun.Directive] = []
        event(&run, &memory, &steps)
        scriptRun = run
        for step in steps { carryOut(step, now, &random, &directives) }
    }

    /// The script that runs: nil before there is one, and at the end.
    private var scriptRun: ScriptRun? {
        get {
            switch phase {
            case .incoming(let incoming): incoming.run
            case .connected(let conversation): conversation.run
            case .accepted, .queued, .opening, .ringing, .over: nil
            }
        }
        set {
            switch phase {
            case .incoming(var incoming):
                incoming.run = newValue
                phase = .incoming(incoming)
            case .connected(var conversation):
                conversation.run = newValue
                phase = .connected(conversation)
            case .accepted, .queued, .opening, .ringing, .over: break
            }
        }
    }

    mutating func carryOut(
        _ step: ScriptRun.Directive, _ now: Moment, _ random: inout RandomSource,
        _ directives: inout [CallDirective]
    ) {
        switch step {
        case .play(let playback, let prompt, let loop):
            directives.append(.effect(.play(media, playback, resolved(prompt), loop: loop, call.accountID)))
        case .stopPlayback(let playback):
            directives.append(.effect(.stopPlayback(media, playback)))
        case .arm(let timer, let milliseconds):
            directives.append(.arm(timer, after: .milliseconds(milliseconds)))
        case .disarm(let timer):
            directives.append(.disarm(timer))
        case .dial(let dialling, let digits):
            dial(dialling, digits, now, &random, &directives)
        case .stopDialling(let dialling):
            stopDialling(dialling, &directives)
        case .recordCall:
            recordCall(&random, now, &directives)
        case .startUtterance(let command):
            startUtterance(command, &random, now, &directives)
        case .endUtterance:
            endUtterance(&directives)
        case .observeSpeech(let isWanted):
            directives.append(.effect(.observeSpeech(media, isWanted)))
        case .commandStarted(let command, let index):
            if case .recordUtterance = command { utterance = nil }
            note(
                .info, .percl, "PerCL \(command.name)",
                ["index": JSONValue(index)].merging(command.journalMetadata) { own, _ in own }, now, &directives)
        case .commandEnded(let command, let index, let result):
            noteEnd(command, index, result, now, &directives)
        case .commandAborted(let command, let index):
            note(.info, .percl, "PerCL \(command.name) aborted", ["index": JSONValue(index)], now, &directives)
        case .redirect(let redirect, let isFirst):
            follow(redirect, isFirst: isFirst, now, &random, &directives)
        case .collected(let command, let end):
            fetchScript(
                from: command.actionURL, type: CallWebhook.getDigits, extras: CallWebhook.getDigitsExtras(command, end),
                privateFields: command.privacyMode ? ["digits"] : [], &random, now, &directives)
        case .recorded(let command, let reason):
            fetchScript(
                from: command.actionURL, type: CallWebhook.record, extras: recordExtras(command, reason), &random, now,
                &directives)
        case .outDial(let dial):
            outDial(dial, now, &directives)
        case .earlyMedia:
            sendEarlyMedia(&directives)
        case .answer:
            answer(now, &directives)
        case .reject(let reason):
            finish(
                CallOutcome(.failed, .appReject, reason.map { "Reject: \($0)" } ?? "Reject"), now, &directives)
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

    mutating func follow(
        _ redirect: Redirect, isFirst: Bool, _ now: Moment, _ random: inout RandomSource,
        _ directives: inout [CallDirective]
    ) {
        redirects += 1
        guard redirects <= Self.maximumRedirects else {
            note(
                .error, .percl, "More than \(Self.maximumRedirects) redirects",
                ["url": .string(redirect.actionURL.description), "code": 14], now, &directives)
            finish(
                CallOutcome(.completed, .maxRedirectsError, "more than \(Self.maximumRedirects) redirects"), now,
                &directives)
            return
        }
        // First in its script, a Redirect hands on the request that fetched the script
        // (docs/contract/webhooks.md#redirect).
        var extras: [String: JSONValue] = isFirst ? lastRequest.extras : [:]
        extras["originalRequestType"] = isFirst ? .string(lastRequest.type) : .null
        fetchScript(
            from: redirect.actionURL, type: CallWebhook.redirect, extras: extras,
            privateFields: isFirst ? lastRequest.privateFields : [], &random, now, &directives)
    }

    /// A recording of the account's own is played from its file.
    private func resolved(_ prompt: Prompt) -> Prompt {
        guard case .file(let reference) = prompt, let recording = recording(named: reference) else { return prompt }
        return .recording(recording, call.accountID)
    }
}
