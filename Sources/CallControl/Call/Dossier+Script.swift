import JSON
import PerCL
import SIP
import Telephony

/// What the journal says of a call's scripts, and what they may name of the account's own.
extension Dossier {
    /// A command begins.
    mutating func note(_ command: Command, _ index: Int, _ turn: inout Turn) {
        note(
            .info, .percl, "PerCL \(command.name)",
            ["index": JSONValue(index)].merging(command.journalMetadata) { own, _ in own }, &turn)
    }

    /// A command acts on the call that runs it, and on the conference that this is in, whomever it names
    /// (docs/contract/percl.md#whom-a-command-is-for).
    ///
    /// - Parameter conference: that the call is in.
    mutating func noteTarget(
        of command: Command, _ index: Int, in conference: ConferenceID?, _ turn: inout Turn
    ) {
        guard let target = command.earlierTarget else { return }
        let meant: String
        switch target {
        case .call(let named):
            guard named != call.callID.text else { return }
            meant = "the call that runs it, \(call.callID)"
        case .conference(let named):
            // In none it fails, and says so.
            guard let conference, named != conference.text else { return }
            meant = "the conference that the call is in, \(conference)"
        }
        let hint = ScriptError(
            index: index, command: command.name, field: target.field,
            explanation: "is \(Excerpt.of(Array(target.text.utf8))), which is passed over: it acts on \(meant)")
        note(within: .hints, .warning, .percl, hint.description, hint.journalMetadata, &turn)
    }

    mutating func noteEnd(_ command: Command, _ index: Int, _ result: PlaybackResult, _ turn: inout Turn) {
        var metadata: [String: JSONValue] = ["index": JSONValue(index)]
        switch result {
        case .completed: note(.info, .percl, "PerCL \(command.name) completed", metadata, &turn)
        case .stopped: note(.info, .percl, "PerCL \(command.name) skipped", metadata, &turn)
        case .completedWithWarning(let warning):
            metadata.merge(command.journalMetadata) { own, _ in own }
            metadata["explanation"] = .string(warning)
            note(.warning, .percl, "PerCL \(command.name) completed", metadata, &turn)
        case .failed(let explanation):
            metadata.merge(command.journalMetadata) { own, _ in own }
            metadata["explanation"] = .string(explanation)
            note(.error, .percl, "PerCL \(command.name) failed", metadata, &turn)
        }
    }

    /// What was taken although it is not as it should be. Calls whose scripts repeat the same mistake tell of it for a
    /// while.
    mutating func note(_ hints: ScriptHints, _ turn: inout Turn) {
        for hint in hints.shown {
            note(within: .hints, .warning, .percl, hint.description, hint.journalMetadata, &turn)
        }
        if hints.more > 0 {
            note(
                within: .hints, .warning, .percl,
                "\(hints.more) more of the script's attributes are not as they should be", [:], &turn)
        }
    }

    /// A recording of the account's own is played from its file.
    func resolved(_ prompt: Prompt) -> Prompt {
        let links = RecordingLinks(publicURL: publicURL)
        guard case .file(let reference) = prompt,
            let recording = links.recording(at: reference.text, of: call.accountID)
        else { return prompt }
        return .recording(recording, call.accountID)
    }
}

extension ScriptError {
    fileprivate var journalMetadata: [String: JSONValue] {
        ["index": JSONValue(index), "command": JSONValue(command), "field": JSONValue(field)].filter {
            $0.value != .null
        }
    }
}
