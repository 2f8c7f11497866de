import JSON
import PerCL
import SIP
import Telephony

extension CallMachine {
    mutating func start(
        _ script: Script, _ now: Moment, _ random: inout RandomSource, _ directives: inout [CallDirective]
    ) {
        guard case .connected(var conversation) = phase else { return }
        conversation.run = ScriptRun(script)
        phase = .connected(conversation)
        advanceScript(now, &random, &directives) { run, nextPlayback, steps in
            run.start(nextPlayback: &nextPlayback, into: &steps)
        }
    }

    mutating func advanceScript(
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

    mutating func carryOut(
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

    mutating func follow(
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
}
