import JSON
import Telephony

/// A PerCL script: checked whole before its first command runs (docs/contract/percl.md#scripts).
package struct Script: Hashable, Sendable {
    /// A script longer than this is a mistake of its writer.
    package static let maximumCommands = 1000

    package var commands: [Command]

    package init(commands: [Command]) { self.commands = commands }
}

/// What the answer to a webhook that fetches a script comes to (docs/contract/webhooks.md#answers-with-a-script).
package enum ScriptAnswer: Hashable, Sendable {
    case script(Script, ScriptHints)
    /// Empty body or `[]`: `appNoPercl`.
    case empty
    /// `webhookInvalidResponse`.
    case notJSON(explanation: String)
    /// `appInvalidPercl`.
    case invalid(ScriptError)

    /// Reads a body. Its Content-Type does not matter: official samples answer `text/html`
    /// (docs/contract/webhooks.md#transport).
    package init(body: [UInt8]) {
        guard body.contains(where: { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }) else {
            self = .empty
            return
        }
        guard JSONDepth.isWithinLimit(body) else {
            self = .invalid(ScriptError(explanation: "is nested deeper than \(JSONDepth.maximum) levels"))
            return
        }
        let value: JSONValue
        do { value = try JSONValue(parsing: body) } catch {
            // What it says stands with the webhook's answer, masked where it may be private.
            self = .notJSON(explanation: "the answer is not JSON: \(error.sentence(about: body))")
            return
        }
        do throws(ScriptError) {
            var hints = ScriptHints()
            let script = try Script(value, hints: &hints)
            self = script.commands.isEmpty ? .empty : .script(script, hints)
        } catch {
            self = .invalid(error)
        }
    }
}

extension Script {
    init(_ value: JSONValue, hints: inout ScriptHints) throws(ScriptError) {
        guard case .array(let elements) = value else {
            throw ScriptError(explanation: "must be an array of commands, not \(value.kind)")
        }
        guard elements.count <= Self.maximumCommands else {
            throw ScriptError(
                explanation: "has \(elements.count) commands; at most \(Self.maximumCommands) are allowed")
        }
        var commands: [Command] = []
        commands.reserveCapacity(elements.count)
        for (index, element) in elements.enumerated() {
            commands.append(try Command(element, index: index, allowed: nil, hints: &hints))
        }
        self.init(commands: commands)
    }
}

/// Why a script is invalid: names the command, its place and the field, says what was given and what is allowed.
package struct ScriptError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Place in the script, from 0; nil where the whole script is wrong.
    package var index: Int?
    package var command: String?
    /// `text`, or `prompts[1].Say.text` for a nested one.
    package var field: String?
    package var explanation: String

    package init(index: Int? = nil, command: String? = nil, field: String? = nil, explanation: String) {
        self.index = index
        self.command = command
        self.field = field
        self.explanation = explanation
    }

    package var description: String {
        var text = "PerCL"
        if let index { text += " command \(index)" }
        if let command { text += " (\(command))" }
        if let field { text += ", \(field)," }
        return text + " " + explanation
    }
}

/// Guards the recursive JSON decoder against a hostile depth before it is called.
package enum JSONDepth {
    /// Real scripts nest six deep (a prompt within GetDigits).
    package static let maximum = 32

    package static func isWithinLimit(_ bytes: [UInt8]) -> Bool {
        var depth = 0
        var isInString = false
        var isEscaped = false
        for byte in bytes {
            if isInString {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isInString = true
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                depth += 1
                if depth > maximum { return false }
            case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
            default: break
            }
        }
        return true
    }
}

/// The beginning of what came, for a log entry; what URLs in it hold of users and passwords is masked.
package enum Excerpt {
    package static let length = 200
    /// An URL that begins within the excerpt must be seen to its end, lest half a password be shown.
    private static let seen = length + WebURL.maximumLength

    package static func of(_ bytes: [UInt8]) -> String {
        let masked = Mask.userInfo(in: Array(bytes.prefix(seen)))
        let head = String(decoding: masked.prefix(length), as: UTF8.self)
        return "\"\(head)\"" + (bytes.count > length ? " … (\(bytes.count) bytes)" : "")
    }
}
